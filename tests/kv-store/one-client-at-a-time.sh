#!/usr/bin/env bash
# The iterative server: the second client is connected and heard, and served when the first one has left.
. "$(dirname "$0")/../lib.sh"
lab_up

start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c2 -n tcp port 8085' 'listening on'
start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on '
capture cable2  ns_server veth_srv_c2
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1' '^OK$'
start   client2 'sudo ip netns exec ns_client2 ./kv_client 10.0.2.1 8085'
observe 'client 2 is connected'                         sockets ns_client2 -tan '^ESTAB .*10\.0\.2\.1:8085'
type_line client2 'get a'
observe 'its request arrives'                           sockets ns_server -tan '^ESTAB +20 +0 +10\.0\.2\.1:8085 '
observe 'and was acknowledged'                          sockets ns_client2 -tan '^ESTAB +0 +0 .*10\.0\.2\.1:8085'
run     look1 'sudo ip netns exec ns_server ss -tan'
observe 'it waits in the server, in Recv-Q'             prints look1 '^ESTAB +20 +0 +10\.0\.2\.1:8085 '
observe 'and the connection in the accept queue'        prints look1 '^LISTEN +1 +4096 +0\.0\.0\.0:8085 '
type_line client1 'get a'
observe 'client 1 is served as ever'                    prints client1 '^"1"$'
type_line client1 'quit'
finish  client1
observe 'now client 2 is, with what client 1 has set'   prints client2 '^"1"$'
type_line client2 'quit'
finish  client2
end_capture cable2
only_then() { seen=$(sed '/ 10\.0\.1\.2:[0-9]* disconnected$/q' "${log[server]}"); lines '10\.0\.2\.2' 0 || return 3; }
observe 'until then, the server knew nothing of client 2' only_then
observe 'its kernel alone had acknowledged the request'  packets cable2 'tcp.srcport == 8085 && tcp.ack == 21 && tcp.len == 0' -eq 1
ladder  tcp cable2
