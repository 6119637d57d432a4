#!/usr/bin/env bash
# Exercise: with -p, time_server replies from the address that was asked (IP_PKTINFO).
. "$(dirname "$0")/exercise.lib"

task time_server 'option -p' -p -h
peer udp_peer
peer time_client
lab_up

# Of a capture, how often whom was asked, and how often who answered.
asked() { fields "$1" 'udp.dstport == 8080 && !icmp' ip.dst | sort | uniq -c | xargs; }
answered() { fields "$1" 'udp.srcport == 8080 && !icmp' ip.src | sort | uniq -c | xargs; }
all() {  # CLIENT NUMBER [CAPTURE]
  seen=$(tail -n 1 "${log[$1]}")${3:+$'\n'"replies on the wire came from: $(answered "$3")"}
  [[ $seen == "$2 sent, $2 received, 0% lost"* ]] || return 3
}
same_addresses() {
  seen="requests to:   $(asked "$1")"$'\n'"replies from:  $(answered "$1")"
  [ "$(asked "$1")" = "$(answered "$1")" ] || return 3
}

say 'A server on all addresses'
rule 'each reply comes from the address'
start   server  'sudo ip netns exec ns_server ./time_server -p 0.0.0.0 8080'
expect 'it serves on 0.0.0.0:8080'                  prints server ' serving on 0\.0\.0\.0:8080$'
capture cable1  ns_client1 veth_c1
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 2 -i 0.1'
end_capture cable1
expect 'client 1 asks 10.0.1.1, and gets its replies' all client1 2 cable1
capture cable1  ns_client1 veth_c1
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.2.1 8080 -c 2 -i 0.1'
end_capture cable1
expect 'client 1 asks 10.0.2.1, and gets its replies' all client1 2 cable1
rule 'The log and the replies'
expect 'the log is as it was' prints server '[0-9] 10\.0\.1\.2:[0-9]+ request 2$' 2
rule 'While nothing is due'
expect 'while nobody asks, time_server sleeps'      asleep server

say 'Both clients at once, each at both addresses'
rule 'It works on any address'
capture cable1  ns_client1 veth_c1
capture cable2  ns_client2 veth_c2
for n in 1 2; do
  start client$n  "sudo ip netns exec ns_client$n ./time_client 10.0.1.1 8080 -c 20 -i 0.02"
  start client${n}1 "sudo ip netns exec ns_client$n ./time_client 10.0.2.1 8080 -c 20 -i 0.02"
done
for n in 1 2; do
  for role in client$n client${n}1; do
    finish "$role"
    expect "client $n gets all of its replies" all "$role" 20
  done
done
end_capture cable1
end_capture cable2
expect 'client 1: from each as many replies as it asked there' same_addresses cable1
expect 'client 2: the same'                         same_addresses cable2

say 'On the loopback interface'
for address in 127.0.0.1 127.0.0.5 10.0.2.1; do
  run   server2 "sudo ip netns exec ns_server ./time_client $address 8080 -c 1"
  expect "asked at $address, it answers from there" all server2 1
done

say 'An address that the server got after its start'
quietly ip -n ns_server addr add 10.0.1.77/24 dev veth_srv_c1
run     client2 'sudo ip netns exec ns_client2 ./time_client 10.0.1.77 8080 -c 1'
expect 'asked at 10.0.1.77, it answers from there'  all client2 1

say 'A request to everybody'
rule 'Asked at a broadcast address'
run     client1 'sudo ip netns exec ns_client1 ./udp_peer ask 10.0.1.255 8080'
expect 'asked at 10.0.1.255, a broadcast address, it answers from its own: 10.0.1.1' \
  prints client1 '^reply from 10\.0\.1\.1$'

say 'What is no request'
rule 'The log and the replies'
run     client1 'sudo ip netns exec ns_client1 ./udp_peer table 10.0.2.1 8080'
expect 'what is no request is not answered'         exits client1 0
for size in 0 23 25 24 65507; do
  expect "ignored in the log: $size bytes" prints server " 10\.0\.1\.2:[0-9]+ ignored, $size bytes\$"
done
interrupt server

say 'Many requests'
rule 'It keeps nothing of what is over'
start   server  'sudo ip netns exec ns_server ./time_server -p 0.0.0.0 8080 > server.log'
expect 'it serves'                                  sockets ns_server -aun ':8080 '
run     client1 'sudo ip netns exec ns_client1 ./udp_peer time 10.0.2.1 8080 100'
weigh server
run     client1 'sudo ip netns exec ns_client1 ./udp_peer time 10.0.2.1 8080 5000'
expect 'five thousand requests, one by one, get their replies' exits client1 0
expect 'and time_server has no more descriptors and memory than before' keeps_nothing server 250
interrupt server

say 'A server on one address'
rule 'Bound to a single address'
start   server  'sudo ip netns exec ns_server ./time_server -p 10.0.2.1 8080'
ready   server  'serving on'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.2.1 8080 -c 1'
expect 'bound to 10.0.2.1, it answers from there'   all client1 1
interrupt server

say 'Without -p'
rule 'Without the option all is as before'
start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'
ready   server  'serving on'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 1'
expect 'without -p it serves as before'             all client1 1
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.2.1 8080 -c 1 -W 0.5'
expect 'and replies from elsewhere, as before'      last_line client1 '^1 sent, 0 received'
