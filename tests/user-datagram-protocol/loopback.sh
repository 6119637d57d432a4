#!/usr/bin/env bash
# Bound to 127.0.0.1, a server is reached from its own host alone; each host has a loopback of its own.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 127.0.0.1 8080' 'serving on 127.0.0.1:8080'
capture lo      ns_server lo
capture cable1  ns_server veth_srv_c1
start   look1   'sudo ip netns exec ns_server ./time_client 127.0.0.1 8080'
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 3'
start   client2 'sudo ip netns exec ns_client2 ./time_client 127.0.0.1 8080 -c 3'
finish  client1 client2 look1
observe 'served on the same host'                  last_line look1 '^10 sent, 10 received, 0% lost$'
observe 'not from another, at 10.0.1.1'            prints client1 '^request 1: Connection refused \(ICMP from 10\.0\.1\.1\)$'
observe 'no reply at all'                          last_line client1 '^3 sent, 0 received, 100% lost$'
observe "client 2's 127.0.0.1 is client 2 itself"  prints client2 '^request 1: Connection refused \(ICMP from 127\.0\.0\.1\)$'
observe 'no reply either'                          last_line client2 '^3 sent, 0 received, 100% lost$'
end_capture lo cable1
observe 'requests and replies on the loopback'     packets lo 'ip.src == 127.0.0.1 && ip.dst == 127.0.0.1 && udp.port == 8080' -eq 20
observe 'no 127.0.0.1 on the cable'                packets cable1 'ip.addr == 127.0.0.0/8' -eq 0
