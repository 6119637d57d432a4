#!/usr/bin/env bash
# Exercise: with -o, time_burst_client prints the replies in the order of their numbers, each as
# soon as all before it are in or given up.
. "$(dirname "$0")/exercise.lib"

task time_burst_client 'option -o' -o -h
peer udp_peer

# burst COUNT OPTIONS: the server has been asked for all, and answers the numbers that are typed.
burst() {
  restart server './udp_peer serve 8080' '^serving$'
  start client "./time_burst_client 127.0.0.1 8080 -c $1${2+ $2}"
  given "all $1 requests are sent" prints server " request $1\$"
}
numbers() { sed -nE 's/^reply ([0-9]+).*/\1/p' "${log[client]}" | xargs; }   # as printed until now
printed() {  # NUMBERS: waits for these, as long as no other is printed
  local now; now=$(numbers)
  seen="replies printed: ${now:-none}"
  [ "$now" != "$1" ] || return 0
  [[ -z $now || $1 == "$now "* ]] || return 3
  false
}

scene 'A server that answers slowly, and one request three times' 'the replies are printed in the order'
burst 6 '-o -W 60'
type_line server '3 2'
sleeps client 'replies 3 and 2 came, and wait for 1'
type_line server '1'
expect 'reply 1 came: all three are printed, in order, now' printed '1 2 3'
type_line server '5 5'
type_line server '4'
expect 'reply 5 came, it again, and 4: printed are 4 and 5, once' printed '1 2 3 4 5'
type_line server '5 6'
finish client
expect 'reply 5 came the third time, and 6: printed is 6, and that is all' printed '1 2 3 4 5 6'
rule 'A line is'
expect 'nothing stands behind a number' never_prints client '^reply [0-9]+[^0-9]'
rule 'The last line counts as before'
expect 'the last line counts as before: reordered are 2, 1 and 4' \
  ends_with client '^6 sent, 6 received, 0% lost, 3 reordered, 2 duplicated$'
expect 'the exit status is 0' exits client 0

scene 'A server that leaves some out' 'A number is given up'
burst 8 '-W 2 -o'
type_line server '4 5'
nap 1.2
stopwatch
type_line server '1'
expect 'replies 4, 5 and 1 came: 1 is printed at once' prints client '^reply 1'
expect 'once 2 and 3 are given up, 4 and 5 are printed' printed '1 4 5'
expect 'but not before 2 has been the next one for -W seconds, here 2' lasted 1950
type_line server '2 7'
type_line server '6'
rule 'A reply that comes after that'
expect 'reply 2 came too late, 7 and 6 in time: printed are 6 and 7' printed '1 4 5 6 7'
finish client
expect 'no more came: that is all' printed '1 4 5 6 7'
expect 'the last line says so: 5 received' \
  ends_with client '^8 sent, 5 received, 37\.5% lost, [1-3] reordered, 0 duplicated$'

scene 'A server that leaves out the first of all, and goes on and on' 'A number is given up'
burst 100 '-o -W 2'
type_line server 2
for number in {3..14}; do   # for six seconds
  ! prints client '^reply 2' || break
  nap 0.5
  type_line server "$number"
done
seen="replies printed: $(numbers)"
expect 'while replies keep coming, too, 1 is given up when it has been due for 2 s' \
  [ "$(grep -c '^reply 2$' "${log[client]}")" = 1 ]
interrupt client

scene 'A server that answers with everything' 'With it, so is whatever the task does not speak of'
restart server './udp_peer hostile 8080' '^serving$'
run client './time_burst_client 127.0.0.1 8080 -o -c 5 -W 1'
expect 'what is no reply, or to no request, is ignored: printed are 1 to 5' printed '1 2 3 4 5'
expect 'each came twice' ends_with client '^5 sent, 5 received, 0% lost, 0 reordered, 5 duplicated$'

scene 'Without -o' 'Without the option all is as before'
burst 3
type_line server '3 1 3 2'
finish client
seen=$(cat "${log[client]}")
expect 'replies are printed as they come, as before' [ "$seen" = 'reply 3
reply 1, reordered
reply 3, duplicate
reply 2, reordered
3 sent, 3 received, 0% lost, 2 reordered, 1 duplicated' ]
