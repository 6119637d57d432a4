#!/usr/bin/env bash
# kv_store and kv_client with peers that one hopes never to have.
. "$(dirname "$0")/../lib.sh"

. tests/exercises/kv.lib

serve() { start server './kv_store'; ready server ' serving on '; }
# demand BYTES: sends them to the server as a client of its own; what it says until it hangs up is in $told.
demand() { dial peer; writes peer "$1"; told=$(timeout "$patience" cat <&"${client[peer]}" | tr -d '\r\0'); hang_up peer; }
memory() { awk -v what="^Vm$2" '$0 ~ what { print $2 }' "/proc/${pid[$1]}/status"; }

say 'Requests that break the protocol'   # the others are in kv_decoder.cpp
serve
while IFS='|' read -r bytes fault; do
  bytes=${bytes%%*( )} fault=${fault##*( )}
  demand "$bytes"
  observe "$bytes: $fault" [ "$told" = "-ERR Protocol error: $fault" ]
done <<'TABLE'
*1\r\n$65537\r\n              | not a length of at most 65536: 65537
*\e[2J\a\xff\r\n              | not a number of arguments: \x1b[2J\a\xff
TABLE
demand 'PING\r\n*1\r\n$4\r\nPING\r\n*x\r\nPING\r\n'
observe 'what came before it is answered'            [ "$told" = $'+PONG\n+PONG\n-ERR Protocol error: not a number of arguments: x' ]
demand '\e]0;pwned\a \xff\0\r\n*17\r\n'
observe 'unknown commands come back harmless'        [ "$told" = $'-ERR unknown command \'\\x1b]0;pwned\\a\'\n-ERR Protocol error: more than 16 arguments' ]
demand 'COMMAND DOCS\r\ncommand\r\n*17\r\n'
observe 'COMMAND gets an empty array'                [ "$told" = $'*0\n*0\n-ERR Protocol error: more than 16 arguments' ]
observe 'the log is clean text'                      clean server

say 'What other clients of Redis say'
demand 'ECHO hello\r\necho\r\nPING\r\r\nQUIT now\r\nquit\r\nPING\r\n'
observe 'ECHO, CR as a blank, and QUIT, the end'     [ "$told" = $'$5\nhello\n-ERR wrong number of arguments for \'ECHO\'\n+PONG\n-ERR wrong number of arguments for \'QUIT\'\n+OK' ]
observe 'which the log notes'                        prints server ' 127\.0\.0\.1:[0-9]+ disconnected by us, as it asked$' 1

say 'Those who talk on all the same'
resets() { awk '/^Tcp: [0-9]/ { print $15 }' /proc/net/snmp; }   # segments sent with RST
before=$(resets)
dial peer
{ timeout "$patience" cat <&"${client[peer]}" > told & } 2> /dev/null
{ printf '*17\r\n'; head -c 3000000 /dev/zero; } >&"${client[peer]}"
hang_up peer
heard() { seen=$(tr -d '\r' < told); [ "$seen" = '-ERR Protocol error: more than 16 arguments' ]; }
observe 'hear the error'                             heard
observe 'and meet no RST'                            [ "$(resets)" = "$before" ]
dial peer
{ yes '*x' >&"${client[peer]}" & } 2> /dev/null
hang_up peer
run client1 'echo ping | ./kv_client 127.0.0.1 8085'
observe 'or are left in the middle of it'            prints client1 '^PONG$'

say 'Connections that linger'
interrupt server
observe 'the server has closed some: TIME-WAIT'      sockets host -tan '^TIME-WAIT .* 127\.0\.0\.1:8085 '
start server ./kv_store
observe 'another gets the port all the same'         prints server ' serving on '

interrupt server
serve

say 'Bytes of any kind'
dial peer
writes peer '*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$4\r\n\xff\0\r\n\r\n*2\r\n$3\r\nGET\r\n$3\r\n\0\r\n\r\n*1\r\n$4\r\nKEYS\r\n'
binary() { seen=$(timeout "$patience" head -c 28 <&"${client[peer]}" | od -An -v -tx1 | tr -d ' \n'); [ "$seen" = "$(printf '+OK\r\n$4\r\n\xff\0\r\n\r\n*1\r\n$3\r\n\0\r\n\r\n' | od -An -v -tx1 | tr -d ' \n')" ]; }
observe 'are keys and values like all others'        binary
hang_up peer
start client1 './kv_client 127.0.0.1 8085'
type_line client1 $'set tab\there'
type_line client1 $'get tab'
observe 'the client shows them escaped'              prints client1 '^"here"$'
type_line client1 $'set x \e[2J\\ "q" \t.'
type_line client1 'get x'
observe 'and quoted'                                 prints client1 '^"\\x1b\[2J\\\\ \\"q\\" \\t\."$'
type_line client1 'keys'
observe 'keys, too'                                  prints client1 '^1\) "\\x00\\r\\n"$'
observe 'the log as well'                            clean server
type_line client1 'say"hi\there'
observe 'an error needs no quotes'                   prints client1 "^\(error\) ERR unknown command 'say\"hi\\\\there'\$"
for key in k1 k2 k3 k4 k5 k6 k7; do type_line client1 "set $key 0"; done
type_line client1 'keys'
columns() { prints client1 '^ 9\) "tab"$' && prints client1 '^10\) "x"$'; }
observe 'ten keys stand one below the other'         columns

end_input client1
finish client1

say 'A client on a terminal'
start client2 "script -qec './kv_client 127.0.0.1 8085' /dev/null"
type_line client2 'help'
observe 'has a prompt, with the address'             prints client2 '^127\.0\.0\.1:8085> '
observe 'and another'                                last_line client2 '^127\.0\.0\.1:8085> $'
type_line client2 $'set arrow \e[A'
observe 'names a control character, and sends nothing' prints client2 '^kv_client: not sent: there is a control character in it, \\x1b \(an arrow key\?\).$'
type_line client2 $'set tab\ttyped'
observe 'but takes a tab'                            prints server ' request set "tab" "typed"$'
observe 'and nothing else'                           prints server ' set "arrow"' 0
type_line client2 'exit'
observe 'and ends well'                              exits client2 0

say 'A full disk'
start client1 './kv_client 127.0.0.1 8085 > /dev/full'
type_line client1 ping
observe 'ends the client'                            exits client1 1
observe 'with a message'                             prints client1 '^kv_client: standard output: write error$'

say 'Lines that end with CR LF'
printf 'set crlf 1 2 \r\nget crlf\r\n\r\nQUIT\r\nget crlf\r\n' > lines
run client2 './kv_client 127.0.0.1 8085 < lines'
observe 'are lines like all others'                  [ "$(xargs < "${log[client2]}")" = 'OK 1 2 ' ]

say 'Sizes at their limit'
big() { printf 'set big %s\nget big\n' "$(head -c "$1" /dev/zero | tr '\0' x)" > big; }
big 65536
run client1 './kv_client 127.0.0.1 8085 < big > answer'
observe 'a value of 64 KiB'                          [ "$(tail -n 1 answer | wc -c)" = 65539 ]
big 65537
run client1 './kv_client 127.0.0.1 8085 < big > answer'
observe 'one byte more is refused'                   prints client1 '^kv_client: a word of a request has at most 65536 bytes$'
observe 'and has changed nothing'                    [ "$(tail -n 1 answer | wc -c)" = 65539 ]
start client1 './kv_client 127.0.0.1 8085'
type_line client1 'del 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15'
observe 'sixteen words'                              prints client1 '^\(integer\) 0$'
type_line client1 'del 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'
observe 'one more is refused'                        prints client1 '^kv_client: a request has at most 16 words$'
for number in 0 -1 x 10001 99999999999 1x; do
  type_line client1 "fire $number"
  observe "fire $number: not a count"                prints client1 "^kv_client: $number: not a count \(1-10000\)\$"
done
printf 'fire 1\0junk\n' >&"${keyboard[client1]}"
observe 'nor with a NUL byte in it'                  prints client1 '^kv_client: 1\\x00junk: not a count \(1-10000\)$'
type_line client1 'fire 1 2'
observe 'nor two'                                    prints client1 '^kv_client: fire takes one number$'
type_line client1 'ping still-here'
observe 'the client is still in step'                last_line client1 '^"still-here"$'
end_input client1
finish client1

say 'A line without end'
start client1 './kv_client 127.0.0.1 8085'
type_line client1 'ping'
ready client1 '^PONG$'
before=$(memory client1 HWM)
head -c 32M /dev/zero | tr '\0' x >&"${keyboard[client1]}"
type_line client1 ''
observe 'is refused'                                 prints client1 '^kv_client: a line of more than [0-9]+ bytes is no request$'
type_line client1 'ping next'
observe 'the next one is served'                     prints client1 '^"next"$'
room=$(sed -nE 's/^kv_client: a line of more than ([0-9]+) bytes .*/\1/p' "${log[client1]}")
long() { head -c "$1" /dev/zero | tr '\0' ' '; }
{ printf 'ping fits'; long $((room - 9)); printf '\r\nping not'; long $((room - 8)); printf '\r.\n'; } >&"${keyboard[client1]}"
type_line client1 'ping last'
ready client1 '^"last"$'
observe 'a line as long as the limit is sent'        prints client1 '^"fits"$'
observe 'no part of one that is longer is'           prints client1 '^"not"$' 0
after=$(memory client1 HWM)
observe "from $before to $after KiB"                 [ $((after - before)) -le 16000 ]
end_input client1
finish client1

say 'Memory, while a client sends what is never a request'
before=$(memory server HWM)
for flood in '*16\r\n$65536\r\n' '*16\r\n' 'x'; do
  dial peer
  { writes peer "$flood"
    if [ "$flood" = '*16\r\n' ]; then
      for n in {1..15}; do printf '$65536\r\n%065536d\r\n' 0; done
      printf '$65536\r\n%065535d' 0
    else
      head -c 65530 /dev/zero
    fi; } >&"${client[peer]}"
  observe "it has read all of $flood..."             sockets host -tan '^ESTAB +0 +0 +127\.0\.0\.1:8085 '
  hang_up peer
done
observe 'and counts each as half a request'          prints server 'disconnected in the middle of a request' 3
dial peer
{ timeout "$patience" cat <&"${client[peer]}" > told & } 2> /dev/null
head -c 32M /dev/zero 1>&"${client[peer]}" 2> /dev/null
hang_up peer
refused() { seen=$(tr -d '\r' < told); [ "$seen" = '-ERR Protocol error: a line of more than 65536 bytes' ]; }
observe 'a line without end is none'                 refused
after=$(memory server HWM)
observe "from $before to $after KiB at most"         [ $((after - before)) -le 16000 ]
observe 'a long argument is cut off in the log'    prints server ' request set "big" "x{64}"\.\.\.$'
size=$(memory server Size)
interrupt server

say 'As many as fit into a segment'
start server './kv_store -s'
ready server ' serving on '
start client1 './kv_client 127.0.0.1 8085'
type_line client1 'fire 10000'
observe 'ten thousand do not'                        prints client1 '^kv_client: 10000 requests do not fit into a segment of [0-9]+ bytes, [0-9]+ do$'
fits=$(sed -nE 's/.* bytes, ([0-9]+) do$/\1/p' "${log[client1]}")
segment=$(sed -nE 's/.* segment of ([0-9]+) bytes, .*/\1/p' "${log[client1]}")
bytes() { seq "$1" | awk '{ n += 20 + length } END { print n }'; }   # of so many requests: $4, PING, $1, 7 ...
observe 'not one more would fit than it says'        [ "$(bytes "$fits")" -lt "$segment" ]
observe 'nor is it one less'                         [ "$(bytes $((fits + 1)))" -ge "$segment" ]
type_line client1 "fire $((fits + 1))"
observe "$((fits + 1)) do not"                       prints client1 "^kv_client: $((fits + 1)) requests do not fit into a segment of [0-9]+ bytes, $fits do\$"
type_line client1 "fire $fits"
observe "$fits do"                                   prints client1 "^$fits requests and FIN sent\$"
observe 'and that is the end'                        exits client1 0
observe 'the server had the first'                   prints server ' request PING "1"$' 1
interrupt server

serve_to_file() {  # COMMAND: with its log, which is long, in a file
  start server "$1 > kv.log"
  within "$patience" grep -q ' serving on ' kv.log || fault 'it does not serve'
}
logs() { seen=$(tail -n 3 kv.log); grep -qE -- "$1" kv.log; }

if [ "$size" -le 1000000 ]; then   # AddressSanitizer takes terabytes
say 'Memory that is not there'
serve_to_file "ulimit -v $((size + 16000)); exec ./kv_store"
for n in {1..400}; do printf '*3\r\n$3\r\nSET\r\n$4\r\nk%03d\r\n$65536\r\n%065536d\r\n' "$n" 0; done > flood
dial peer
{ timeout "$patience" cat <&"${client[peer]}" > /dev/null & } 2> /dev/null
cat flood 1>&"${client[peer]}" 2> /dev/null
hang_up peer
observe 'ends a connection'                          logs ' disconnected by us\. Out of memory$'
# Some of what there is makes room, whatever the allocator does with it.
dial peer
writes peer "PING\r\n$(for n in 00 01 02 03 04 05; do echo "DEL k${n}1 k${n}2 k${n}3 k${n}4 k${n}5 k${n}6 k${n}7 k${n}8 k${n}9"; done)\nGET k070\r\n"
left=$(timeout "$patience" head -n 8 <&"${client[peer]}" | tr -d '\r' | xargs)
hang_up peer
observe 'and not the server, nor its data'           [ "$left" = '+PONG :9 :9 :9 :9 :9 :9 $65536' ]
interrupt server
fi

say 'A reply that nobody reads'
serve_to_file ./kv_store
awk 'BEGIN { for (n = 1; n <= 60000; n++) printf "*3\r\n$3\r\nSET\r\n$64\r\n%064d\r\n$1\r\nv\r\n", n }' > many
dial peer
{ head -c 300000 <&"${client[peer]}" > /dev/null & } 2> /dev/null
cat many 1>&"${client[peer]}"
hang_up peer
printf 'dbsize\nkeys\n' > asked
run client1 './kv_client 127.0.0.1 8085 < asked > answer'
observe 'sixty thousand keys'                        [ "$(head -n 1 answer)" = '(integer) 60000' ]
observe 'are one reply of 4 MB'                      [ "$(tail -n 1 answer)" = "60000) \"$(printf %064d 60000)\"" ]
dial peer
writes peer 'KEYS\r\n'
observe 'the server is stuck in send()'              sockets host -tan '^ESTAB +0 +[1-9][0-9]+ +127\.0\.0\.1:8085 '
hang_up peer
observe 'until the client is gone'                   logs ' lost while replying: Connection reset by peer$'
start client1 './kv_client 127.0.0.1 8085'
type_line client1 'ping'
observe 'the next one is served'                     prints client1 '^PONG$'
interrupt client1
interrupt server

say 'Servers that break the protocol'
while IFS='|' read -r bytes words; do
  bytes=${bytes%%*( )} words=${words##*( )}
  start server "printf -- '$bytes' | nc -l -p 8085"
  observe "a server that says $bytes" sockets host -tln ':8085 '
  start client1 './kv_client 127.0.0.1 8085'
  type_line client1 'ping'
  observe "$words" prints client1 "^$words\$"
  interrupt client1
  finish server
done <<'TABLE'
+PONG\r\n                     | PONG
:-5\r\n                       | \(integer\) -5
*2\r\n$1\r\na\r\n:7\r\n       | 2\) \(integer\) 7
+\x1b]0;pwned\x07\r\n         | \\x1b\]0;pwned\\a
-ERR say "a\\b"\r\n            | \(error\) ERR say "a\\b"
-ERR \x1b[2J\r\n              | \(error\) ERR \\x1b\[2J
TABLE
while IFS='|' read -r bytes words; do
  bytes=${bytes%%*( )} words=${words##*( )}
  start server "printf -- '$bytes' | nc -l -p 8085"
  observe "a server that says $bytes" sockets host -tln ':8085 '
  start client1 './kv_client 127.0.0.1 8085'
  type_line client1 'ping'
  observe "$words" prints client1 "^kv_client: $words\$"
  observe 'exit status 1' exits client1 1
  finish server
done <<'TABLE'
HTTP/1.1 200 OK\r\n           | 127\.0\.0\.1:8085 breaks the protocol: no reply begins like that: H
$99999999999\r\n              | 127\.0\.0\.1:8085 breaks the protocol: not a length of at most 65536: 99999999999
*1\r\n*1\r\n                  | 127\.0\.0\.1:8085 breaks the protocol: an array in an array
TABLE

say 'Servers that say more than they were asked'
for more in '' "'; read -r _; printf '"; do
  start server "(printf '+A\r\n$more+B\r\n') | nc -l -p 8085"
  observe 'such a server'                            sockets host -tln ':8085 '
  start client1 './kv_client 127.0.0.1 8085'
  type_line client1 'ping'
  observe 'the first reply is one'                   prints client1 '^A$'
  if [ "$more" ]; then
    type_line server ''
    observe 'another comes later'                    sockets host -tan '^ESTAB +4 +0 .* 127\.0\.0\.1:8085 *$'
    type_line client1 'get a'
  fi
  observe 'which nobody asked for'                   prints client1 '^kv_client: 127\.0\.0\.1:8085 breaks the protocol: bytes that nobody asked for$'
  observe 'exit status 1'                            exits client1 1
  finish server
done

say 'Patience is for the whole reply'
start server '(printf "\$9\r\n"; for n in 1 2 3 4 5 6 7 8; do sleep 0.3; printf x; done) | nc -l -p 8085'
observe 'a server that dribbles'                     sockets host -tln ':8085 '
start client1 './kv_client 127.0.0.1 8085 -t 1'
type_line client1 'ping'
observe 'is not waited for'                          prints client1 '^kv_client: no reply from 127\.0\.0\.1:8085 within 1 s$'
finish server
start server '(printf "*1000000000000\r\n"; yes ":1$(printf "\r")") | nc -l -p 8085'
observe 'a server that never ends'                   sockets host -tln ':8085 '
start client1 'echo keys | ./kv_client 127.0.0.1 8085 -t 1 | tail -n 1'
observe 'is not listened to for ever'                prints client1 '^kv_client: no reply from 127\.0\.0\.1:8085 within 1 s$'
finish server
start server './kv_store'
ready server ' serving on '
kill -STOP "${pid[server]}"
word=$(printf %060000d 0)
echo "del $word $word $word $word $word $word $word $word $word $word $word $word $word $word $word" > words
quietly sysctl -w net.ipv4.tcp_wmem='4096 16384 16384' net.ipv4.tcp_rmem='4096 16384 16384'   # too little for it
run client1 './kv_client 127.0.0.1 8085 -t 1 < words'
observe 'nor one that takes no request'              prints client1 '^kv_client: no reply from 127\.0\.0\.1:8085 within 1 s$'
kill -CONT "${pid[server]}"
interrupt server

say 'And for the connection'
quietly ip route add 10.0.4.0/24 dev lo   # where no one is, and nobody says so
stopwatch
start client1 './kv_client 10.0.4.1 8085 -t 1'
observe 'nobody answers'                             sockets host -tan '^SYN-SENT .* 10\.0\.4\.1:8085 *$'
kill -STOP "${pid[client1]}"
kill -CONT "${pid[client1]}"   # which interrupts connect()
observe 'is not waited for, either'                  prints client1 '^kv_client: no connection to 10\.0\.4\.1:8085 within 1 s$'
elapsed
observe "after a second ($took ms)"                  [ "$took" -ge 1000 -a "$took" -le $((1000 + slack)) ]
observe 'exit status 1'                              exits client1 1
