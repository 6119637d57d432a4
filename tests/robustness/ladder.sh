#!/usr/bin/env bash
# tests/ladder: captures of what no section draws, logs between the packets, and files that are none.
. "$(dirname "$0")/../lib.sh"
lab_up

# drawn ARGUMENT...: what it draws, without times, clients' ports and gaps.
drawn() {
  tests/ladder "$@" > $lab/out 2>&1; status=$?
  sed -E '/^ *\+[0-9.]+ s /d; s/^[0-9.]{9} /SS.UUUUUU /; s/:[3-6][0-9]{4}/:PORT /; s/ +$//' $lab/out > $lab/drawn
}
is() { seen=$(cat $lab/drawn); [ "$seen" = "$(cat)" ] || return 3; }
refused() { drawn "${@:3}"; seen="$status: $(cat $lab/out)"; [ "$status" = "$1" ] && [[ $seen == *$2* ]] || return 3; }

say 'Log lines'
capture cable1 ns_server veth_srv_c1
start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'
ready   server  'serving on'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 2 -i 0.3'
end_capture cable1
{ read -r first; read -r _; read -r third; } < <(fields cable1 udp frame.time_epoch)
stamp() { date -d "@$(awk -v time="$1" -v more="$2" 'BEGIN { printf "%.6f", time + more }')" +%T.%6N; }   # as a log has it
{
  echo 'without a time'
  echo "$(stamp "$first" -5) before the capture"
  echo "$(stamp "$third" 0.00001) 10.0.1.2:40000 what it is about"
  echo "$(stamp "$third" 0.5) X SIGPIPE, status 141"
} > server.log
echo "$(stamp "$third" -0.1) it waits" > client.log
drawn -Y udp $lab/cable1.pcap server=server.log client1=client.log
observe 'each stands at its time and host'              is << 'LADDER'
          client 1                                  server
          10.0.1.2:PORT                             10.0.1.1:8080
SS.UUUUUU |-- request 1 --------------------------->|
SS.UUUUUU |<----------------------------- reply 1 --|
SS.UUUUUU | it waits                                |
SS.UUUUUU |-- request 2 --------------------------->|
SS.UUUUUU |                                         | what it is about
SS.UUUUUU |<----------------------------- reply 2 --|
          |                                         X SIGPIPE, status 141
LADDER
drawn -Y udp $lab/cable1.pcap
observe 'a gap in time is a row of its own'             grep -qE '^ +\+[0-9]+\.[0-9]{2} s : +:$' $lab/out
drawn -Y arp $lab/cable1.pcap
observe 'ARP asks, and is answered'                     grep -q '^SS.UUUUUU |-- who has 10.0.1.1? -*>|$' $lab/drawn

say 'What repeats itself'
capture many   ns_server veth_srv_c1
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 40 -i 0.01'
end_capture many
drawn -Y udp $lab/many.pcap
observe 'is left out'                                   [ "$(wc -l < $lab/drawn)|$(tail -n 1 $lab/drawn | grep -c ' reply 40 --|')" = '11|1' ]
observe 'and counted'                                   grep -q '^ *: *\.\.\. 72 more *:$' $lab/drawn
drawn -a -Y udp $lab/many.pcap
observe 'unless it is asked for'                        [ "$(wc -l < $lab/drawn)" = 82 ]
interrupt server

say 'Nobody there'
capture lo     ns_server lo
start   server  'sudo ip netns exec ns_server ./time_client 127.0.0.1 8080 -c 1'
finish  server
two_packets() { [ "$(fields lo frame frame.number | wc -l)" = 2 ]; }   # (end_capture would add an echo)
within "$patience" two_packets || fault 'no capture on lo'
kill "${capture_pid[lo]}"
drawn $lab/lo.pcap
observe 'on the loopback, the ports are the columns'    is << 'LADDER'
          127.0.0.1                                 127.0.0.1:8080
          :PORT
SS.UUUUUU |-- request 1 --------------------------->|
SS.UUUUUU |<-------------- ICMP: port unreachable --|
LADDER

# pcap FILE < TABLE of SECONDS CAPTURED BYTES: a capture of IPv4 with nothing below (pcap-savefile(5)).
pcap() {
  local seconds captured bytes
  printf %b "$({
    echo a1b2c3d400020004000000000000000000040000000000e4
    while read -r seconds captured bytes; do
      ((2 * captured <= ${#bytes})) || captured=$((${#bytes} / 2))
      printf '%08x%08x%08x%08x%s\n' "$seconds" 0 "$captured" $((${#bytes} / 2)) "${bytes:0:2 * captured}"
    done
  } | sed 's/../\\x&/g' | tr -d '\n')" > "$1"
}
ip() {  # PROTOCOL BYTES [FRAGMENT]: the packet that carries them from client 1 to the server
  local bytes=${2// /}
  printf '4500%04x%s40%02x00000a0001020a000101%s' $((20 + ${#bytes} / 2)) "${3-00000000}" "$1" "$bytes"
}
syn=c0001f95000000010000000050020800000000 tcp=c0001f95000000020000000150180800000000 udp=c0001f90000d0000
text=68656c6c6f

say 'What is no whole packet of UDP, TCP or ICMP'
expected=() packets=
while IFS='|' read -r what protocol bytes captured fragment; do
  packets+="${#expected[@]} ${captured:-999} $(ip "$protocol" "$bytes" ${fragment:+"$fragment"})"$'\n'
  expected+=("$what")
done << TABLE
IGMP|2|16000000e0000001
SCTP|132|c0001f95000000000000000000000000
GRE|47|00000800$(ip 17 $udp$text)
IP|4|$(ip 6 ${syn}00)
OSPF|89|0201002c0a000101
ESP|50|0000000100000001
IP protocol 253|253|$text
62 bytes|17|c00012b500460000 0800000000000100 020000000001020000000002 0800 $(ip 6 ${syn}00)
a fragment|17|$udp|28|00012000
5 bytes: "hello"|17|$text|25|00010001
a fragment|17|$text|25|00020001
5 bytes: "hello"|17|$udp$text
5 bytes: "h"...|17|$udp$text|29
5 bytes|17|$udp$text|28
UDP, cut off|17|$udp$text|25
SYN|6|${syn}00
5 bytes: +OK|6|${tcp}002b4f4b0d0a
again: 5 bytes: "+O"...|6|${tcp}002b4f4b0d0a|42
again: 20 bytes: get a...|6|${tcp}002a320d0a24330d0a6765740d0a24350d0a616263|58
TCP, cut off|6|${syn}00|34
TCP, cut off|6|${syn}00|24
ICMP: port unreachable|1|0303000000000000$(ip 17 $udp)
ICMP, cut off|1|0303000000000000$(ip 17 $udp)|21
TABLE
pcap $lab/table.pcap <<< "${packets%?}"
drawn -a $lab/table.pcap
mapfile -t labels < <(sed -nE 's/^SS.UUUUUU \|-- (.*) -+>\|$/\1/p' $lab/drawn | sed 's/ (:PORT )//; s/ -*$//')
for i in "${!expected[@]}"; do
  observe "${expected[i]}"                              [ "${labels[i]-}" = "${expected[i]}" ]
done
pcap $lab/one.pcap <<< "1 14 $(ip 17 $udp)"
drawn $lab/one.pcap
observe 'hosts that are cut off, too'                   is << 'LADDER'
          ?

SS.UUUUUU | UDP, cut off
LADDER

say 'Days, and clocks'
export TZ=CET-1CEST,M3.5.0,M10.5.0/3
evening=1782921600   # 18:00 on a day in July
one_packet() { echo "$1 99 $(ip 17 $udp$text)"; }
pcap $lab/days.pcap <<< "$(one_packet $evening)"$'\n'"$(one_packet $((evening + 54000)))"
touch -d 2026-12-24 $lab/days.pcap   # it was copied in winter
printf '%s\n' '18:00:00.200000 in July' '09:00:00.300000 the next day' '09:00:02.000000 too late' > run=1.log
drawn $lab/days.pcap server=run=1.log
observe 'the next morning is drawn below the evening'   is << 'LADDER'
          client 1                                  server
          10.0.1.2:PORT                             10.0.1.1:8080
SS.UUUUUU |-- 5 bytes: "hello" -------------------->|
SS.UUUUUU |                                         | in July
 +15.00 h :                                         :
SS.UUUUUU |-- 5 bytes: "hello" -------------------->|
SS.UUUUUU |                                         | the next day
LADDER
pcap day=1.pcap <<< "$(one_packet $evening)"
pcap day=2.pcap <<< "$(one_packet $((evening + 90000)))"
echo '19:00:00.100000 tomorrow' > tomorrow.log
drawn day=2.pcap day=1.pcap client1=tomorrow.log
observe 'so are two captures, 25 hours apart'           is << 'LADDER'
          client 1                                  server
          10.0.1.2:PORT                             10.0.1.1:8080
SS.UUUUUU |-- 5 bytes: "hello" -------------------->|
 +25.00 h :                                         :
SS.UUUUUU |-- 5 bytes: "hello" -------------------->|
SS.UUUUUU | tomorrow                                |
LADDER
drawn day=1.pcap client1=tomorrow.log
observe 'a log of another time: so it says'             [ "$status|$(head -n 1 $lab/out)" = '0|ladder: ./tomorrow.log: no line begins with a time of day of these packets' ]
{ cat day=1.pcap; one_packet $((evening + 1)) | pcap /dev/stdout | tail -c +25 | head -c -1; } > short.pcap
drawn short.pcap day=2.pcap
observe 'one is cut short: so it says'                  [ "$status|$(grep -c '^tshark: .*short.pcap' $lab/out)" = '1|1' ]
observe 'and draws all that there is'                   [ "$(grep -c 'hello' $lab/drawn)" = 2 ]
unset TZ

say 'What it cannot draw'
observe 'no such file'                                  refused 1 'ladder: nothing.pcap cannot be read' nothing.pcap
observe 'a directory'                                   refused 1 'ladder: tests cannot be read' tests
observe 'no capture'                                    refused 1 'server.log' server.log
observe 'no packet'                                     refused 1 'ladder: no packet' -Y 'tcp.port == 1' $lab/many.pcap
observe 'no filter'                                     refused 1 'ladder: ' -Y 'no filter' $lab/many.pcap
observe 'no file'                                       refused 2 'usage: tests/ladder'
observe 'no option'                                     refused 2 'usage: tests/ladder' -x $lab/many.pcap
