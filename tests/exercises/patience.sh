#!/usr/bin/env bash
# Exercise: kv_store -i SECONDS drops a client that has not completed a request for so long.
. "$(dirname "$0")/exercise.lib"
task kv_store 'option -i' -i 1 -h
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
    asks "$1" 'NG\r\nPI' +PONG || { seen="dropped after $((i * 300)) ms"; return 3; }
  done
}
logs() { seen=$(tail -n 5 kv.log); grep -qE "$1" kv.log; }
refused() { exits host 2 && prints host "^kv_store: $1: not a number of seconds" || return 3; }

lab_up
start server1 'sudo ip netns exec ns_server ./kv_store'
ready server1 ' serving on '
start client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1'
ready client1 '^OK$'

experiment() {  # OPTIONS
  say 'A client that does nothing'
  store "$1"
  stopwatch
  dial idle next
  writes next 'PING\r\n'
  expect "$1: a client that sends nothing is dropped" dropped idle
  expect '... after a second' in_time
  expect '... and logged: ... disconnected by us. No request within 1 s' \
    logs ' 127\.0\.0\.1:[0-9]+ disconnected by us\. No request within 1 s$'
  expect '... and the next one gets its reply' gets next +PONG
  expect 'which is dropped, too, when it asks no more' dropped next

  say 'Half a request'
  stopwatch
  dial half
  writes half '*2\r\n$4\r\nPING\r\n$5\r\nhel'
  expect 'a client that has sent half a request is dropped' dropped half
  expect '... after a second' in_time
  printf -v bytes '*2\r\n$4\r\nPING\r\n$99\r\n%099d' 0
  stopwatch
  dial slow
  expect 'a client that sends a byte now and then is dropped' dribbles slow "$bytes"
  expect '... after a second, whatever it has sent by then' in_time
  hang_up idle next half slow

  say 'A client that asks in time'
  dial steady
  expect 'a client with a request every 0.3 s stays connected' keeps_asking steady
  expect '... until it asks no more' dropped steady
  hang_up steady

  say 'A client that does not read its replies'
  dial greedy next
  printf -v value '%08000d' 0
  asks greedy "SET big $value\r\n" +OK || fault 'SET' "$seen"
  for _ in {1..5000}; do printf 'GET big\r\n'; done > asked
  stream greedy cat asked
  writes next 'PING\r\n'
  unread() { sockets host -tan '^ESTAB +[0-9]+ +[1-9][0-9]* +127\.0\.0\.1:8085 ' "$1"; }
  within "$patience" unread 1 || fault 'the replies do not wait to be read' "$seen"
  expect 'a client that does not read its replies (40 MB) is dropped' unread 0
  hang_up greedy
  expect '... and the next one gets its reply' gets next +PONG
  hang_up next
  interrupt server
}
experiment '-i 1'
! ./kv_store -c -i 1 -h > /dev/null 2>&1 || experiment '-c -i 1'

say 'The number of seconds'
for number in 0 -1 x 1x 1.5 '' 99999999999; do
  run host "./kv_store -i '$number'"
  expect "-i '$number': not a number of seconds, exit status 2" refused "$number"
done

say 'Without -i'
type_line client1 'get a'
expect 'without -i all is as before: a client may be silent for long' prints client1 '^"1"$'
