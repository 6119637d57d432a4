#!/usr/bin/env bash
# Path MTU discovery: ICMP makes the segments smaller. Without ICMP they vanish, until the sender guesses why.
. "$(dirname "$0")/../lib.sh"
lab_up

begin() {
  start   client2 'sudo ip netns exec ns_client2 ./byte_sink -r' '^next: listen'
  type_line client2 '' '^next: accept'
  start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.2.2 8080 < lines'
  type_line client2 '' '^next: recv'
}

run     look1   'sudo ip netns exec ns_server ip link set veth_srv_c2 mtu 1280'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n' 'listening on'
run     client1 'sudo ip netns exec ns_client1 ping -c 2 -M do -s 1400 10.0.2.2'
observe 'the router says what fits'                     prints client1 'Frag needed and DF set \(mtu = 1280\)'
observe 'and the next one is not even sent'             prints client1 '[Mm]essage too long'
run     client1 'sudo ip netns exec ns_client1 ip route get 10.0.2.2'
observe 'the kernel remembers it'                       prints client1 'cache expires (600|5[0-9]{2})sec mtu 1280'

say 'Path MTU discovery'
run     client1 'sudo ip netns exec ns_client1 ip route flush cache'
capture near    ns_server veth_srv_c1
run     host    'yes abcdefg | head -c 1000000 > lines'
begin
observe 'bytes arrive'                                  sockets ns_client2 -tan '^ESTAB +[0-9]{5,} '
run     look1   'sudo ip netns exec ns_client1 ss -tino'
observe 'in segments of 1228'                           prints look1 ' mss:1228 pmtu:1280 '
end_capture near
observe 'both sides have announced 1460'                [ "$(fields near 'tcp.flags.syn == 1' tcp.options.mss_val | sort -u)" = 1460 ]
ladder  'tcp.flags.syn == 1 || icmp || tcp.analysis.retransmission' near
observe 'the router said: fragmentation needed'         packets near 'ip.src == 10.0.1.1 && icmp.type == 3 && icmp.code == 4 && icmp.mtu == 1280' -ge 1
interrupt client1
interrupt client2

say 'The black hole'
run     look1   'sudo ip netns exec ns_server ip rule add iif lo ipproto 1 blackhole'
run     client1 'sudo ip netns exec ns_client1 ip route flush cache'
capture hole    ns_server veth_srv_c1
capture beyond  ns_server veth_srv_c2
begin
run     look1   'sudo ip netns exec ns_client1 ss -tino'
observe 'retransmissions, backing off'                  sockets ns_client1 -tinoO ' timer:\(on,.* backoff:[2-9]'
observe 'of full size'                                  sockets ns_client1 -tinO ' mss:1448 pmtu:1500 '
observe 'nothing has arrived'                           sockets ns_client2 -tan '^ESTAB +0 +0 +10\.0\.2\.2:8080 '
run     look2   'sudo ip netns exec ns_client1 sysctl -w net.ipv4.tcp_mtu_probing=1'
smaller() {  # 1024, and then larger ones are tried
  sockets ns_client1 -tinO ' mss:' && [[ $seen =~ ' mss:'([0-9]+)' ' ]] && proof="ss:${BASH_REMATCH[0]}" &&
    [ "${BASH_REMATCH[1]}" -le 1228 ]
}
observe 'then smaller segments are tried'               at_last smaller
run     look1   'sudo ip netns exec ns_client1 ss -tino'
observe 'and arrive'                                    at_last sockets ns_client2 -tan '^ESTAB +[0-9]{5,} '
type_line client2 200000
observe 'byte_sink has them'                            prints client2 'recv\(\) = [0-9]{4,}: '
interrupt client1
interrupt client2
run     look2   'sudo ip netns exec ns_server ip rule del iif lo ipproto 1 blackhole'
end_capture hole beyond
observe 'not one ICMP message came'                     packets hole 'icmp && tcp' -eq 0
observe 'full segments came to the router, at intervals that double' doubling hole 'tcp.dstport == 8080 && tcp.seq == 1 && tcp.len == 1448' 2
observe 'and none of them left it'                      packets beyond 'tcp.dstport == 8080 && tcp.seq == 1 && tcp.len == 1448' -eq 0
observe 'the smaller one did'                           packets beyond 'tcp.dstport == 8080 && tcp.seq == 1 && tcp.len == 1024' -ge 1
run     look2   'sudo ip netns exec ns_server ip link set veth_srv_c2 mtu 1500'
run     look2   'sudo ip netns exec ns_client1 sysctl -w net.ipv4.tcp_mtu_probing=0'
run     look2   'sudo ip netns exec ns_client1 ip route flush cache'
passes() { seen=$(at ns_client1 ping -q -c 1 -M 'do' -s 1400 10.0.2.2); }
observe 'large packets pass again'                      passes
observe 'all is as before'                              lab_is_whole
