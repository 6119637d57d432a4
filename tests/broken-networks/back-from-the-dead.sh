#!/usr/bin/env bash
# The link breaks, the server dies, the link is mended: a connection with one end, until the next segment.
. "$(dirname "$0")/../lib.sh"
lab_up

run     look1   'sudo ip netns exec ns_client2 sysctl -w net.ipv4.tcp_orphan_retries=2'
start   client2 'sudo ip netns exec ns_client2 ./kv_store' ' serving on '
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8085' 'listening on'
capture near    ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.2.2 8085'
type_line client1 'set a 1' '^OK$'
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=0'
interrupt client2
observe 'a FIN that nobody acknowledges'                sockets ns_client2 -tan '^FIN-WAIT-1 '
run     look2   'sudo ip netns exec ns_client2 ss -tan'
observe 'soon client 2 has forgotten the connection'    at_last sockets ns_client2 -tan . 0
run     look1   'sudo ip netns exec ns_client1 ss -tan'
observe 'client 1 has not'                              prints look1 '^ESTAB .*10\.0\.2\.2:8085'
run     look1   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=1'
run     look1   'sudo ip netns exec ns_client2 sysctl -w net.ipv4.tcp_orphan_retries=0'
type_line client1 'get a'
observe 'ECONNRESET' \
  exits client1 1 '^kv_client: recv 10\.0\.2\.2:8085: Connection reset by peer$'
end_capture near
observe 'no FIN has reached client 1'                   packets near 'tcp.flags.fin == 1' -eq 0
observe 'its segment'                                   packets near 'ip.src == 10.0.1.2 && tcp.len == 20' -eq 1
observe 'met RST'                                       packets near 'ip.src == 10.0.2.2 && tcp.flags.reset == 1' -eq 1
ladder  tcp near
observe 'and nothing is left of it'                     lab_is_whole
