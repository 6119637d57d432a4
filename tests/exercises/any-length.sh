#!/usr/bin/env bash
# Exercise: with -a, echo_server returns datagrams of any length whole, with no buffer that is
# larger than the datagram.
. "$(dirname "$0")/exercise.lib"

task echo_server 'option -a' -a -h
peer udp_peer

sizes='1 16 17 0 1472 1473 65507 2'

scene 'Datagrams of many sizes' 'a datagram of any length'
restart server './echo_server -a' ' serving on 0\.0\.0\.0:5678$'
run client "./udp_peer echo 127.0.0.1 5678 $sizes"
expect "datagrams of $sizes bytes come back whole, once" succeeds client
rule 'The log says'
for size in $sizes; do
  expect "the log says: received $size of $size bytes" \
    prints server " received $size of $size bytes from 127\.0\.0\.1:[0-9]+\$"
done
sleeps server 'while nothing comes'

say 'Many'
run client './udp_peer echo 127.0.0.1 5678 65507x100'
weigh server
run client './udp_peer echo 127.0.0.1 5678 65507x100 16x5000'
expect 'a hundred of 65507 bytes and five thousand of 16 come back' succeeds client
keeps_nothing server 250 'after them'

scene 'Buffers' 'has just as much room'
# snug: no call has had more room than a datagram needs, but for a single byte.
snug() {
  seen=$(awk -F '[ ,]+' '/^room / && $2 > $4 && $2 > 1 {
    print "for a datagram of " $4 " bytes a buffer of " $2 }' errors)
  [ -z "$seen" ] || return 3
  seen='no call of recv, recvfrom, recvmsg or read, for each of them'
  [ "$(grep -c '^room ' errors)" -ge "$(wc -w <<< "$sizes")" ]
}
quietly cp echo_server.cpp watched.cpp
theirs watched CPPFLAGS=-U_FORTIFY_SOURCE LDLIBS=tests/exercises/recv_sizes.cpp
restart server './watched -a 2> errors' ' serving on '
run client "./udp_peer echo 127.0.0.1 5678 $sizes"
expect 'no call that reads has more room than the datagram needs' snug

scene 'Without -a' 'Without the option all is as before'
restart server './echo_server' ' serving on '
run client './udp_peer echo 127.0.0.1 5678 16 42'
expect 'of 42 bytes 16 come back, as before' ends_with client '42 bytes: 16 bytes came back$'
expect 'and are logged, as before' prints server ' received 16 of 42 bytes from .*, 26 truncated$'
restart server './echo_server -b 17' ' serving on '
run client './udp_peer echo 127.0.0.1 5678 17 18'
expect 'with -b 17, of 18 bytes 17 come back, as before' ends_with client '18 bytes: 17 bytes came back$'

scene 'Another echo server' 'With it, so is whatever the task does not speak of'
lab_up
start server2 'sudo ip netns exec ns_server ./echo_server -a' ' serving on '
run client 'sudo ip netns exec ns_client1 ./udp_peer echo 10.0.1.1 5678 @5678 16'
expect 'one who sends from port 5678 gets no reply, as before' \
  ends_with client ' nothing came back '
expect 'and the log says so' \
  prints server2 ' received 16 of 16 bytes from 10\.0\.1\.2:5678, no reply to another echo server$'
