#!/usr/bin/env bash
# Exercise: with -p, time_server replies from the address that was asked (IP_PKTINFO).
. "$(dirname "$0")/exercise.lib"

task time_server 'option -p' -p -h
peer udp_peer
peer time_client
lab_up

serve() { restart server "sudo ip netns exec ns_server ./time_server $1 8080" ' serving on .*:8080$'; }
# asks HOST ADDRESS [FROM]: its request gets one reply, from there, or from FROM.
asks() {
  run asker "sudo ip netns exec ns_$1 ./udp_peer ask $2 8080"
  expect "asked at $2, it answers from ${3-there}" ends_with asker "^reply from ${3-$2}\$"
}

say 'A server on all addresses'
serve '-p 0.0.0.0'
rule 'each reply comes from the address'
asks client1 10.0.1.1
asks client1 10.0.2.1
rule 'The log and the replies'
expect 'the log is as it was' prints server '[0-9] 10\.0\.1\.2:[0-9]+ request 1$' 2
sleeps server 'while nobody asks'

scene 'Both clients at once, each at both addresses' 'It works on any address'
for who in 11 12 21 22; do
  start client$who \
    "sudo ip netns exec ns_client${who:0:1} ./time_client 10.0.${who:1}.1 8080 -c 20 -i 0.02"
done
for who in 11 12 21 22; do
  expect "client ${who:0:1} gets all of its replies from 10.0.${who:1}.1" \
    ends_with client$who '^20 sent, 20 received, 0% lost$'
done

say 'On the loopback interface, and at an address that the server got after its start'
asks server 127.0.0.1
asks server 127.0.0.5
asks server 10.0.2.1
quietly ip -n ns_server addr add 10.0.1.77/24 dev veth_srv_c1
asks client2 10.0.1.77

scene 'A request to everybody' 'Asked at a broadcast address'
asks client1 10.0.1.255 10.0.1.1

scene 'What is no request' 'The log and the replies'
run client1 'sudo ip netns exec ns_client1 ./udp_peer table 10.0.2.1 8080'
expect 'what is no request is not answered' succeeds client1
for size in 0 23 25 24 65507; do
  expect "ignored in the log: $size bytes" prints server " 10\.0\.1\.2:[0-9]+ ignored, $size bytes\$"
done

say 'Many requests'
run client1 'sudo ip netns exec ns_client1 ./udp_peer time 10.0.2.1 8080 100'
weigh server
run client1 'sudo ip netns exec ns_client1 ./udp_peer time 10.0.2.1 8080 5000'
expect 'five thousand requests, one by one, get their replies' succeeds client1
keeps_nothing server 250 'after them'

scene 'A server on one address' 'Bound to a single address'
serve '-p 10.0.2.1'
asks client1 10.0.2.1

scene 'Without -p' 'Without the option all is as before'
serve 0.0.0.0
asks client1 10.0.1.1
asks client1 10.0.2.1 10.0.1.1
