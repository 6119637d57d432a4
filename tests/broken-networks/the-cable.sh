#!/usr/bin/env bash
# A cable unplugged in the middle of a transfer: routes and ARP notice, the connection does not. Every byte arrives.
. "$(dirname "$0")/../lib.sh"
lab_up

run     host    'yes abcdefg | head -c 1000000 > lines'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n' 'listening on'
start   server  'sudo ip netns exec ns_server ./byte_sink -r' '^next: listen'
type_line server '' '^next: accept'
start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080 < lines'
type_line server '' '^next: recv'
type_line server 200000
observe 'the transfer is under way'                     prints server ' recv\(\) = [1-9]'
observe 'and more has come'                             sockets ns_server -tan '^ESTAB +[1-9]'
run     look1   'sudo ip netns exec ns_server ip link set veth_srv_c1 down'
run     look1   'sudo ip netns exec ns_server ip route'
observe 'the server has no route to network 1'          never_prints look1 '^10\.0\.1\.0/24 '
linkdown() { seen=$(at ns_client1 ip route); proof=$seen; [[ $seen == *linkdown* ]]; }
observe 'the other end notices'                         linkdown
run     look2   'sudo ip netns exec ns_client1 ip route'
observe 'the client has, and it is linkdown'            prints look2 '^10\.0\.1\.0/24 dev veth_c1 .*linkdown'
observe 'its default route, too'                        prints look2 '^default via 10\.0\.1\.1 dev veth_c1 .*linkdown'
run     look2   'sudo ip netns exec ns_client1 ip neighbour'
run     look2   'sudo ip netns exec ns_client1 ss -tano'
observe 'its connection is ESTAB, with a timer'         prints look2 '^ESTAB .*10\.0\.1\.1:8080 +timer:\((persist|on),'
run     look1   'sudo ip netns exec ns_server ss -tan'
observe 'and so is the other end'                       prints look1 '^ESTAB .*10\.0\.1\.2:'
type_line server 200000
observe 'what had come can still be read'               prints server ' recv\(\) = [1-9]' 2
unresolved() { seen=$(at ns_client1 ip neighbour show 10.0.1.1); proof=$seen; [[ -z $seen || $seen == *INCOMPLETE* || $seen == *FAILED* ]]; }
observe 'ARP has no answer for 10.0.1.1'                unresolved
before=$(wc -l < "${log[wire]}")
run     look1   'sudo ip netns exec ns_server ip link set veth_srv_c1 up'
run     look1   'sudo ip netns exec ns_server ip route'
observe 'the route comes back with the interface'       prints look1 '^10\.0\.1\.0/24 dev veth_srv_c1 '
drain() {  # a recv() whenever there is something to read, until the end of the stream
  ! prints server ' recv\(\) = 0' || return 0
  ! sockets ns_server -tan '^(ESTAB +[1-9]|CLOSE-WAIT).* 10\.0\.1\.1:8080 ' || printf '200000\n' >&"${keyboard[server]}"
  return 1
}
observe 'the transfer goes on to its end'               at_last drain
observe 'every byte has arrived'                        total server 1000000
observe 'the client never knew'                         exits client1 0
asked_anew() {  # since the plug is in again: what came before the client's first segment
  seen=$(sed "1,${before}d; / IP 10\.0\.1\.2\./q" "${log[wire]}") proof=$(grep -m 1 ' is-at ' <<< "$seen")
  [[ $seen == *'Request who-has 10.0.1.1 tell 10.0.1.2'*'Reply 10.0.1.1 is-at '* ]]
}
observe 'ARP was asked anew, and answered, before all else' asked_anew
observe 'and nothing is left of it'                     lab_is_whole

say 'A route that was added does not come back'
quietly ip -n ns_client1 link set veth_c1 down
quietly ip -n ns_client1 link set veth_c1 up
status_says() {
  lab_is_whole; proof='ns_client1 lacks: default via 10.0.1.1 dev veth_c1'
  [[ $seen == *"$proof"* ]]
}
observe 'the default route is gone, and status says so' status_says

say 'And if the plug stays out?'
quietly ./two_clients.sh down
lab_up
start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on '
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1' '^OK$'
quietly at ns_client1 sysctl -w net.ipv4.tcp_retries2=4
quietly ip -n ns_server link set veth_srv_c1 down
type_line client1 'get a'
observe 'no route to host, and not a timeout'           at_last prints client1 '^kv_client: recv 10\.0\.1\.1:8085: No route to host$'
