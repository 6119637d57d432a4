#!/usr/bin/env bash
# What does not fit into the buffer of one recvfrom(2) is gone.
. "$(dirname "$0")/../lib.sh"
lab_up

run     host    'make -B echo_server'
start   server  'sudo ip netns exec ns_server ./echo_server' 'serving on 0.0.0.0:5678'
capture cable1  ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 nc -u 10.0.1.1 5678'
type_line client1 'a short line'
observe '13 bytes, with the newline: whole'        prints server ' received 13 of 13 bytes from 10\.0\.1\.2:[0-9]+$'
observe 'and they come back'                       prints client1 '^a short line$'
type_line client1 'fifteen letters'
observe '16 bytes: just as large as the buffer'    prints server ' received 16 of 16 bytes from '
type_line client1 'this line is longer than the buffer, alas'
observe 'of 42 bytes, 26 are lost'                 prints server ' received 16 of 42 bytes from 10\.0\.1\.2:[0-9]+, 26 truncated$'
observe 'the first 16 come back'                   prints client1 '^this line is lon'
type_line client1 'next'
observe 'the next line is whole'                   prints server ' received 5 of 5 bytes from '
observe 'and follows where the newline was lost'   prints client1 '^this line is lonnext$'
end_capture cable1
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
observe 'what came back, byte for byte'            [ "$(fields cable1 'udp.srcport == 5678' udp.payload | xargs)" = \
  "$(hex 'a short line')0a $(hex 'fifteen letters')0a $(hex 'this line is lon') $(hex 'next')0a" ]
observe '42 bytes did travel to the server'        packets cable1 'udp.dstport == 5678 && udp.length == 50' -eq 1
ladder  udp cable1
interrupt client1
interrupt server
observe 'each line of the log begins with the time'   stamped server

start   server  'sudo ip netns exec ns_server ./echo_server -b 64' 'serving on'
start   client1 'sudo ip netns exec ns_client1 nc -u 10.0.1.1 5678'
type_line client1 'this line is longer than the buffer, alas'
observe 'a larger buffer, and nothing is lost'     prints server ' received 42 of 42 bytes from [0-9.:]+$'
observe 'all of it comes back'                     prints client1 '^this line is longer than the buffer, alas$'
