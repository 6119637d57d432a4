#!/usr/bin/env bash
# How long a sender tries: the kernel's patience and the application's, and what the other end knows of it.
. "$(dirname "$0")/../lib.sh"
lab_up

say 'The kernel gives up'
run     look1   'sudo ip netns exec ns_client1 sysctl -w net.ipv4.tcp_retries2=3'
start   client2 'sudo ip netns exec ns_client2 ./kv_store' ' serving on '
capture near    ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.2.2 8085'
type_line client1 'set a 1' '^OK$'
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=0'
stopwatch
type_line client1 'get a'
observe 'recv() fails: ETIMEDOUT'                       at_last prints client1 '^kv_client: recv 10\.0\.2\.2:8085: Connection timed out$'
elapsed
observe "after some seconds ($took ms)"                 [ "$took" -ge 2500 ]
observe 'exit status 1'                                 exits client1 1
observe 'the connection is gone from client 1'          sockets ns_client1 -tan . 0
run     look2   'sudo ip netns exec ns_client2 ss -tan'
observe 'client 2 still has it'                         prints look2 '^ESTAB +0 +0 +10\.0\.2\.2:8085 '
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=1'
run     look1   'sudo ip netns exec ns_client1 sysctl -w net.ipv4.tcp_retries2=15'
quietly at ns_client1 ping -q -c 1 10.0.2.2   # the network is whole
observe 'in vain: client 2 has it all the same'                  sockets ns_client2 -tan '^ESTAB +0 +0 +10\.0\.2\.2:8085 '
end_capture near
observe 'it was sent again four times or more, at intervals that double' doubling near 'tcp.dstport == 8085 && tcp.len == 20' 4
observe 'for seven seconds at most'                     span near 'tcp.dstport == 8085 && tcp.len == 20' 2.5 7
observe 'no FIN and no RST was ever sent'               packets near 'tcp.flags.fin == 1 || tcp.flags.reset == 1' -eq 0
ladder  tcp near
observe 'nobody else is served'                         [ "$(timeout "$patience" ip netns exec ns_server ./kv_client 10.0.2.2 8085 -t 0.5 <<< ping 2>&1)" = 'kv_client: no reply from 10.0.2.2:8085 within 0.5 s' ]
interrupt client2

say 'The application gives up'
start   client2 'sudo ip netns exec ns_client2 ./kv_store' ' serving on '
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.2.2 8085 -t 1'
type_line client1 'set a 1' '^OK$'
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=0'
stopwatch
type_line client1 'set a 2'
observe 'the client ends by itself'                     prints client1 '^kv_client: no reply from 10\.0\.2\.2:8085 within 1 s$'
elapsed
observe "after one second ($took ms)"                   [ "$took" -ge 1000 -a "$took" -le $((1000 + slack)) ]
observe 'exit status 1'                                 exits client1 1
observe 'in all that time the request has not arrived'  prints client2 ' set "a" "2"' 0
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=1'
observe 'but is, though nobody waits for it'            at_last prints client2 ' 10\.0\.1\.2:[0-9]+ request set "a" "2"$'
observe 'and the server learns that the client is gone' prints client2 ' 10\.0\.1\.2:[0-9]+ (disconnected|lost: .*)$'
observe 'and nothing is left of it'                     lab_is_whole
