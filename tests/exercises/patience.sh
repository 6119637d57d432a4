#!/usr/bin/env bash
# Exercise: kv_store -i SECONDS drops a client that has not completed a request for so long.
. "$(dirname "$0")/exercise.lib"

task kv_store 'option -i' -i 1 -h
peer kv_client
. "$(dirname "$0")/kv.lib"

# dropped NAME: the server ends its connection. The stopwatch stops.
dropped() { hung_up "$1" && elapsed || return 3; }
# in_time: it showed a second, or what a slow machine makes of it.
in_time() {
  seen="after $took ms"
  [ "$took" -ge 1000 ] && [ "$took" -le $((1200 + slack)) ] || return 3
}
# dribbles NAME TEXT: it sends a byte every 0.2 s, until it is dropped.
dribbles() {
  local i
  for ((i = 0; i < ${#2}; i++)); do
    writes "$1" "${2:i:1}" 2> /dev/null
    ! hung_up "$1" 0.2 || { elapsed; return 0; }
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
refused() {
  exits host 2 || return
  prints host "^kv_store: $1: not a number of seconds" || return 3
}

printf -v value '%060000d' 0
for _ in {1..5000}; do printf 'GET big\r\n'; done > asked
for i in {1..15}; do printf 'SET %s%s 1\r\n' "$i" "$value"; done > keys
# A reply waits where it is seen to wait, and not in large buffers.
quietly sysctl -w net.ipv4.tcp_wmem='4096 65536 65536' net.ipv4.tcp_rmem='4096 65536 65536'
lab_up
start server1 'sudo ip netns exec ns_server ./kv_store'
ready server1 ' serving on '
start client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1'
ready client1 '^OK$'

experiment() {  # OPTIONS
  say 'A client that does nothing'
  rule 'The time begins when the client is accepted'
  store "$1 1"
  weigh server
  stopwatch
  dial idle next
  writes next 'PING\r\n'
  expect "$1 1: a client that sends nothing is dropped" dropped idle
  expect '... after a second' in_time
  rule 'The log says'
  expect '... and logged: ... disconnected by us. No request within 1 s' \
    logs 'disconnected by us\. No request within 1 s'
  rule 'The time begins when the client is accepted'
  expect '... and the next one gets its reply' gets next +PONG
  expect 'which is dropped, too, when it asks no more' dropped next

  say 'A client that asks in time'
  dial steady
  expect 'a client with a request every 0.3 s stays connected' keeps_asking steady
  expect '... until it asks no more' dropped steady

  say 'Half a request'
  rule 'Bytes alone do not count'
  stopwatch
  dial half
  writes half '*2\r\n$4\r\nPING\r\n$5\r\nhel'
  expect 'a client that has sent half a request is dropped' dropped half
  expect '... after a second' in_time
  printf -v bytes '*2\r\n$4\r\nPING\r\n$30\r\n%030d' 0
  stopwatch
  dial slow
  expect 'a client that sends a byte now and then is dropped' dribbles slow "$bytes"
  expect '... after a second, whatever it has sent by then' in_time
  hang_up idle next half slow steady
  rule 'It keeps nothing of what is over'
  expect '... and the server has closed the sockets of all of them' keeps_nothing server 1000

  say 'A client that does not read its replies'
  rule 'So is one that does not read its replies'
  dial greedy next
  printf -v value '%08000d' 0
  asks greedy "SET big $value\r\n" +OK || fault 'SET' "$seen"
  stream greedy cat asked
  writes next 'PING\r\n'
  unread() { sockets host -tan '^ESTAB +[0-9]+ +[1-9][0-9]* +127\.0\.0\.1:8085 ' "$1"; }
  within "$patience" unread 1 || fault 'the replies do not wait to be read' "$seen"
  expect 'a client that does not read its replies (40 MB) is dropped' unread 0
  hang_up greedy
  expect '... and the next one gets its reply' gets next +PONG
  hang_up next
  within "$patience" connected 0 || fault 'a client that has left is forgotten' "$seen"
  dial setter
  stream setter cat keys
  for _ in {1..15}; do gets setter +OK || fault 'SET' "$seen"; done
  hang_up setter
  within "$patience" connected 0 || fault 'a client that has left is forgotten' "$seen"
  dial reader
  writes reader 'KEYS\r\n'
  expect 'one that reads a reply of 0.9 MB (KEYS) by 20 KB every 0.2 s is dropped' reads_slowly reader
  hang_up reader
  interrupt server

  say 'A client that has a minute'
  rule 'While nothing is due'
  store "$1 60"
  dial idle
  within "$patience" logs connected || fault 'the client is accepted' "$seen"
  expect "$1 60: while a client is connected and nothing happens, kv_store sleeps" asleep server
  writes idle '*2\r\n$4\r\nPI'
  expect '... and when half a request has come, too' asleep server
  hang_up idle
  interrupt server
}
experiment -i
! ./kv_store -c -i 1 -h > /dev/null 2>&1 || experiment '-c -i'

say 'The number of seconds'
rule 'SECONDS is a whole number'
for number in 0 -1 x 1x ' 1' 1.5 '' 32768 99999999999; do
  start host "./kv_store -i '$number'"
  expect "-i '$number': not a number of seconds, exit status 2" refused "$number"
done

say 'Without -i'
rule 'Without the option all is as before'
type_line client1 'get a'
expect 'without -i a client may be silent for long' prints client1 '^"1"$'
