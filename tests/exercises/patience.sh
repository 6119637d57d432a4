#!/usr/bin/env bash
# Exercise: kv_store -i SECONDS drops a client that has not completed a request for so long.
. "$(dirname "$0")/exercise.lib"

task kv_store 'option -i' -i 1 -h
peer kv_client
. "$(dirname "$0")/kv.lib"

# in_time: after `stopwatch` went by a second, or what a slow machine makes of it.
in_time() { lasted 1000 $((1200 + slack)); }
# dropped NAME: the server ends its connection, in time.
dropped() { hung_up "$1" && in_time || return 3; }
# dribbles NAME TEXT: it sends a byte every 0.2 s, until it is dropped.
dribbles() {
  local i
  for ((i = 0; i < ${#2}; i++)); do
    writes "$1" "${2:i:1}" 2> /dev/null
    ! hung_up "$1" 0.2 || { in_time; return; }
  done
  return 3
}
# keeps_asking NAME: a request every 0.3 s, each with the beginning of the next one behind it.
keeps_asking() {
  local i
  writes "$1" PI
  for i in 1 2 3 4 5 6; do
    nap 0.3
    at_once "$1" 'NG\r\nPI'
    gets "$1" +PONG || { seen="dropped after $((i * 300)) ms"; return 3; }
  done
}
connected() { sockets host -tan '^ESTAB .* 127\.0\.0\.1:8085 +127' "$1"; }   # COUNT
# reads_slowly NAME: 20 KB every 0.2 s, for six seconds, until the server has let go of it.
reads_slowly() {
  local i
  for i in {1..30}; do
    ! connected 0 || return 0
    timeout "$patience" head -c 20000 <&"${client[$1]}" > /dev/null
    nap 0.2
  done
  return 3
}

printf -v value '%060000d' 0
for _ in {1..5000}; do printf 'GET big\r\n'; done > asked
for i in {1..15}; do printf 'SET %s%s 1\r\n' "$i" "$value"; done > keys
printf -v stored '+OK %.0s' {1..15}
# A reply waits where it is seen to wait, and not in large buffers.
quietly sysctl -w net.ipv4.tcp_wmem='4096 65536 65536' net.ipv4.tcp_rmem='4096 65536 65536'
lab_up
start server1 'sudo ip netns exec ns_server ./kv_store' ' serving on '
start client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1' '^OK$'

experiment() {  # OPTIONS
  scene 'A client that does nothing' 'The time begins when the client is accepted'
  store "$1 1"
  weigh server
  stopwatch
  dial idle next
  writes next 'PING\r\n'
  expect "$1 1: a client that sends nothing is dropped after a second" dropped idle
  rule 'The log says'
  expect '... and logged: ... disconnected by us. No request within 1 s' \
    logs 'disconnected by us\. No request within 1 s'
  rule 'The time begins when the client is accepted'
  expect '... and the next one gets its reply' gets next +PONG
  expect 'which is dropped, too, when it asks no more' hung_up next

  say 'A client that asks in time'
  dial steady
  expect 'a client with a request every 0.3 s stays connected' keeps_asking steady
  expect '... until it asks no more' hung_up steady

  scene 'Half a request' 'Bytes alone do not count'
  stopwatch
  dial half
  writes half '*2\r\n$4\r\nPING\r\n$5\r\nhel'
  expect 'a client that has sent half a request is dropped after a second' dropped half
  printf -v bytes '*2\r\n$4\r\nPING\r\n$30\r\n%030d' 0
  stopwatch
  dial slow
  expect 'a client that sends a byte now and then is dropped after a second' dribbles slow "$bytes"
  hang_up idle next half slow steady
  keeps_nothing server 1000 '... and when all of them are gone'

  scene 'A client that does not read its replies' 'So is one that does not read its replies'
  dial greedy
  printf -v value '%08000d' 0
  given 'SET gets +OK' asks greedy "SET big $value\r\n" +OK
  stream greedy cat asked
  expect 'a client that does not read its replies (40 MB) is dropped' connected 0
  hang_up greedy
  dial setter
  expect '... and the next one gets its reply' asks setter 'PING\r\n' +PONG
  stream setter cat keys
  given 'each SET gets +OK' gets setter "${stored% }"
  hang_up setter
  given 'a client that has left is forgotten' connected 0
  dial reader
  writes reader 'KEYS\r\n'
  expect 'one that reads a reply of 0.9 MB (KEYS) by 20 KB every 0.2 s is dropped' reads_slowly reader
  hang_up reader
  interrupt server

  say 'A client that has a minute'
  store "$1 60"
  dial idle
  given 'the client is accepted' logs connected
  sleeps server "$1 60: while a client is connected and nothing happens"
  writes idle '*2\r\n$4\r\nPI'
  sleeps server '... and when half a request has come, too'
  hang_up idle
  interrupt server
}
experiment -i
! ./kv_store -c -i 1 -h > /dev/null 2>&1 || experiment '-c -i'

scene 'The number of seconds' 'SECONDS is a whole number'
refuses './kv_store -i' 0 -1 x 1x ' 1' 1.5 '' 32768 99999999999

scene 'Without -i' 'Without the option all is as before'
type_line client1 'get a'
expect 'without -i a client may be silent for long' prints client1 '^"1"$'
