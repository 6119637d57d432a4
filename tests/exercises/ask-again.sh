#!/usr/bin/env bash
# Exercise: with -r TIMES, time_client sends a request that got no reply again; each number is
# reported once.
. "$(dirname "$0")/exercise.lib"

task time_client 'option -r' -r 2 -h
peer udp_peer

# What the client says of a number, and when the kernel had its copies for the server (seconds).
reports() { grep -E "^(reply|request) $1:" "${log[client]}"; }
copies() { sed -nE "s/^([0-9.]+) request $1$/\1/p" "${log[server]}"; }

once() {  # NUMBER...: each is reported once
  for number; do
    seen=$(reports "$number")
    [ "$(grep -c . <<< "$seen")" = 1 ] || { seen="of number $number: ${seen:-nothing}"; return 3; }
  done
}
all_are() {  # PATTERN NUMBER...: each is reported with such a line, where N is the number
  for number in "${@:2}"; do
    seen=$(reports "$number")
    [[ $seen == ${1/N/$number}* ]] || return 3
  done
}
came() {  # COUNT NUMBER...: so many copies of each
  for number in "${@:2}"; do
    seen="request $number came at these seconds: $(copies "$number" | xargs)"
    [ "$(copies "$number" | grep -c .)" = "$1" ] || return 3
  done
}
# waited SECONDS NUMBER: about so long between two copies, at least. (The client's clock is not the
# kernel's, and a copy that was late may be followed by one that is not.)
waited() {
  seen="request $2 came at these seconds: $(copies "$2" | xargs)"
  copies "$2" | awk -v least="$1" 'NR > 1 && $1 - last < 0.75 * least { short = 1 } { last = $1 }
    END { exit short }' || return 3
}
soon() {  # NUMBER MILLISECONDS: its first copy came that long after request 1
  seen="request 1 came at second $(copies 1 | head -n 1), request $1 at $(copies "$1" | head -n 1)"
  awk -v most=$(($2 + slack)) '$3 == 1 && !first { first = $1 } $3 == n && !at { at = $1 }
    END { exit !at || (at - first) * 1000 > most }' n="$1" "${log[server]}" || return 3
}
# before NUMBER COPY OTHER OTHER'S_COPY: it came first
before() {
  local one other
  one=$(copies "$1" | sed -n "$2p") other=$(copies "$3" | sed -n "$4p")
  seen="request $1 came at these seconds: $(copies "$1" | xargs)
request $3: $(copies "$3" | xargs)"
  awk -v one="${one:-1e9}" -v other="$other" 'BEGIN { exit one + 0 > other + 0 }' || return 3
}
has_come() { [ "$(copies "$1" | grep -c .)" -ge "$2" ]; }   # NUMBER COPIES
lasted() { seen="the client ended after $took ms"; [ "$took" -ge $(($1 - 50)) ] || return 3; }
round_trip() {  # NUMBER MILLISECONDS: at least
  seen=$(reports "$1")
  [[ $seen =~ round\ trip\ ([0-9]+) && ${BASH_REMATCH[1]} -ge $(($2 - 50)) ]] || return 3
}
ends_with() { seen=$(tail -n 1 "${log[client]}"); [ "$seen" = "$1" ] || return 3; }
refused() {
  seen=$(head -n 1 "${log[client]}")
  [[ ${result[client]} = 2 && $seen == "time_client: $1: not "* ]] || return 3
}

say 'A server that answers nothing'
start   server './udp_peer serve 8080'
ready   server serving
start   client './time_client 127.0.0.1 8080 -r 30 -W 1.5 -i 0.1 -c 2'
rule 'New requests do not wait'
expect 'both requests have left' has_come 2 1
mark client
rule 'is sent again, under the same number'
expect 'the first one leaves a fourth time' has_come 1 4
rule 'While nothing is due'
expect 'while it waits, it sleeps: in 4.5 s six copies leave, and nothing comes' quiet client 30
rule 'Between two copies of a request'
expect 'the second copy of 2 does not wait for the third of 1' before 2 2 1 3
expect 'between two copies -W seconds go by' waited 1.5 2
rule 'Ctrl-C'
quietly kill -s INT -- "-${pid[client]}"
expect 'Ctrl-C ends it' ended client
expect 'and prints the last line' ends_with '2 sent, 0 received, 100% lost'
interrupt server

say 'A server that answers the first, second or third copy of a request, or none'
# Of 4 it holds the first reply back until the second is due; the reply to 6 comes when all is over.
start   server './udp_peer serve 8080 1:1 2:01 4:02 5:001 7:1 8:1 9:2'
ready   server serving
stopwatch
start   client './time_client 127.0.0.1 8080 -r 2 -W 1 -i 0.2'
within $((2 * patience)) prints client '^request 6: no reply'; type_line server 6
finish  client
elapsed
rule 'New requests do not wait'
expect 'new requests do not wait for old ones, and leave every -i seconds' soon 10 1800
rule 'is sent again, under the same number'
expect 'a request that gets no reply leaves again, with its number: 2, 4' came 2 2 4
expect 'and once more, if that gets none: 5' came 3 5
expect 'but no more often than -r says: 3, 6, 10' came 3 3 6 10
expect 'what is answered at once leaves once: 1, 7, 8, 9' came 1 1 7 8 9
rule 'Between two copies of a request'
expect 'between two copies -W seconds go by' waited 1 3
expect 'the client ends when the last copy of 10, too, has waited for -W seconds' lasted 4800
rule 'Each number is reported once'
expect 'each number is reported once, even if two copies are answered' once {1..10}
expect 'as answered: 1, 2, 4, 5, 7, 8, 9' all_are 'reply N: ' 1 2 4 5 7 8 9
expect 'or as unanswered: 3, 6, 10' all_are 'request N: no reply within 1 s' 3 6 10
rule 'The round trip begins'
expect 'the round trip begins with the first copy: 2, more than 1000 ms' round_trip 2 1000
expect 'the round trip begins with the first copy: 5, more than 2000 ms' round_trip 5 2000
expect 'and is not called late' [ -z "$(grep -E 'late|duplicate' "${log[client]}")" ]
expect 'the last line counts numbers and not copies' ends_with '10 sent, 7 received, 30% lost'
expect 'the exit status is 0: there were replies' exits client 0
interrupt server

say 'A server that answers at once'
rule 'Each number is reported once'
start   server './udp_peer serve 8080 1:1'
ready   server serving
stopwatch
run     client './time_client -r 5 -W 5 -c 1 127.0.0.1 8080'
elapsed
seen="it ended after $took ms"
expect 'when all is answered, the client ends and does not wait' [ "$took" -le "$slack" ]
interrupt server

say 'Nobody there'
run     client './time_client 127.0.0.1 8080 -r 2 -W 0.3 -i 0.1 -c 3'
expect 'an error that ICMP brings back is reported once, too' once 1 2 3
expect 'and is no reply' ends_with '3 sent, 0 received, 100% lost'

say 'A route that goes away'
quietly ip addr add 10.9.9.8/24 dev lo
start   server './udp_peer serve 8080'
ready   server serving
start   client './time_client 10.9.9.8 8080 -r 4 -W 1 -c 1'
expect 'the request has left' has_come 1 1
quietly ip addr del 10.9.9.8/24 dev lo
finish  client
refusals() {
  seen=$(cat "${log[client]}")
  [ "$(grep -c ': request 1: ' <<< "$seen")" = 1 ] || return 3
}
expect 'that the kernel refuses to send a copy is reported once' refusals
expect 'and nothing else is, but the last line' [ "$(wc -l < "${log[client]}")" = 2 ]
interrupt server

say 'Without -r'
rule 'Without the option all is as before'
start   server './udp_peer serve 8080 2:2 3:1'
ready   server serving
start   client './time_client 127.0.0.1 8080 -W 0.3 -c 3 -i 1'
ready   client '^request 1: no reply within 0\.3 s$'
type_line server 1
finish  client
expect 'a request is sent once' came 1 1 2 3
expect 'a late reply is reported as late' prints client '^reply 1: .*, late$'
expect 'a second reply is reported as a duplicate' prints client '^reply 2: .*, duplicate$'
expect 'and the last line counts as before' ends_with '3 sent, 3 received, 0% lost'

say 'What is no number of times'
rule 'TIMES is a whole number'
for text in x '' 0 -1 1.5 3x ' 3' +3 1000001; do
  run   client "./time_client 127.0.0.1 8080 -c 1 -r '$text'"
  expect "-r '$text' is refused and named, exit status 2" refused "$text"
done
