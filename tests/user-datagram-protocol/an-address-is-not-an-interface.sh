#!/usr/bin/env bash
# Bound to 10.0.1.1, asked from the other side: the host owns the address, whichever cable a packet comes by.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 10.0.1.1 8080' 'serving on'
capture cable1  ns_server veth_srv_c1
capture cable2  ns_server veth_srv_c2
run     client2 'sudo ip netns exec ns_client2 ./time_client 10.0.1.1 8080 -c 3'
observe 'client 2 is served'                       last_line client2 '^3 sent, 3 received, 0% lost$'
end_capture cable1 cable2
observe 'its requests come in by cable 2'          packets cable2 'ip.src == 10.0.2.2 && ip.dst == 10.0.1.1 && udp.dstport == 8080' -eq 3
observe 'the replies leave by cable 2'             packets cable2 'ip.src == 10.0.1.1 && ip.dst == 10.0.2.2 && udp.srcport == 8080' -eq 3
observe 'cable 1 sees none of it'                  packets cable1 udp -eq 0
ladder  udp cable2
