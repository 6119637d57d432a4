#!/usr/bin/env bash
# A server on 10.0.1.1 serves client 1; what client 2 sends to 10.0.2.1 arrives, and is answered by ICMP.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 10.0.1.1 8080' 'serving on 10.0.1.1:8080'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c2 -n' 'listening on'
capture cable2  ns_server veth_srv_c2
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080'
start   client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080'
finish  client1 client2
observe 'client 1 is served'                       last_line client1 '^10 sent, 10 received, 0% lost$'
observe 'client 2 is not'                          exits client2 1 '^10 sent, 0 received, 100% lost$'
observe "it is told at once: Connection refused"   prints client2 '^request 1: Connection refused \(ICMP from 10\.0\.2\.1\)$'
observe 'tcpdump saw the requests arrive'          prints wire '10\.0\.2\.2\.[0-9]+ > 10\.0\.2\.1\.8080: UDP, length 24'
observe 'and the ICMP answers go back'             prints wire '10\.0\.2\.1 > 10\.0\.2\.2: ICMP 10\.0\.2\.1 udp port 8080 unreachable'
interrupt wire
end_capture cable2
observe 'ten requests reached the server'          packets cable2 'ip.dst == 10.0.2.1 && udp.dstport == 8080 && !icmp' -eq 10
refused=$(grep -c 'Connection refused' "${log[client2]}")
observe 'one refusal for each port unreachable'    packets cable2 'ip.src == 10.0.2.1 && icmp.type == 3 && icmp.code == 3' -eq "$refused"
observe 'no reply among them'                      packets cable2 'udp.srcport == 8080 && !icmp' -eq 0
ladder  'udp || icmp' cable2
run     client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080 -c 20 -i 0.02 -W 0.2'
observe 'but refusals are rationed'                prints client2 'no reply within 0\.2 s$'
interrupt server
observe 'the server never knew'                    never_prints server '10\.0\.2\.2'

run     server  'sudo ip netns exec ns_server ./time_server 10.0.3.1 8080'
observe "an address that no interface has" \
  exits server 1 '^time_server: bind 10\.0\.3\.1:8080: Cannot assign requested address$'
