#!/usr/bin/env bash
# Refused, timed out, no route to host, network unreachable: what TCP and UDP see in the same four cases.
. "$(dirname "$0")/../lib.sh"
lab_up

start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n' 'listening on'
capture near    ns_server veth_srv_c1
capture far     ns_server veth_srv_c2

say 'Nobody listens'
run     client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.2.2 8085'
observe 'refused'                                       prints client1 '^kv_client: connect 10\.0\.2\.2:8085: Connection refused$'

say 'A black hole'
run     look1   'sudo ip netns exec ns_server ip route add blackhole 10.0.4.0/24'
# 6 retries and none of them linear would be 127 seconds; with Linux 6.5's 4 linear ones, 131.
observe 'by default it would give up after two minutes' [ "$(at ns_client1 sysctl -n net.ipv4.tcp_syn_retries)" = 6 ]
run     look1 'sudo ip netns exec ns_client1 sysctl -e -w net.ipv4.tcp_syn_linear_timeouts=0 net.ipv4.tcp_syn_retries=3'
stopwatch
run     client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.4.1 8085'
elapsed
observe 'timed out'                                     prints client1 '^kv_client: connect 10\.0\.4\.1:8085: Connection timed out$'
observe "after 15 seconds ($took ms)"                   [ "$took" -ge 14500 -a "$took" -lt $((15000 + slack)) ]

say 'A router that knows no way'
run     look1   'sudo ip netns exec ns_server ip route add unreachable 10.0.5.0/24'
run     client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.5.1 8085'
observe 'no route to host'                              prints client1 '^kv_client: connect 10\.0\.5\.1:8085: No route to host$'

say 'A host that is switched off'
run     client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.2.99 8085'
observe 'no route to host'                              prints client1 '^kv_client: connect 10\.0\.2\.99:8085: No route to host$'

say 'No route'
run     server  'sudo ip netns exec ns_server ./kv_client 10.0.6.1 8085'
observe 'network is unreachable'                        prints server '^kv_client: connect 10\.0\.6\.1:8085: Network is unreachable$'

say 'UDP'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.2.2 8080 -c 1'
observe 'nobody listens'                                prints client1 '^request 1: Connection refused \(ICMP from 10\.0\.2\.2\)$'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.4.1 8080 -c 1'
observe 'a black hole'                                  prints client1 '^request 1: no reply within 1 s$'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.5.1 8080 -c 3'
observe 'a router that knows no way'                    prints client1 '^request [123]: No route to host \(ICMP from 10\.0\.1\.1\)$'
observe 'no reason to give up the other requests'       exits client1 1 '^3 sent, 0 received, 100% lost$'
run     server  'sudo ip netns exec ns_server ./time_client 10.0.6.1 8080 -c 1'
observe 'no route'                                      prints server '^time_client: connect 10\.0\.6\.1:8080: Network is unreachable$'
end_capture near far
observe 'the first SYN was refused'                     packets near 'ip.dst == 10.0.2.2 && tcp.flags == 0x002' -eq 1
observe 'the refusal was an RST'                        packets near 'ip.src == 10.0.2.2 && tcp.flags.reset == 1' -eq 1
observe 'at once'                                       span near 'ip.addr == 10.0.2.2 && tcp && !icmp' 0 0.5
one_two_four() {
  seen=$(gaps near 'ip.dst == 10.0.4.1 && tcp') proof="gaps: $seen s"
  awk '{ exit !(NF == 3 && $1 > 0.9 && $1 < 1.3 && $2 > 1.8 && $2 < 2.5 && $3 > 3.6 && $3 < 4.8) }' <<< "$seen" || return 3
}
observe 'SYN came again after 1, 2 and 4 seconds'       one_two_four
observe 'nothing came back from there'                  packets near 'ip.src == 10.0.4.1' -eq 0
observe 'the polite router sent ICMP'                   packets near 'ip.src == 10.0.1.1 && icmp.type == 3 && icmp.code == 1 && tcp' -ge 1
observe 'after a second or two, as often as not'        span near 'ip.dst == 10.0.5.1 && tcp || icmp && ip.dst == 10.0.5.1 && tcp' 0 3.5
observe 'for UDP, too'                                  packets near 'ip.src == 10.0.1.1 && icmp.type == 3 && icmp.code == 1 && udp' -ge 1
observe 'the router asked for the absent host by ARP'   packets far 'arp.opcode == 1 && arp.dst.proto_ipv4 == 10.0.2.99' -ge 3
observe 'and told of it by ICMP'                        packets near 'ip.src == 10.0.1.1 && icmp.code == 1 && ip.dst == 10.0.2.99' -ge 1
observe 'after about three seconds'                     span near 'ip.dst == 10.0.2.99 && tcp' 2 4.5
observe 'what had no route was on no wire'              packets near 'ip.dst == 10.0.6.1' -eq 0
observe 'not on the other, either'                      packets far 'ip.dst == 10.0.6.1' -eq 0

run     look1   'sudo ip netns exec ns_server ip route del blackhole 10.0.4.0/24'
run     look1   'sudo ip netns exec ns_server ip route del unreachable 10.0.5.0/24'
run     look1 'sudo ip netns exec ns_client1 sysctl -e -w net.ipv4.tcp_syn_linear_timeouts=4 net.ipv4.tcp_syn_retries=6'
observe 'all is as before'                              lab_is_whole
