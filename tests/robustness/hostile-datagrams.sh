#!/usr/bin/env bash
# Whatever comes in a datagram: the time programs say so, go on, and do not grow.
. "$(dirname "$0")/../lib.sh"

compile udp_peer tests/exercises/udp_peer.cpp
grown() { awk '/^VmRSS/ { print $2 }' "/proc/${pid[$1]}/status"; }

say 'A server, one of each kind of bad datagram'
start server './time_server 127.0.0.1 8080' 'serving on'
run peer 'sudo ./udp_peer table 127.0.0.1 8080'
observe 'the good request alone is answered'       exits peer 0
for size in 0 23 25 24 65507; do
  observe "ignored, with its size: $size bytes"    prints server "^[0-9:.]{15} 127\.0\.0\.1:[0-9]+ ignored, $size bytes\$"
done
observe 'ten were ignored'                         prints server ' ignored, ' 10
observe 'the one from port 0 cannot be answered' \
  prints server '^time_server: send(to|msg) 127\.0\.0\.1:0: Invalid argument$'
observe 'the log is clean text'                    clean server
interrupt server

say 'A server, 300,000 random datagrams'
start server './time_server 127.0.0.1 8080 > flood.log'
observe 'it serves'                                sockets host -aun ':8080 '
run peer './udp_peer flood 127.0.0.1 8080 1000'
before=$(grown server)
run peer './udp_peer flood 127.0.0.1 8080 300000'
observe 'every hundredth was good, and answered'   exits peer 0
observe "it has not grown: $before KiB"            [ "$(grown server)" -le $((before + 64)) ]
observe 'it has read them all'                     [ "$(grep -c ' ignored, ' flood.log)" = 301000 ]
interrupt server

say 'Clients, and a server that answers with everything'
start server './udp_peer hostile 8080' '^serving$'
run client1 './time_client 127.0.0.1 8080 -c 2 -i 0.2'
observe 'both true replies are found'              last_line client1 '^2 sent, 2 received, 0% lost$'
observe 'the first is repeated: a duplicate'       prints client1 '^reply 1: .*, duplicate$'
observe 'ten bad ones and three unknown numbers' \
  [ "$(grep -n '^reply 1:' "${log[client1]}" | head -n 1 | cut -d: -f1)" = 14 ]
observe 'are ignored, with their size'             prints client1 '^ignored 65507 bytes that answer no request$'
observe 'nothing but clean text'                   clean client1
run client1 './time_burst_client 127.0.0.1 8080 -c 5 -W 1'
observe 'a burst finds its five, each twice' \
  last_line client1 '^5 sent, 5 received, 0% lost, 0 reordered, 5 duplicated$'
observe 'and ignores the rest'                     prints client1 '^ignored' 61
observe 'nothing but clean text'                   clean client1
interrupt server

say 'A burst client, and replies that come slowly'
start server './udp_peer serve 8080' '^serving$'
start client1 './time_burst_client 127.0.0.1 8080 -c 4 -W 5'
ready server ' request 4$'
for number in 1 2 3; do nap 2; type_line server $number; done
observe 'each reply prolongs the wait; and some are enough' exits client1 0 '^4 sent, 3 received, 25% lost, '

say 'Replies in the order 3 1 2 1, 6 4 5 4 ...'
start client1 './time_burst_client 127.0.0.1 8080 -c 30 -W 86400'   # for which it need not wait, as all come
ready server ' request 30$'
type_line server "$(for n in {3..30..3}; do echo "$n $((n - 2)) $((n - 1)) $((n - 2))"; done | xargs)"
observe 'two of three came late, and one of them twice' \
  exits client1 0 '^30 sent, 30 received, 0% lost, 20 reordered, 10 duplicated$'
interrupt server

say 'Replies to requests that could not be sent'
lab_up
start server 'sudo ip netns exec ns_server ./udp_peer serve 8080' '^serving$'
start client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 3 -i 2 -W 20'
ready server ' request 1$'
quietly ip -n ns_client1 route add prohibit 10.0.1.1
ready client1 'request 3: Permission denied$'
type_line server '3 2 1'
observe 'answer nothing'                           prints client1 '^ignored 24 bytes that answer no request$' 2
observe 'and are not counted'                      exits client1 0 '^3 sent, 1 received, 66\.6667% lost$'
interrupt server

say 'An echo server'
start server 'sudo ip netns exec ns_server ./echo_server' 'serving on'
capture lo ns_server lo
run peer 'sudo ip netns exec ns_server ./udp_peer table 127.0.0.1 5678'
end_capture lo
observe 'the largest datagram: 16 bytes of it' \
  prints server ' received 16 of 65507 bytes from 127\.0\.0\.1:[0-9]+, 65491 truncated$'
observe 'an empty one is one, too'                 prints server ' received 0 of 0 bytes from '
observe 'and is returned'                          packets lo 'udp.srcport == 5678 && udp.length == 8' -ge 1
observe 'the log is clean text'                    clean server
