#!/usr/bin/env bash
# Exercise: with -a, echo_server returns datagrams of any length whole, with no buffer that is
# larger than the datagram.
. "$(dirname "$0")/exercise.lib"

task echo_server 'option -a' -a -h
peer udp_peer

sizes='1 16 17 0 1472 1473 65507 2'
echoed() {  # SIZE: came back
  seen=$(grep -E "(^| )$1 bytes: " "${log[client]}" || tail -n 1 "${log[client]}")
  [ "$seen" = "$1 bytes: came back whole" ] || return 3
}
logged() {  # SIZE...: each as received whole
  for size; do
    seen="of $size bytes: $(grep -E " received [0-9]+ of $size bytes " "${log[server]}")"
    [[ $seen =~ " received $size of $size bytes from 127.0.0.1:"[0-9]+$ ]] || return 3
  done
}
snug() {  # no call has had more room than a datagram needs, but for a single byte
  seen=$(awk -F '[ ,]+' '/^room / && $2 > $4 && $2 > 1 {
    print "for a datagram of " $4 " bytes a buffer of " $2 }' errors)
  [ -z "$seen" ] || return 3
  seen='no call of recv, recvfrom, recvmsg or read, for each of them'
  [ "$(grep -c '^room ' errors)" -ge "$(wc -w <<< "$sizes")" ]
}

say 'Datagrams of many sizes'
rule 'a datagram of any length'
start   server './echo_server -a'
expect 'it serves on 0.0.0.0:5678' prints server ' serving on 0\.0\.0\.0:5678$'
run     client "./udp_peer echo 127.0.0.1 5678 $sizes"
for size in $sizes; do
  expect "a datagram of $size bytes comes back whole, once"    echoed "$size"
done
rule 'The log says'
# shellcheck disable=SC2086
expect 'the log says of each: received N of N bytes'           logged $sizes
rule 'While nothing is due'
expect 'while nothing comes, echo_server sleeps'               asleep server
interrupt server

say 'Many'
rule 'It keeps nothing of what is over'
start   server './echo_server -a > server.log'
expect 'it serves' sockets host -aun ':5678 '
run     client './udp_peer echo 127.0.0.1 5678 65507x100'
weigh server
run     client './udp_peer echo 127.0.0.1 5678 65507x100 16x5000'
expect 'a hundred of 65507 bytes and five thousand of 16 come back' exits client 0
expect 'and echo_server has no more descriptors and memory than before' keeps_nothing server 250
interrupt server

say 'Buffers'
rule 'has just as much room'
quietly cp echo_server.cpp watched.cpp
theirs watched CPPFLAGS=-U_FORTIFY_SOURCE LDLIBS=tests/exercises/recv_sizes.cpp
start   server './watched -a 2> errors'
ready   server 'serving on'
run     client "./udp_peer echo 127.0.0.1 5678 $sizes"
expect 'no call that reads has more room than the datagram needs' snug
interrupt server

say 'Another echo server'
rule 'With it, so is whatever the task does not speak of'
lab_up
start   server 'sudo ip netns exec ns_server ./echo_server -a'
ready   server 'serving on'
start   client1 'sudo ip netns exec ns_client1 ./udp_peer echo 10.0.1.1 5678 @5678 16'
expect 'one who sends from port 5678 gets no reply, as before, and the log says so' \
  prints server ' received 16 of 16 bytes from 10\.0\.1\.2:5678, no reply to another echo server$'
expect 'nothing comes back' prints client1 ' nothing came back '
interrupt server

say 'Without -a'
rule 'Without the option all is as before'
start   server './echo_server'
ready   server 'serving on'
run     client './udp_peer echo 127.0.0.1 5678 16 42'
expect 'of 42 bytes 16 come back, as before' prints client '42 bytes: 16 bytes came back$'
expect 'and are logged, as before' prints server ' received 16 of 42 bytes from .*, 26 truncated$'
interrupt server
start   server './echo_server -b 17'
ready   server 'serving on'
run     client './udp_peer echo 127.0.0.1 5678 17 18'
expect 'with -b 17, of 18 bytes 17 come back, as before' prints client '18 bytes: 17 bytes came back$'
