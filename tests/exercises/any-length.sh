#!/usr/bin/env bash
# Exercise: with -a, echo_server returns datagrams of any length whole, with no buffer that is
# larger than the datagram.
. "$(dirname "$0")/exercise.lib"

task echo_server 'option -a' -a -h
compile udp_peer tests/exercises/udp_peer.cpp

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
memory() { awk '/^VmRSS/ { print $2 }' "/proc/${pid[server]}/status"; }
frugal() {  # no call has had more room than a datagram needs, but for a single byte
  seen=$(awk -F '[ ,]+' '$2 > $4 && $2 > 1 {
    print "for a datagram of " $4 " bytes a buffer of " $2 }' recv_sizes)
  [ -z "$seen" ]
}

say 'Datagrams of many sizes'
start   server './echo_server -a'
expect 'it serves on 0.0.0.0:5678' prints server ' serving on 0\.0\.0\.0:5678$'
run     client "./udp_peer echo 127.0.0.1 5678 $sizes"
for size in $sizes; do
  expect "a datagram of $size bytes comes back whole, once"    echoed "$size"
done
# shellcheck disable=SC2086
expect 'the log says of each: received N of N bytes'           logged $sizes

say 'Many large ones'
run     client './udp_peer echo 127.0.0.1 5678 65507x100'
before=$(memory)
run     client './udp_peer echo 127.0.0.1 5678 65507x200'
expect 'two hundred of 65507 bytes come back'                  exits client 0
seen="$before KiB before, $(memory) KiB after 200 datagrams of 65507 bytes"
[ "$(memory)" -le $((before + 1000)) ] || not_yet 'the server does not grow' "$seen"
interrupt server

say 'Buffers'
quietly cp echo_server.cpp watched.cpp
quietly make watched CPPFLAGS=-U_FORTIFY_SOURCE LDLIBS=tests/exercises/recv_sizes.cpp
start   server './watched -a'
ready   server 'serving on'
run     client "./udp_peer echo 127.0.0.1 5678 $sizes"
expect 'no buffer is larger than the datagram that it is for'  frugal
interrupt server

say 'Without -a'
start   server './echo_server'
ready   server 'serving on'
run     client './udp_peer echo 127.0.0.1 5678 16 42'
expect 'of 42 bytes 16 come back, as before' prints client '42 bytes: 16 bytes came back$'
expect 'and are logged, as before' prints server ' received 16 of 42 bytes from .*, 26 truncated$'
