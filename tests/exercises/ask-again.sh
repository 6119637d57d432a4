#!/usr/bin/env bash
# Exercise: with -r TIMES, time_client sends a request that got no reply again; each number is
# reported once.
. "$(dirname "$0")/exercise.lib"

task time_client 'option -r' -r 2 -h
peer udp_peer

# answering [NUMBER:COUNTS]...: a server that answers only these copies of requests.
answering() { restart server "./udp_peer serve 8080${1+ $*}" '^serving$'; }
# moments NUMBER: when the kernel had its copies for the server, in ${came[@]}, milliseconds.
moments() {
  mapfile -t came < <(sed -nE "s/^([0-9]+) request $1$/\1/p" "${log[server]}")
  seen="request $1 came at these milliseconds: ${came[*]}"
}
copies() {  # COUNT NUMBER...: so many of each
  local number
  for number in "${@:2}"; do
    moments "$number"
    [ ${#came[@]} = "$1" ] || return 3
  done
}
# waited MILLISECONDS NUMBER: about so long between two copies, at least. (The client's clock is not
# the kernel's, and a copy that was late may be followed by one that is not.)
waited() {
  local i
  moments "$2"
  for ((i = 1; i < ${#came[@]}; i++)); do
    [ $((came[i] - came[i - 1])) -ge $(($1 * 3 / 4)) ] || return 3
  done
}
# reported PATTERN NUMBER...: each once, in a line that begins like this, where N is the number.
reported() {
  local number
  for number in "${@:2}"; do
    seen=$(grep -E "(^reply|request) $number:" "${log[client]}")
    [[ $seen == ${1/N/$number}* && $seen != *$'\n'* ]] ||
      { seen="of number $number: ${seen:-nothing}"; return 3; }
  done
}
round_trip() {  # NUMBER MILLISECONDS: at least
  seen=$(grep "^reply $1:" "${log[client]}")
  [[ $seen =~ round\ trip\ ([0-9]+) && ${BASH_REMATCH[1]} -ge $(($2 - 50)) ]] || return 3
}

say 'A server that answers nothing'
answering
start client './time_client 127.0.0.1 8080 -r 30 -W 1.5 -i 0.1 -c 2'
rule 'New requests do not wait'
expect 'both requests have left' prints server ' request 2$'
mark client
rule 'is sent again, under the same number'
expect 'the first one leaves a fourth time' prints server ' request 1$' 4
rule 'While nothing is due'
expect 'while it waits, it sleeps: in 4.5 s six copies leave, and nothing comes' quiet client 100 30
rule 'Between two copies of a request'
moments 2; second=${came[1]-1000000}
moments 1; seen+=", and the second copy of request 2 at $second"
expect 'the second copy of 2 does not wait for the third of 1' [ "$second" -le "${came[2]}" ]
expect 'between two copies -W seconds go by' waited 1500 2
rule 'Ctrl-C'
quietly kill -s INT -- "-${pid[client]}"
expect 'Ctrl-C ends it, and it prints the last line' \
  ends_with client '^2 sent, 0 received, 100% lost$'

say 'A server that answers the first, second or third copy of a request, or none'
# Of 4 it holds the first reply back until the second is due; the reply to 6 comes when all is over.
answering 1:1 2:01 4:02 5:001 7:1 8:1 9:2
stopwatch
start client './time_client 127.0.0.1 8080 -r 2 -W 1 -i 0.2'
within $((2 * patience)) prints client '^request 6: no reply'; type_line server 6
finish client
elapsed
rule 'is sent again, under the same number'
expect 'a request that gets no reply leaves again, with its number: 2, 4' copies 2 2 4
expect 'and once more, if that gets none: 5' copies 3 5
expect 'but no more often than -r says: 3, 6, 10' copies 3 3 6 10
expect 'what is answered at once leaves once: 1, 7, 8, 9' copies 1 1 7 8 9
rule 'New requests do not wait'
moments 1; first=${came[0]}
moments 10; seen="request 1 came at millisecond $first, request 10 at ${came[0]}"
expect 'new requests do not wait for old ones, and leave every -i seconds' \
  [ $((came[0] - first)) -le $((1800 + slack)) ]
rule 'Between two copies of a request'
expect 'between two copies -W seconds go by' waited 1000 3
seen="it ended after $took ms"
expect 'the client ends when the last copy of 10, too, has waited for -W seconds' [ "$took" -ge 4750 ]
rule 'Each number is reported once'
expect 'each is reported once, even if two copies are answered: 1, 2, 4, 5, 7, 8, 9' \
  reported 'reply N: ' 1 2 4 5 7 8 9
expect 'or as unanswered: 3, 6, 10' reported 'request N: no reply within 1 s' 3 6 10
rule 'The round trip begins'
expect 'the round trip begins with the first copy: 2, more than 1000 ms' round_trip 2 1000
expect 'the round trip begins with the first copy: 5, more than 2000 ms' round_trip 5 2000
expect 'and is not called late' never_prints client 'late|duplicate'
expect 'the last line counts numbers and not copies' ends_with client '^10 sent, 7 received, 30% lost$'
expect 'the exit status is 0: there were replies' exits client 0

scene 'A server that answers at once' 'With it, so is whatever the task does not speak of'
answering 1:1
stopwatch
run client './time_client -r 5 -W 5 -c 1 127.0.0.1 8080'
expect 'when all is answered, the client ends and does not wait' lasted 0 "$slack"
interrupt server

scene 'Nobody there' 'Each number is reported once'
run client './time_client 127.0.0.1 8080 -r 2 -W 0.3 -i 0.1 -c 3'
expect 'an error that ICMP brings back is reported once, too' reported 'request N: ' 1 2 3
expect 'and is no reply' ends_with client '^3 sent, 0 received, 100% lost$'

say 'A route that goes away'
quietly ip addr add 10.9.9.8/24 dev lo
answering
start client './time_client 10.9.9.8 8080 -r 4 -W 1 -c 1'
expect 'the request has left' prints server ' request 1$'
quietly ip addr del 10.9.9.8/24 dev lo
finish client
expect 'that the kernel refuses to send a copy is reported once' reported '*: request N: ' 1
expect 'and nothing else is, but the last line' [ "$(wc -l < "${log[client]}")" = 2 ]

scene 'Without -r' 'Without the option all is as before'
answering 2:2 3:1
start client './time_client 127.0.0.1 8080 -W 0.3 -c 3 -i 1' '^request 1: no reply within 0\.3 s$'
type_line server 1
finish client
expect 'a request is sent once' copies 1 1 2 3
expect 'a late reply is reported as late' prints client '^reply 1: .*, late$'
expect 'a second reply is reported as a duplicate' prints client '^reply 2: .*, duplicate$'
expect 'and the last line counts as before' ends_with client '^3 sent, 3 received, 0% lost$'

scene 'What is no number of times' 'TIMES is a whole number'
refuses './time_client 127.0.0.1 8080 -c 1 -r' x '' 0 -1 1.5 3x ' 3' +3 1000001
