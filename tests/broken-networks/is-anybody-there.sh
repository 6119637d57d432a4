#!/usr/bin/env bash
# Keepalive: the server asks, gets no answer, and turns to the next client.
. "$(dirname "$0")/../lib.sh"
lab_up

start   client2 'sudo ip netns exec ns_client2 ./kv_store -k 1' ' serving on '
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c2 -n tcp port 8085 and host 10.0.1.2' 'listening on'
capture far     ns_server veth_srv_c2
capture near    ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.2.2 8085'
type_line client1 'set a 1' '^OK$'
start   server  'sudo ip netns exec ns_server ./kv_client 10.0.2.2 8085'
type_line server 'get a'
observe 'the second client waits for its turn'          sockets ns_client2 -tan '^ESTAB +20 +0 .*10\.0\.2\.1:'
observe 'by default it would begin after two hours'     [ "$(at ns_client2 sysctl -n net.ipv4.tcp_keepalive_time)" = 7200 ]
run     look1   'sudo ip netns exec ns_client2 ss -tano'
observe 'a timer called keepalive'                      prints look1 '10\.0\.1\.2:[0-9]+ +timer:\(keepalive,'
says_nothing() {  # FROM TO: three segments without data, or more, since the reply
  local segments
  mapfile -t segments < <(sed -nE "1,/ length 5$/d; / $1\.[0-9]+ > $2\.[0-9]+: Flags \[\.\], .* length 0$/p" "${log[wire]}")
  seen=${segments[*]}
  [ ${#segments[@]} -ge 3 ] && proof=${segments[-1]}
}
observe 'client 2 asks'                                 says_nothing 10.0.2.2 10.0.1.2
observe 'and client 1 answers'                          says_nothing 10.0.1.2 10.0.2.2
run     look2   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=0'
observe 'the vanished client is dropped'                at_last prints client2 ' 10\.0\.1\.2:[0-9]+ lost: Connection timed out$'
observe 'the next one is served'                        prints server '^"1"$'
observe 'client 1 knows nothing'                        sockets ns_client1 -tan '^ESTAB '
run     look2   'sudo ip netns exec ns_server sysctl -w net.ipv4.ip_forward=1'
type_line client1 'get a'
observe 'until it says something' \
  exits client1 1 '^kv_client: recv 10\.0\.2\.2:8085: Connection reset by peer$'
type_line server 'quit'
finish  server
end_capture far near
# The gaps between the last that client 1 said before the RST, and all that client 2 said to it from then on, with the RST.
last_words() {
  seen=$(fields far 'ip.addr == 10.0.1.2 && tcp.port == 8085' frame.time_epoch ip.src tcp.flags.reset | awk '
    done { next }
    $2 == "10.0.1.2" { gaps = ""; last = $1; next }
    { gaps = gaps sprintf("%.2f ", $1 - last); last = $1; done = $3 ~ /^(1|True)$/ }
    END { print gaps }') proof="gaps: $seen s"
  awk '{ for (i = 1; i <= NF; i++) if ($i < 0.8 || $i > 1.5) exit 1; exit NF != 4 }' <<< "$seen" || return 3
}
observe 'three probes, a second apart, and then RST'    last_words
quiet='ip.src == 10.0.2.2 && ip.dst == 10.0.1.2 && tcp.flags == 0x010 && tcp.len == 0'   # probes, and a plain ACK
lost_on_the_way() { seen=$(($(fields far "$quiet" frame.number | wc -l) - $(fields near "$quiet" frame.number | wc -l))); [ $seen = 3 ] || return 3; }
observe 'the three have not passed the router'          lost_on_the_way
observe 'the RST did not reach client 1, until it asked'                  packets near 'ip.src == 10.0.2.2 && tcp.flags.reset == 1' -eq 1
observe 'the client that waits is asked as well'        packets far 'ip.src == 10.0.2.2 && ip.dst == 10.0.2.1 && tcp.flags == 0x010 && tcp.len == 0' -ge 3
observe 'and nothing is left of it'                     lab_is_whole
