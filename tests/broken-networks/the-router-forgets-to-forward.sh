#!/usr/bin/env bash
# A router that drops in silence: retransmissions, further and further apart, until it forwards again. Nothing is lost.
. "$(dirname "$0")/../lib.sh"
lab_up

start   client2 'sudo ip netns exec ns_client2 ./kv_store' ' serving on '
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8085' 'listening on'
start   server  'sudo ip netns exec ns_server tcpdump -i veth_srv_c2 -n tcp port 8085' 'listening on'
capture near    ns_server veth_srv_c1
capture far     ns_server veth_srv_c2
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.2.2 8085'
type_line client1 'set a 1'
observe 'the network works'                             prints client1 '^OK$'
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=0'
type_line client1 'get a'
observe 'the client waits: send() took the request'     sockets ns_client1 -tan '^ESTAB +0 +20 '
run     look2 'sudo ip netns exec ns_client1 ss -tino'
run     look2   'sudo ip netns exec ns_client1 ss -tan'
observe 'which ss shows'                                prints look2 '^ESTAB +0 +20 '
observe 'the timer runs, and was doubled each time'     sockets ns_client1 -tinoO 'timer:\(on,.* backoff:[4-9]'
observe 'none of it has passed the router'              prints server ' length 20$' 0
observe 'the server knows of nothing'                   prints client2 ' get ' 0
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=1'
observe 'forwarding again, the reply comes'             at_last prints client1 '^"1"$'
observe 'to one request'                                prints client2 ' get ' 1
type_line client1 'quit'
observe 'the client never knew'                         exits client1 0
observe 'and nothing is left of it'                     lab_is_whole
end_capture near far
get='tcp.dstport == 8085 && tcp.len == 20'
observe 'the segment came to the router again and again' packets near "$get" -ge 6
observe 'and left it once'                              packets far "$get" -eq 1
observe 'at intervals that double'                      doubling near "$get" 5
first() { seen=$(gaps near "$get"); awk '{ exit !($1 > 0.15 && $1 < 0.5) }' <<< "$seen" || return 3; }
observe 'the first after 0.2 seconds'                   first
ladder  tcp near far
observe 'all of it, in one picture'                     pictured tcp near far << 'LADDER'
          client 1                 router                   client 2
          10.0.1.2:PORT                                     10.0.2.2:8085
SS.UUUUUU |-- SYN ---------------->|                        |
SS.UUUUUU |                        |-- SYN ---------------->|
SS.UUUUUU |                        |<------------ SYN ACK --|
SS.UUUUUU |<------------ SYN ACK --|                        |
SS.UUUUUU |-- set a 1 ------------>|                        |
SS.UUUUUU |                        |-- set a 1 ------------>|
SS.UUUUUU |                        |<---------------- +OK --|
SS.UUUUUU |<---------------- +OK --|                        |
SS.UUUUUU |-- get a -------------->|                        |
SS.UUUUUU |-- again: get a ------->|                        |
SS.UUUUUU |                        |-- get a -------------->|
SS.UUUUUU |                        |<------------------ 1 --|
SS.UUUUUU |<------------------ 1 --|                        |
SS.UUUUUU |-- FIN ---------------->|                        |
SS.UUUUUU |                        |-- FIN ---------------->|
SS.UUUUUU |                        |<---------------- FIN --|
SS.UUUUUU |<---------------- FIN --|                        |
LADDER
