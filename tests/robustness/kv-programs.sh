#!/usr/bin/env bash
# kv_store and kv_client with peers that one hopes never to have.
. "$(dirname "$0")/../lib.sh"

. tests/exercises/kv.lib

serve() { start server "./kv_store ${1-}" ' serving on '; }
# hears LINE...: these lines come to the client called peer, then the end of its connection, and that is the end of it.
hears() { reads peer $# && [ "$reply" = "$*" ] && hung_up peer || return 3; hang_up peer; }
# tells BYTES LINE...: a new client sends the bytes, and hears the lines.
tells() { dial peer; writes peer "$1"; hears "${@:2}"; }
# shows LINE REGEX: it is typed into the client, which prints that.
shows() { type_line client1 "$1"; observe "$1: $2" prints client1 "^$2\$"; }
# shellcheck disable=SC2059
types() { printf "$@" >&"${keyboard[client1]}"; }   # as printf does, what cannot be shown, or is too long for it
memory() { awk -v what="^Vm$2" '$0 ~ what { print $2 }' "/proc/${pid[$1]}/status"; }   # ROLE WHICH: in KiB

say 'Requests that break the protocol'   # in all ways: kv_decoder.cpp
serve
observe 'what came before it is answered, unknown commands come back harmless' \
  tells 'PING\r\n*1\r\n$4\r\nPING\r\n\e]0;pwned\a \xff\0\r\n*\e[2J\a\xff\r\nPING\r\n' \
  +PONG +PONG "-ERR unknown command '\\x1b]0;pwned\\a'" '-ERR Protocol error: not a number of arguments: \x1b[2J\a\xff'
observe 'the log is clean text'                      clean server

say 'What other clients of Redis say'
observe 'COMMAND gets an empty array; CR is a blank; QUIT is the end' \
  tells 'COMMAND DOCS\r\ncommand\r\nECHO hello\r\necho\r\nPING\r\r\nQUIT now\r\nquit\r\nPING\r\n' \
  '*0' '*0' '$5' hello "-ERR wrong number of arguments for 'ECHO'" +PONG "-ERR wrong number of arguments for 'QUIT'" +OK
observe 'which the log notes'                        prints server ' 127\.0\.0\.1:[0-9]+ disconnected by us, as it asked$' 1
observe 'a wrong count of arguments has its own error' \
  tells 'PING a b\r\nSET a\r\nGET a b\r\nDEL\r\nKEYS * b\r\nDBSIZE a\r\nKEYS k*\r\nQUIT\r\n' \
  "-ERR wrong number of arguments for '"{PING,SET,GET,DEL,KEYS,DBSIZE}"'" '-ERR KEYS knows one pattern, *' +OK

say 'Those who talk on all the same'
resets() { awk '/^Tcp: [0-9]/ { print $15 }' /proc/net/snmp; }   # segments sent with RST
next_is_served() { tells 'PING\r\nQUIT\r\n' +PONG +OK; }
before=$(resets)
dial peer
writes peer '*17\r\n'
head -c 3000000 /dev/zero >&"${client[peer]}"
observe 'hear the error'                             hears '-ERR Protocol error: more than 16 arguments'
observe 'when the next one is served'                next_is_served
observe 'they have met no RST'                       [ "$(resets)" = "$before" ]
dial peer
stream peer yes '*x'
hang_up peer
observe 'or are left in the middle of it'            next_is_served

say 'Connections that linger'
interrupt server
observe 'the server has closed some: TIME-WAIT'      sockets host -tan '^TIME-WAIT .* 127\.0\.0\.1:8085 '
serve -s   # gets the port all the same

say 'Bytes of any kind are keys and values like all others'
observe 'they are set' \
  tells '*3\r\n$3\r\nSET\r\n$2\r\n\0\xff\r\n$4\r\n\xff\0\r\n\r\nQUIT\r\n' +OK +OK
start client1 './kv_client 127.0.0.1 8085'
types 'get \0\xff\n'
observe 'the client shows them escaped'              prints client1 '^"\\xff\\x00\\r\\n"$'
shows keys '1\) "\\x00\\xff"'
type_line client1 $'set tab\there'
shows 'get tab' '"here"'
type_line client1 $'set x \e[2J\\ "q" \t.'
shows 'get x' '"\\x1b\[2J\\\\ \\"q\\" \\t\."'
shows 'say"hi\there' "\(error\) ERR unknown command 'say\"hi\\\\there'"
observe 'so does the log'                            clean server
types 'set k%d 0\n' {1..7}
shows keys ' 9\) "tab"'   # of ten, one below the other
end_input client1

say 'A client on a terminal'
start client2 "script -qec './kv_client 127.0.0.1 8085' /dev/null"
type_line client2 'help' '^quit, exit '
observe 'has a prompt, with the address'             last_line client2 '^127\.0\.0\.1:8085> $'
type_line client2 $'set arrow \e[A'
observe 'names a control character, and sends nothing' \
  prints client2 '^kv_client: not sent: there is a control character in it, \\x1b \(an arrow key\?\).$'
type_line client2 $'set tab\ttyped'
observe 'but takes a tab'                            prints server ' request set "tab" "typed"$'
observe 'and nothing else'                           prints server ' set "arrow"' 0
type_line client2 'exit'
observe 'and ends well'                              exits client2 0
run client2 "script -qec './kv_client 127.0.0.1 8085 > answer' /dev/null <<< ping"
observe 'there is no prompt in a file'               [ "$(< answer)" = PONG ]
run client2 "script -qec 'echo ping | ./kv_client 127.0.0.1 8085' /dev/null"
observe 'nor behind a pipe'                          prints client2 '^PONG'

say 'A client in a script'
run client2 'echo ping | ./kv_client 127.0.0.1 8085 > /dev/full'
observe 'a full disk ends it, with a message'        exits client2 1 '^kv_client: standard output: write error$'
run client2 "printf 'SET crlf 1 2 \\r\\n\\r\\nget crlf\\r\\nQUIT\\r\\nget crlf\\r\\n' | ./kv_client 127.0.0.1 8085"
observe 'a line may end with CR LF'                  [ "$(xargs < "${log[client2]}")" = 'OK 1 2 ' ]

say 'Sizes at their limit'
for size in 65536 65537; do printf "set big %0${size}d\nget big\n" 0; done > big
run client1 './kv_client 127.0.0.1 8085 < big > answer'
observe 'a value of 64 KiB is set and got, twice'    [ "$(awk '{ print length }' answer | xargs)" = '2 65538 65538' ]
observe 'as one byte more is refused' \
  prints client1 '^kv_client: a word of a request has at most 65536 bytes$'
observe 'the log cuts a long argument off'           prints server ' request set "big" "0{64}"\.\.\.$'
start client1 './kv_client 127.0.0.1 8085'
shows "del $(seq -s ' ' 15)" '\(integer\) 0'
shows "del $(seq -s ' ' 16)" 'kv_client: a request has at most 16 words'
for number in 0 -1 x 10001 99999999999 1x; do shows "fire $number" "kv_client: $number: not a count \(1-10000\)"; done
types 'fire 1\0junk\n'
observe 'nor with a NUL byte in it'                  prints client1 '^kv_client: 1\\x00junk: not a count \(1-10000\)$'
shows 'fire 1 2' 'kv_client: fire takes one number'
shows 'ping still-here' '"still-here"'

say 'A line without end'
before=$(memory client1 HWM)
head -c 32M /dev/zero >&"${keyboard[client1]}"
shows '' 'kv_client: a line of more than [0-9]+ bytes is no request'
room=$(sed -nE 's/^kv_client: a line of more than ([0-9]+) bytes .*/\1/p' "${log[client1]}")
types 'ping fits%*s\r\nping not%*s\r.\n' $((room - 9)) '' $((room - 8)) ''
shows 'ping last' '"last"'
observe 'a line as long as the limit is sent'        prints client1 '^"fits"$'
observe 'no part of one that is longer is'           prints client1 '^"not"$' 0
observe "$before KiB are enough for all that"        [ "$(memory client1 HWM)" -le $((before + 16000)) ]

say 'As many as fit into a segment'
shows 'fire 10000' 'kv_client: 10000 requests do not fit into a segment of [0-9]+ bytes, [0-9]+ do'
read -r segment fits <<< "$(sed -nE 's/.* segment of ([0-9]+) bytes, ([0-9]+) do$/\1 \2/p' "${log[client1]}")"
bytes() { seq "$1" | awk '{ n += 20 + length } END { print n }'; }   # of so many requests: $4, PING, $1, 7 ...
observe 'not one more would fit, nor one less' \
  [ "$(bytes "$fits")" -lt "$segment" -a "$(bytes $((fits + 1)))" -ge "$segment" ]
shows "fire $((fits + 1))" "kv_client: $((fits + 1)) requests do not fit into a segment of $segment bytes, $fits do"
shows "fire $fits" "$fits requests and FIN sent"
observe 'and that is the end'                        exits client1 0

say 'Memory, while a client sends the largest request, and what is never one'
before=$(memory server HWM)
dial peer
{ printf '*16\r\n'; for n in {1..16}; do printf '$65536\r\n%065536d\r\n' 0; done; printf 'QUIT\r\n'; } >&"${client[peer]}"
observe 'the first is answered'                      hears "-ERR unknown command '$(printf %064d 0)'" +OK
dial peer
head -c 32M /dev/zero 1>&"${client[peer]}" 2> /dev/null
observe 'a line without end is none'                 hears '-ERR Protocol error: a line of more than 65536 bytes'
observe "$before KiB are enough for all that"        [ "$(memory server HWM)" -le $((before + 16000)) ]
size=$(memory server Size)
interrupt server

if [ "$size" -le 1000000 ]; then   # AddressSanitizer takes terabytes
say 'Memory that is not there'
store '' "ulimit -v $((size + 16000)); "
dial peer
for n in {1..400}; do
  printf '*3\r\n$3\r\nSET\r\n$4\r\nk%03d\r\n$65536\r\n%065536d\r\n' "$n" 0
done 1>&"${client[peer]}" 2> /dev/null
observe 'ends a connection'                          logs 'disconnected by us\. Out of memory'
hang_up peer
# Some of what there is makes room, whatever the allocator does with it.
dial peer
for n in 00 01 02 03 04 05; do writes peer "DEL k${n}1 k${n}2 k${n}3 k${n}4 k${n}5 k${n}6 k${n}7 k${n}8 k${n}9\n"; done
observe 'and not the server, nor its data'           asks peer 'GET k070\n' ':9 :9 :9 :9 :9 :9 $65536'
hang_up peer
interrupt server
fi

say 'A reply that nobody reads'
store '-k 3'
dial peer
stream peer awk 'BEGIN { for (n = 1; n <= 60000; n++) printf "*3\r\n$3\r\nSET\r\n$64\r\n%064d\r\n$1\r\nv\r\n", n }'
timeout "$patience" head -c 300000 <&"${client[peer]}" > $lab/quiet
hang_up peer
run client1 'echo keys | ./kv_client 127.0.0.1 8085 > answer'
observe 'sixty thousand keys are one reply of 4 MB'  [ "$(tail -n 1 answer)" = "60000) \"$(printf %064d 60000)\"" ]
dial peer
writes peer 'KEYS\r\n'
observe 'the server is stuck in send()'              sockets host -tan '^ESTAB +0 +[1-9][0-9]+ +127\.0\.0\.1:8085 '
hang_up peer
observe 'until the client is gone'                   logs 'lost while replying: Connection reset by peer'
observe 'the next one is served'                     next_is_served
dial peer
writes peer 'KEYS\r\n'
observe 'or, with -k, until its patience ends'       at_last logs 'lost while replying: Connection timed out'
hang_up peer
interrupt server

# impostor COMMANDS [OPTIONS]: a server that says what the commands print, and a client of it that asks something.
impostor() {
  start server "($1) | nc -l -p 8085"
  within "$patience" sockets host -tln ':8085 ' || fault 'nc does not listen'
  start client1 "./kv_client 127.0.0.1 8085 ${2-}"
  type_line client1 ping
}
breach='^kv_client: 127\.0\.0\.1:8085 breaks the protocol:'

say 'Servers that say what kv_store never would'
impostor "printf '*5\r\n:-5\r\n+\x1b]0;pwned\x07\r\n-ERR say \"a\\b\"\r\n-ERR \x1b[2J\r\n\$-1\r\n'"
for words in '1\) \(integer\) -5' '2\) \\x1b\]0;pwned\\a' \
  '3\) \(error\) ERR say "a\\b"' '4\) \(error\) ERR \\x1b\[2J' '5\) \(nil\)'; do
  observe "$words"                                   prints client1 "^$words\$"
done
interrupt client1

say 'Servers that break the protocol'
while IFS='|' read -r bytes words; do
  bytes=${bytes%%*( )} words=${words##*( )}
  impostor "printf '$bytes'"
  observe "a server that says $bytes: $words"        exits client1 1 "$breach $words\$"
done <<'TABLE'
HTTP/1.1 200 OK\r\n  | no reply begins like that: H
*1\r\n*1\r\n         | an array in an array
+A\r\n+B\r\n         | bytes that nobody asked for
TABLE
observe 'the first reply is one'                     prints client1 '^A$'
impostor "printf '+A\r\n'; read -r _; printf '+B\r\n'"
ready client1 '^A$'
type_line server ''
observe 'another comes later'                        sockets host -tan '^ESTAB +4 +0 .* 127\.0\.0\.1:8085 *$'
type_line client1 'get a'
observe 'which nobody asked for, either'             exits client1 1 "$breach bytes that nobody asked for\$"

say 'Patience is for the whole reply'
late='^kv_client: no reply from 127\.0\.0\.1:8085 within 1 s$'
impostor 'printf "\$9\r\n"; for n in 1 2 3 4 5 6 7 8; do sleep 0.3; printf x; done' '-t 1'
observe 'a server that dribbles is not waited for'   exits client1 1 "$late"
impostor 'printf "*1000000000000\r\n"; yes ":1$(printf "\r")"' '-t 1 | tail -n 1'
observe 'nor is one that never ends'                 prints client1 "$late"
serve
kill -STOP "${pid[server]}"
quietly sysctl -w net.ipv4.tcp_wmem='4096 16384 16384' net.ipv4.tcp_rmem='4096 16384 16384'   # too little for it
printf 'del%s\n' "$(printf ' %060000d' {1..15})" > words
run client1 './kv_client 127.0.0.1 8085 -t 1 < words'
observe 'nor one that takes no request'              exits client1 1 "$late"
kill -CONT "${pid[server]}"
start client1 './kv_client 127.0.0.1 8085 -t 3'
shows 'ping one' '"one"'
nap 3.1
shows 'ping two' '"two"'   # three seconds for each
interrupt server
timeout "$patience" cat words >&"${keyboard[client1]}"
observe 'a server that goes away is named'           exits client1 1 '^kv_client: server closed the connection$'

say 'And for the connection'
quietly ip route add 10.0.4.0/24 dev lo   # where no one is, and nobody says so
stopwatch
start client1 './kv_client 10.0.4.1 8085 -t 1'
observe 'nobody answers'                             sockets host -tan '^SYN-SENT .* 10\.0\.4\.1:8085 *$'
kill -STOP "${pid[client1]}"
kill -CONT "${pid[client1]}"   # which interrupts connect()
observe 'is not waited for, either' \
  exits client1 1 '^kv_client: no connection to 10\.0\.4\.1:8085 within 1 s$'
elapsed
observe "after a second ($took ms)"                  [ "$took" -ge 1000 -a "$took" -le $((1000 + slack)) ]
