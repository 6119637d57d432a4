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

# By number: when request and reply passed, and what time they say, in seconds since 1970.
declare -a asked=() answered=() request=() reply=()
while read -r passed payload; do
  number=$((16#${payload:16:8}))
  printf -v time %d.%09d $((16#${payload:32:16})) $((16#${payload:24:8}))
  if [ "${payload:8:8}" = 00000001 ]; then asked[number]=$passed request[number]=$time
  else answered[number]=$passed reply[number]=$time; fi
done < <(fields cable1 udp frame.time_epoch udp.payload)
clock() { printf '%(%T)T.%s' "${1%.*}" "${1#*.}"; }   # the local time of day
for number in {1..10}; do
  printed=$(sed -nE "s/^reply $number: (.*), round trip ([0-9.]+) ms$/\1 \2/p" "${log[client1]}")
  logged=$(sed -nE "s/^([0-9:.]+) 10\.0\.1\.2:[0-9]+ request $number$/\1/p" "${log[server]}")
  echo "$number ${asked[number]} ${request[number]} ${reply[number]} ${answered[number]} $printed $logged" \
    "$(clock "${asked[number]}") $(clock "${reply[number]}") $(clock "${answered[number]}")"
done > $lab/times

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
