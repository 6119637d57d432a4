#!/usr/bin/env bash
# Exercise: with -r TIMES, time_client sends a request that got no reply again; each number is
# reported once.
. "$(dirname "$0")/exercise.lib"

task time_client 'option -r' -r 2 -h
compile udp_peer tests/exercises/udp_peer.cpp

# What the client says of a number, and when its copies came to the server (seconds).
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
waited() {  # SECONDS NUMBER: at least so long between two copies
  seen="request $2 came at these seconds: $(copies "$2" | xargs)"
  copies "$2" | awk -v least="$1" 'NR > 1 && $1 - last < least - 0.05 { short = 1 } { last = $1 }
    END { exit short }' || return 3
}
soon() {  # NUMBER MILLISECONDS: its first copy came that long after request 1
  seen="request 1 came at second $(copies 1 | head -n 1), request $1 at $(copies "$1" | head -n 1)"
  awk -v most=$(($2 + slack)) '$3 == 1 && !first { first = $1 } $3 == n && !at { at = $1 }
    END { exit !at || (at - first) * 1000 > most }' n="$1" "${log[server]}" || return 3
}
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

say 'A server that answers the first, second or third copy of a request, or none'
# Of 4 it holds the first reply back until the second is due; the reply to 6 comes when all is over.
start   server './udp_peer serve 8080 1:1 2:01 4:02 5:001 7:1 8:1 9:2'
ready   server serving
stopwatch
start   client './time_client 127.0.0.1 8080 -r 2 -W 1 -i 0.2'
within $((2 * patience)) prints client '^request 6: no reply'; type_line server 6
finish  client
elapsed
expect 'new requests do not wait for old ones, and leave every -i seconds' soon 10 1800
expect 'a request that gets no reply leaves again, with its number: 2, 4' came 2 2 4
expect 'and once more, if that gets none: 5' came 3 5
expect 'but no more often than -r says: 3, 6, 10' came 3 3 6 10
expect 'between two copies -W seconds go by' waited 1 3
expect 'what is answered at once leaves once: 1, 7, 8, 9' came 1 1 7 8 9
expect 'each number is reported once, even if two copies are answered' once {1..10}
expect 'as answered: 1, 2, 4, 5, 7, 8, 9' all_are 'reply N: ' 1 2 4 5 7 8 9
expect 'or as unanswered: 3, 6, 10' all_are 'request N: no reply' 3 6 10
expect 'but not before the last copy, too, has waited for -W seconds: 10' lasted 4800
expect 'the round trip begins with the first copy: 2, more than 1000 ms' round_trip 2 1000
expect 'the round trip begins with the first copy: 5, more than 2000 ms' round_trip 5 2000
expect 'the last line counts numbers and not copies' ends_with '10 sent, 7 received, 30% lost'
expect 'the exit status is 0: there were replies' exits client 0
interrupt server

say 'A server that answers at once'
start   server './udp_peer serve 8080 1:1'
ready   server serving
stopwatch
run     client './time_client -r 5 -W 5 -c 1 127.0.0.1 8080'
elapsed
expect 'when all is answered, the client ends and does not wait' [ "$took" -le "$slack" ]
interrupt server

say 'Nobody there'
run     client './time_client 127.0.0.1 8080 -r 2 -W 0.3 -i 0.1 -c 3'
expect 'an error that ICMP brings back is reported once, too' once 1 2 3
expect 'and is no reply' ends_with '3 sent, 0 received, 100% lost'

say 'Without -r'
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
for text in x '' -1 1.5 2x; do
  run   client "./time_client 127.0.0.1 8080 -c 1 -r '$text'"
  expect "-r '$text' is refused and named, exit status 2" refused "$text"
done
