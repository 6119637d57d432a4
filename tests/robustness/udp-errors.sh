#!/usr/bin/env bash
# What a network answers instead of a reply: clients name it and go on. What a server must not answer.
. "$(dirname "$0")/../lib.sh"
lab_up

say 'A router that prohibits'
quietly ip -n ns_server route add prohibit 10.9.9.9
run     client1 'sudo ip netns exec ns_client1 ./time_burst_client 10.9.9.9 8080 -c 1 -W 0.5'
observe 'a burst is told as it waits' \
  prints client1 '^time_burst_client: recv 10\.9\.9\.9:8080: an earlier request: No route to host$'
observe 'and counts to the end' \
  exits client1 1 '^1 sent, 0 received, 100% lost, 0 reordered, 0 duplicated$'

say 'A kernel that refuses to send'
quietly ip -n ns_server route replace blackhole 10.9.9.9
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.9.9.9 8080 -c 4 -i 1 -W 0.1'
ready   client1 '^request 1: no reply within 0\.1 s$'
quietly ip -n ns_client1 route add prohibit 10.9.9.9
finish  client1
observe 'the client says so, once for each' \
  prints client1 '^time_client: send 10\.9\.9\.9:8080: request 4: Permission denied$' 1
observe 'waits for no reply to those'              prints client1 '^request 4: ' 0
observe 'and counts them as lost'                  exits client1 1 '^4 sent, 0 received, 100% lost$'
quietly ip -n ns_client1 route del prohibit 10.9.9.9
start   client1 'sudo ip netns exec ns_client1 ./time_burst_client 10.9.9.9 8080 -c 200000 -W 0.1 2> refused.log'
within "$patience" sockets ns_client1 -un '10\.9\.9\.9:8080' || fault 'no socket'
quietly kill -STOP "${pid[client1]}"
quietly ip -n ns_client1 route add prohibit 10.9.9.9
quietly kill -CONT "${pid[client1]}"
finish  client1
observe 'a burst counts to the end' \
  exits client1 1 '^200000 sent, 0 received, 100% lost, 0 reordered, 0 duplicated$'
observe 'says so' \
  grep -q '^time_burst_client: send 10\.9\.9\.9:8080: request 200000 .*: Permission denied$' refused.log
observe 'once for each'                            [ -z "$(sort refused.log | uniq -d)" ]
quietly ip -n ns_client1 route del prohibit 10.9.9.9

say 'Ctrl-C'   # of a client that waits: signals.sh
start   server  'sudo ip netns exec ns_server ./time_server 10.0.1.1 8080 > server.log'
within "$patience" sockets ns_server -aun ':8080 ' || fault 'no server'
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -i 0.3' '^reply 3: '
interrupt client1
replies=$(grep -c '^reply ' "${log[client1]}")
observe 'the last line comes, and counts them'     exits client1 0 "^[3-9] sent, $replies received, [0-9.]+% lost\$"
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 1000000 -i 0.000001 > client.log'
within "$patience" grep -s -qE '^reply [0-9]{4,}: ' client.log || fault 'no replies'
interrupt client1
observe 'one that makes no pause ends as well'     grep -qE '^[0-9]{4,6} sent, [0-9]+ received, ' client.log

say 'More requests than a receive buffer holds, sent without a pause'
overflows() { at ns_client1 awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp; }   # RcvbufErrors
before=$(overflows)   # one that makes no pause may have had some
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 5000 -i 0.00001 > client.log'
observe 'the client reads as it sends'             [ "$(overflows)" = "$before" ]

say 'A server that sleeps'
quietly kill -STOP "${pid[server]}"
stopwatch
run     client1 'sudo ip netns exec ns_client1 ./time_burst_client 10.0.1.1 8080 -c 2'
elapsed
observe "a burst ends when there was none for 3 s ($took ms)" [ "$took" -ge 3000 -a "$took" -le $((3000 + slack)) ]
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 2 -i 3 -W 0.3'
observe 'the client does not wait for ever'        prints client1 '^request 1: no reply within 0\.3 s$'
quietly kill -CONT "${pid[server]}"
observe 'but takes a late reply under its number'  prints client1 '^reply 1: .*, round trip [0-9]{3,}\.[0-9]+ ms, late$'
observe 'it was not lost, then'                    last_line client1 '^2 sent, 2 received, 0% lost$'
interrupt server

say 'An echo server, and a datagram from an echo port'
start   server  'sudo ip netns exec ns_server ./echo_server' 'serving on'
capture cable1  ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 nc -u -p 5678 10.0.1.1 5678'
type_line client1 'echo?'
observe 'it is logged' \
  prints server 'received 6 of 6 bytes from 10\.0\.1\.2:5678, no reply to another echo server$'
type_line client1 'another'
ready   server  'received 8 of 8 bytes'   # the first would have been answered before
end_capture cable1
observe 'and not answered'                         packets cable1 'ip.src == 10.0.1.1 && udp' -eq 0
