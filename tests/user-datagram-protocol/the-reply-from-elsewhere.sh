#!/usr/bin/env bash
# A server on INADDR_ANY, asked at its far address, answers from the near one: the client waits in vain.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
start   wire    'sudo ip netns exec ns_client1 tcpdump -i veth_c1 -n' 'listening on'
capture cable1  ns_client1 veth_c1
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.2.1 8080 -c 3'
observe 'client 1 waits in vain'                   last_line client1 '^3 sent, 0 received, 100% lost$'
observe 'until its patience ends'                  prints client1 '^request 1: no reply within 1 s$'
observe 'although the server has had them all'     prints server ' 10\.0\.1\.2:[0-9]+ request [123]$' 3
observe 'the wire shows it: sent to 10.0.2.1'      prints wire '10\.0\.1\.2\.[0-9]+ > 10\.0\.2\.1\.8080: UDP, length 24'
observe 'answered from 10.0.1.1'                   prints wire '10\.0\.1\.1\.8080 > 10\.0\.1\.2\.[0-9]+: UDP, length 24'
observe 'to which client 1 says: nobody here'      prints wire '10\.0\.1\.2 > 10\.0\.1\.1: ICMP 10\.0\.1\.2 udp port [0-9]+ unreachable'
interrupt wire
end_capture cable1
observe 'three requests to the far address'        packets cable1 'ip.src == 10.0.1.2 && ip.dst == 10.0.2.1 && udp.dstport == 8080 && !icmp' -eq 3
observe 'three replies from the near one'          packets cable1 'ip.src == 10.0.1.1 && ip.dst == 10.0.1.2 && udp.srcport == 8080 && !icmp' -eq 3
observe 'none from the address that was asked'     packets cable1 'ip.src == 10.0.2.1' -eq 0
observe "each refused by the client's own kernel"  packets cable1 'ip.src == 10.0.1.2 && icmp.type == 3 && icmp.code == 3' -eq 3
ladder  'udp || icmp' cable1
interrupt server

start   server  'sudo ip netns exec ns_server ./time_server 10.0.2.1 8080' 'serving on'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.2.1 8080 -c 3'
observe 'bound to that address, it answers from it' last_line client1 '^3 sent, 3 received, 0% lost$'
