#!/usr/bin/env bash
# What the time programs say of times, in messages, lines and log: the wire has the same.
. "$(dirname "$0")/../lib.sh"
hour=$(date -u +%k)
export TZ=LAB$((hour - 12)):30   # a local time that is not UTC, and far from midnight: times of day can be compared
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
capture cable1  ns_server veth_srv_c1
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080'
observe 'each request has its reply'                    last_line client1 '^10 sent, 10 received, 0% lost$'
end_capture cable1

time_of() { printf %d.%09d $((16#${1:32:16})) $((16#${1:24:8})); }   # MESSAGE: in seconds since 1970
clock() { printf '%(%T)T.%s' "${1%.*}" "${1#*.}"; }   # the local time of day
# By number: when request and reply passed, and what time they say.
fields cable1 udp frame.time_epoch udp.payload | sort -s -k 2.17b,2.24b | paste - - |
  while read -r asked request answered reply; do
    number=$((16#${request:16:8})) request=$(time_of "$request") reply=$(time_of "$reply")
    printed=$(sed -nE "s/^reply $number: (.*), round trip ([0-9.]+) ms$/\1 \2/p" "${log[client1]}")
    logged=$(sed -nE "s/^([0-9:.]+) 10\.0\.1\.2:[0-9]+ request $number$/\1/p" "${log[server]}")
    echo "$number $asked $request $reply $answered $printed $logged" \
      "$(clock "$asked") $(clock "$reply") $(clock "$answered")"
  done > $lab/times
observe 'the wire has the same ten'                     [ "$(cut -d ' ' -f 1 $lab/times | xargs)" = '1 2 3 4 5 6 7 8 9 10' ]

# agree CONDITION: for each number (asked, request, reply ...). A capture's times end with the microsecond, cut off.
agree() {
  seen=$(awk "
    function us(time) { return substr(time, 1, 15) }
    { asked = \$2; request = \$3; reply = \$4; answered = \$5; printed = \$6; round_trip = \$7; logged = \$8
      clock_asked = us(\$9); clock_reply = \$10; clock_answered = us(\$11) }
    NF != 11 || !($1)" $lab/times)
  [ -z "$seen" ]
}
observe 'a request tells when it was sent'              agree 'request <= asked + 2e-6 && request > asked - 5'
observe "a reply tells the server's time"               agree 'reply >= asked && reply <= answered + 2e-6'
observe 'the client prints it, in local time'           agree 'printed == clock_reply'
observe 'the log has the time between the two'          agree 'logged >= clock_asked && logged <= clock_answered'
observe 'the round trip is no shorter than the wire'    agree 'round_trip >= (answered - asked) * 1000 - 0.01'
observe 'nor longer, but for the client itself'         agree "round_trip <= (answered - asked) * 1000 + $slack"
took=$(awk 'NR == 1 { first = $2 } END { printf "%d", ($2 - first) * 1000 }' $lab/times)
observe "one every half second: ten in $took ms"        [ "$took" -ge 4400 -a "$took" -le $((4500 + slack)) ]
