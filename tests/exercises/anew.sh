#!/usr/bin/env bash
# Exercise: kv_client -r connects anew when the connection is lost, and repeats the request if, and
# only if, that is safe.
. "$(dirname "$0")/exercise.lib"

task kv_client 'option -r' -r -h
. "$(dirname "$0")/tcp.lib"

# meet [OPTIONS]: tcp_peer as the server, and kv_client, connected to it.
meet() {
  end_input client1
  [ -z "${pid[server]-}" ] || ended server || interrupt server   # it may wait for who never comes
  start server './tcp_peer listen 8085'
  ready server '^listening$'
  heard[server]=1
  start client1 "./kv_client 127.0.0.1 8085${1+ $1}"
  order server accept '^accepted$'
}
# asks LINE REQUEST: it is typed, and the server gets it.
asks() { type_line client1 "$1"; order server request "^request $2\$"; }
# repeats LINE [REQUEST]: kv_client connects anew, and sends it again.
repeats() {
  type_line server accept
  expect "$1: kv_client connects anew" hears server ^accepted
  type_line server request
  expect "... and repeats $1" hears server "^request ${2-$1}\$"
}
# shows LINE...: that is all that it has printed, but what it says of the connection.
shows() {
  local IFS=$'\n'
  seen=$(grep -v '^kv_client: connected anew' "${log[client1]}")
  [ "$seen" = "$*" ]
}
# once: kv_client has ended, and the server has got one request.
once() {
  seen=$(grep '^request' "${log[server]}")
  [ "$(requests)" = 1 ] || return 3
  ended client1 || { seen='kv_client still runs'; return 1; }
}
gives_up() { exits client1 1 && return; seen+=", after $(requests) requests"; return 1; }
requests() { grep -c '^request' "${log[server]}"; }

for how in close reset; do
  say "The connection is lost before the reply: $how"
  rule 'only reads'
  meet -r
  asks 'get a' 'get a'
  order server $how "^$how"
  repeats 'get a'
  order server 'send $5\r\nhello\r\n' ^sent
  rule 'A reply is printed once'
  expect '... and shows the reply, once' shows '"hello"'
  rule 'When a connection was made'
  expect '... and has said: kv_client: connected anew to 127.0.0.1:8085' \
    prints client1 '^kv_client: connected anew to 127\.0\.0\.1:8085$' 1
done

say 'In the middle of a reply'
rule 'A reply is printed once'
meet '-r 2> errors'
weigh client1
asks 'GET a' 'GET a'
order server 'send $7\r\nhel' ^sent
order server close ^closed
repeats 'GET a'
order server 'send $5\r\nworld\r\n' ^sent
expect '... and shows the whole reply, and no piece of the first one' shows '"world"'
asks keys keys
order server 'send *3\r\n$1\r\na\r\n$1\r\nb\r\n' ^sent
order server reset ^reset
repeats keys
order server 'send *2\r\n$1\r\na\r\n$1\r\nc\r\n' ^sent
expect '... and shows every element once' shows '"world"' '1) "a"' '2) "c"'
rule 'only reads'
sevens=0
for command in dbsize 'ping x' 'echo y'; do
  asks "$command" "$command"
  order server close ^closed
  repeats "$command"
  order server 'send :7\r\n' ^sent
  expect '... and shows the reply' prints client1 '^\(integer\) 7$' $((++sevens))
done
rule 'When a connection was made'
said() {
  seen=$(< errors)
  [ "$(grep -cx "kv_client: connected anew to $1" errors)" = "$2" ] || return 3
}
expect 'it was connected anew five times, and said so on standard error' said 127.0.0.1:8085 5
rule 'It keeps nothing of what is over'
expect '... and has kept nothing of the connections that were lost' keeps_nothing client1 1000

say 'Nothing was asked yet'
for how in close reset; do
  meet -r
  order server $how "^$how"
  rule 'While nothing is due'
  expect "the connection is lost ($how), and nothing is typed: kv_client sleeps" asleep client1
  rule 'is repeated only if the server'
  type_line client1 'set a 1'
  repeats 'set a 1'
  order server 'send +OK\r\n' ^sent
  expect '... which was never sent before, so that this is safe' shows OK
  expect '... and is done once' [ "$(requests)" = 1 ]
done

say 'A request that was not sent completely'
quietly sysctl -w net.ipv4.tcp_wmem='4096 65536 65536'   # small send buffers
printf -v long '%060000d' 0
meet -r
order server close ^closed
order server narrow ^narrow
for _ in {1..14}; do long_keys+=" $long"; done
type_line client1 "del$long_keys"
order server accept ^accepted
order server wide ^wide
within "$patience" sockets host -tan '^ESTAB +0 +[1-9].*:8085 *$' || fault 'nothing is sent' "$seen"
order server reset ^reset
repeats 'del of 14 long keys' 'del( \(60000 bytes\)){14}'
order server 'send :0\r\n' ^sent
expect '... since a server without its end cannot have done it' shows '(integer) 0'

say 'A request that may have been done'
rule 'Otherwise nobody on this side can know'
while read -r how line; do
  meet -r
  asks "$line" "$line"
  order server "$how" "^$how"
  type_line server accept   # would it be sent again,
  type_line server request  # it would be seen here
  expect "$line, and $how instead of a reply: not sent again, as it may have been done" once
  expect '... kv_client says: the connection was lost before the reply: it may have been ...' \
    shows 'kv_client: the connection was lost before the reply: it may have been done, or not'
  expect '... exit status 1' exits client1 1
done <<'TABLE'
close set a 1
reset SET a 1
close del a b
reset incr a
TABLE

say 'A server that starts again'
rule 'It tries at most ten times'
meet -r
asks 'get a' 'get a'
order server deaf '^deaf$'
order server close ^closed
refused() { awk '/^Tcp: [0-9]/ { print $8 }' /proc/net/snmp; }   # attempts that have failed
refused_twice() { [ "$(refused)" -ge $((earlier + 2)) ]; }
earlier=$(refused)
expect 'while the port is closed, kv_client tries again and again' refused_twice
order server hear '^hearing$'
repeats 'get a'
order server 'send $-1\r\n' ^sent
expect '... and shows the reply' shows '(nil)'

say 'A server that never comes back'
order server deaf '^deaf$'
order server close ^closed
stopwatch
type_line client1 'get a'
expect 'after ten times it gives up: Connection refused' \
  prints client1 '^kv_client: connect 127\.0\.0\.1:8085: Connection refused$'
elapsed
expect '... exit status 1' exits client1 1
seen="all that took $took ms"
expect '... and not before it has waited ten times for 0.2 s' [ "$took" -ge 1950 ]

say 'A server that dies of the request'
meet -r
type_line client1 'get a'
for _ in {1..30}; do printf 'request\nclose\naccept\n' >&"${keyboard[server]}"; done
expect 'one that closes the connection at every try: it gives up, exit status 1' gives_up
seen="$(requests) times"
expect '... after eleven times, the first and ten more' [ "$(requests)" = 11 ]

say 'A server that closes the connection at many tries, but not at all of them'
meet -r
for reply in one two; do
  type_line client1 "get $reply"
  for _ in {1..6}; do printf 'request\nclose\naccept\n'; done >&"${keyboard[server]}"
  printf 'request\nsend +%s\\r\\n\n' $reply >&"${keyboard[server]}"
  expect "get $reply gets its reply at the seventh try: there are ten for each request" \
    prints client1 "^$reply\$"
done

say 'A server that is silent'
rule 'limits each try'
meet '-r -t 1'
asks 'get a' 'get a'
order server close ^closed
repeats 'get a'
expect 'no reply for a second: kv_client ends, as without -r' ended client1
expect '... and says so' shows 'kv_client: no reply from 127.0.0.1:8085 within 1 s'
expect '... exit status 1' exits client1 1

say 'Without -r'
rule 'Without the option all is as before'
meet
asks 'get a' 'get a'
order server close ^closed
expect 'without -r: server closed the connection' \
  shows 'kv_client: server closed the connection'
expect '... exit status 1' exits client1 1
