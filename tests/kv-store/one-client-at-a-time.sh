#!/usr/bin/env bash
# The iterative server: the second client is connected and heard, and served when the first one has left.
. "$(dirname "$0")/../lib.sh"
lab_up

start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c2 -n tcp port 8085'
ready   wire    'listening on'
start   server  'sudo ip netns exec ns_server ./kv_store'
ready   server  ' serving on '
capture cable2  ns_server veth_srv_c2
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1'
ready   client1 '^OK$'
start   client2 'sudo ip netns exec ns_client2 ./kv_client 10.0.2.1 8085'
observe 'client 2 is connected'                         sockets ns_client2 -tan '^ESTAB .*10\.0\.2\.1:8085'
type_line client2 'get a'
run     look1 'sudo ip netns exec ns_server ss -tan'
observe 'its request waits in the server, in Recv-Q'    sockets ns_server -tan '^ESTAB +20 +0 +10\.0\.2\.1:8085 '
observe 'and the connection in the accept queue'        sockets ns_server -tan '^LISTEN +1 +4096 +0\.0\.0\.0:8085 '
observe 'it was acknowledged'                           sockets ns_client2 -tan '^ESTAB +0 +0 .*10\.0\.2\.1:8085'
observe 'the server knows nothing of client 2'          stays prints server '10\.0\.2\.2' 0
type_line client1 'get a'
observe 'client 1 is served as ever'                    prints client1 '^"1"$'
observe 'client 2 is not'                               stays prints client2 . 0
type_line client1 'quit'
finish  client1
observe 'now client 2 is, with what client 1 has set'   prints client2 '^"1"$'
type_line client2 'quit'
finish  client2
end_capture cable2
first() { date -d "@$(fields cable2 "$1" frame.time_epoch | head -n 1)" +%T.%6N; }   # when the first such packet passed
gone() { sed -n 's/^\([0-9:.]*\) 10\.0\.1\.2:[0-9]* disconnected$/\1/p' "${log[server]}"; }
observe 'its request was acknowledged while client 1 was served' [ "$(first 'tcp.srcport == 8085 && tcp.ack == 21')" '<' "$(gone)" ]
observe 'and answered after client 1 had left'          [ "$(first 'tcp.srcport == 8085 && tcp.len > 0')" '>' "$(gone)" ]
ladder  tcp cable2
