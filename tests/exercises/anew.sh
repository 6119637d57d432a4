#!/usr/bin/env bash
# Exercise: kv_client -r connects anew when the connection is lost, and repeats the request if, and
# only if, that is safe.
. "$(dirname "$0")/exercise.lib"

task kv_client 'option -r' -r -h
peer tcp_peer

# meet [OPTIONS]: tcp_peer as the server, and kv_client, connected to it.
meet() {
  end_input client1
  restart server './tcp_peer listen 8085' '^listening$'
  start client1 "./kv_client 127.0.0.1 8085${1+ $1}"
  order server accept '^accepted$'
}
asks() { type_line client1 "$1"; order server request "^request $1\$"; }
loses() { order server "$1" "^$1"; }   # close|reset
answers() { order server "send $1" '^sent'; }
# repeats LINE [REQUEST]: kv_client connects anew, and sends it again.
repeats() {
  type_line server accept
  expect "$1: kv_client connects anew" hears server ^accepted
  type_line server request
  expect "... and repeats $1" hears server "^request ${2-$1}\$"
}
# survives close|reset LINE: the connection is lost before the reply.
survives() { asks "$2"; loses "$1"; repeats "$2"; }
# shows LINE...: that is all that it has printed, but what it says of the connection.
shows() {
  local IFS=$'\n'
  seen=$(grep -v '^kv_client: connected anew' "${log[client1]}")
  [ "$seen" = "$*" ]
}
# gives_up COUNT: kv_client ends, and the server has got so many requests.
gives_up() {
  exits client1 1; local status=$? requests
  requests=$(grep -c '^request' "${log[server]}")
  seen+=", after $requests requests"
  [ "$requests" -le "$1" ] || return 3
  [ $status = 0 ] && [ "$requests" = "$1" ]
}

scene 'The connection is lost before the reply' 'only reads'
meet '-r 2> errors'
weigh client1
sevens=0
while read -r how command; do
  survives "$how" "$command"
  answers ':7\r\n'
  expect '... and shows the reply' prints client1 '^\(integer\) 7$' $((++sevens))
done <<'TABLE'
close get a
reset GET a
close dbsize
reset ping x
close echo y
reset KEYS
TABLE
rule 'When a connection was made'
seen=$(< errors)
expect 'it was connected anew six times, and said so on standard error' \
  [ "$(grep -cx 'kv_client: connected anew to 127\.0\.0\.1:8085' errors)" = 6 ]
keeps_nothing client1 1000 'six connections were lost'

scene 'In the middle of a reply' 'A reply is printed once'
meet -r
asks 'GET a'
answers '$7\r\nhel'
loses close
repeats 'GET a'
answers '$5\r\nworld\r\n'
expect '... and shows the whole reply, and no piece of the first one' shows '"world"'
asks keys
answers '*3\r\n$1\r\na\r\n$1\r\nb\r\n'
loses reset
repeats keys
answers '*2\r\n$1\r\na\r\n$1\r\nc\r\n'
expect '... and shows every element once' shows '"world"' '1) "a"' '2) "c"'

say 'Nothing was asked yet'
for how in close reset; do
  meet -r
  loses $how
  sleeps client1 "the connection is lost ($how), and nothing is typed"
  rule 'is repeated only if the server'
  type_line client1 'set a 1'
  repeats 'set a 1'
  answers '+OK\r\n'
  expect '... which was never sent before, so that this is safe' shows OK
done

say 'A request that was not sent completely'
quietly sysctl -w net.ipv4.tcp_wmem='4096 65536 65536'   # small send buffers
printf -v long ' %060000d' {1..14}
meet -r
loses close
order server narrow ^narrow
type_line client1 "del$long"
order server accept ^accepted
order server wide ^wide
given 'a part of the request is sent' sockets host -tan '^ESTAB +0 +[1-9].*:8085 *$'
loses reset
repeats 'del of 14 long keys' 'del( \(60000 bytes\)){14}'
answers ':0\r\n'
expect '... since a server without its end cannot have done it' shows '(integer) 0'

scene 'A request that may have been done' 'Otherwise nobody on this side can know'
while read -r how line; do
  meet -r
  asks "$line"
  loses "$how"
  type_line server accept   # would it be sent again,
  type_line server request  # it would be seen here
  expect "$line, and $how instead of a reply: not sent again, as it may have been done" gives_up 1
  expect '... and it says: the connection was lost before the reply: it may have been done, or not' \
    shows 'kv_client: the connection was lost before the reply: it may have been done, or not'
done <<'TABLE'
close set a 1
reset SET a 1
close del a b
reset incr a
TABLE

scene 'A server that starts again' 'It tries at most ten times'
meet -r
asks 'get a'
order server deaf '^deaf$'
loses close
failures() { awk '/^Tcp: [0-9]/ { print $8 }' /proc/net/snmp; }   # attempts that have failed
failed_twice() { [ "$(failures)" -ge $((earlier + 2)) ]; }
earlier=$(failures)
expect 'while the port is closed, kv_client tries again and again' failed_twice
order server hear '^hearing$'
repeats 'get a'
answers '$-1\r\n'
expect '... and shows the reply' shows '(nil)'

say 'A server that never comes back'
order server deaf '^deaf$'
loses close
stopwatch
type_line client1 'get a'
expect 'after ten times it gives up, with exit status 1: Connection refused' \
  exits client1 1 '^kv_client: connect 127\.0\.0\.1:8085: Connection refused$'
expect '... and not before it has waited ten times for 0.2 s' lasted 1950

say 'A server that dies of the request'
meet -r
type_line client1 'get a'
for _ in {1..30}; do printf 'request\nclose\naccept\n' >&"${keyboard[server]}"; done
expect 'one that closes the connection at every try: after the first and ten more, it gives up' \
  gives_up 11

say 'A server that closes the connection at many tries, but not at all of them'
meet -r
for reply in one two; do
  type_line client1 "get $reply"
  for _ in {1..6}; do printf 'request\nclose\naccept\n'; done >&"${keyboard[server]}"
  printf 'request\nsend +%s\\r\\n\n' $reply >&"${keyboard[server]}"
  expect "get $reply gets its reply at the seventh try: there are ten for each request" \
    prints client1 "^$reply\$"
done

scene 'A server that is silent' 'limits each try'
meet '-r -t 1'
survives close 'get a'
expect 'no reply for a second: kv_client ends, as without -r, with exit status 1' exits client1 1
expect '... and says so' shows 'kv_client: no reply from 127.0.0.1:8085 within 1 s'

scene 'Without -r' 'Without the option all is as before'
meet
asks 'get a'
loses close
expect 'without -r kv_client ends, with exit status 1' exits client1 1
expect '... and says: server closed the connection' shows 'kv_client: server closed the connection'
