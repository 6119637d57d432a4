#!/usr/bin/env bash
# One socket, bound to INADDR_ANY, serves clients on two networks.
. "$(dirname "$0")/../lib.sh"
lab_up

run     host    'make time_server time_client'
observe 'server and client are built'              exits host 0
start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'
observe 'the server says where it listens'         prints server ' serving on 0\.0\.0\.0:8080$'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n udp' 'listening on'
capture cable1  ns_server veth_srv_c1
capture cable2  ns_server veth_srv_c2
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080'
start   client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080'
finish  client1 client2
observe 'client 1 gets all its replies'            last_line client1 '^10 sent, 10 received, 0% lost$'
observe 'client 2 gets all its replies'            last_line client2 '^10 sent, 10 received, 0% lost$'
observe 'client 1 ends well'                       exits client1 0
observe 'and client 2'                             exits client2 0
observe "the log has client 1's requests"          prints server ' 10\.0\.1\.2:[0-9]+ request 10$'
observe "and client 2's"                           prints server ' 10\.0\.2\.2:[0-9]+ request 10$'
run     look1   'sudo ip netns exec ns_server ss -aun'
observe 'all through one socket'                   prints look1 ':8080 ' 1
observe 'twenty datagrams on cable 1'              prints wire 'UDP, length 24$' 20
interrupt wire
end_capture cable1 cable2
observe 'cable 1: ten requests of 24 bytes'        packets cable1 'ip.src == 10.0.1.2 && ip.dst == 10.0.1.1 && udp.dstport == 8080 && udp.length == 32' -eq 10
observe 'and ten replies of the same size'         packets cable1 'ip.src == 10.0.1.1 && ip.dst == 10.0.1.2 && udp.srcport == 8080 && udp.length == 32' -eq 10
observe 'cable 2: the same'                        packets cable2 'ip.addr == 10.0.2.2 && udp.port == 8080 && udp.length == 32' -eq 20
observe "no connection was made: nothing else"     packets cable1 '!udp && !arp' -eq 0
observe 'nor on cable 2'                           packets cable2 '!udp && !arp' -eq 0
ladder  udp cable1 cable2
interrupt server
observe 'C-c ends the server'                      exits server 130
observe 'each line of its log begins with the time' stamped server

start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 1000' '^reply 2:'
interrupt server
observe 'without a server: refused'                prints client1 'Connection refused'
start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'
observe 'another process serves the same client'   prints server ' 10\.0\.1\.2:[0-9]+ request [0-9]+$'
interrupt client1
refused=$(grep -c 'Connection refused' "${log[client1]}")
counted() { last_line client1 '^([0-9]+) sent, ([0-9]+) received, ' && [ $((BASH_REMATCH[1] - BASH_REMATCH[2])) -ge "$refused" ]; }
observe 'what was refused counts as lost'          counted
