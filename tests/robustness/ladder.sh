#!/usr/bin/env bash
# tests/ladder: what no section draws, logs between the packets, and files that are none. All captures are made here.
. "$(dirname "$0")/../lib.sh"
export TZ=UTC

# drawn ARGUMENT...: what it draws is in the file drawn, and its status in $status.
drawn() { tests/ladder "$@" > drawn 2>&1; status=$?; }
is() { seen=$(cat drawn); [ "$seen" = "$(cat)" ] || return 3; }
refused() { drawn "${@:3}"; seen="$status: $(cat drawn)"; [ "$status" = "$1" ] && [[ $seen == *$2* ]] || return 3; }

# pcap FILE < LINES of MICROSECONDS CAPTURED BYTES: a capture of IPv4 and ARP on an Ethernet, whose own header is
# neither in BYTES nor counted in CAPTURED (pcap-savefile(5)).
pcap() {
  local time captured bytes type
  printf %b "$({
    echo a1b2c3d400020004000000000000000000040000 00000001
    while read -r time captured bytes; do
      type=0806; [[ $bytes != 45* ]] || type=0800
      ((2 * captured <= ${#bytes})) || captured=$((${#bytes} / 2))
      printf '%08x%08x' $((time / 1000000)) $((time % 1000000)) $((captured + 14)) $((${#bytes} / 2 + 14))
      echo "020000000001020000000002$type${bytes:0:2 * captured}"
    done
  } | tr -d ' \n' | sed 's/../\\x&/g')" > "$1"
}
client1=0a000102 server=0a000101 loopback=7f000001
ip() {  # PROTOCOL BYTES [FROM TO [FRAGMENT]]: the packet that carries them, from client 1 to the server
  local bytes=${2// /}
  printf '4500%04x%s40%02x0000%s' $((20 + ${#bytes} / 2)) "${5-00000000}" "$1" "${3-$client1}${4-$server}$bytes"
}
# request NUMBER [FROM TO], reply NUMBER: messages of time_protocol.h
request() { ip 17 "c0001f9000200000 54494d4500000001$(printf %08x%024d "$1" 0)" "${@:2}"; }
reply() { ip 17 "1f90c00000200000 54494d4500000002$(printf %08x%024d "$1" 0)" $server $client1; }
syn=c0001f95000000010000000050020800000000 tcp=c0001f95000000020000000150180800000000 udp=c0001f90000d0000
text=68656c6c6f

say 'Packets and the lines of logs, in the order of time'
{
  echo "1000000 99 0001080006040001020000000001${client1}000000000000$server"
  echo "1000010 99 0001080006040002020000000002${server}020000000001$client1"
  for n in {1..40}; do echo "$((n + 12))00000 99 $(request "$n")"$'\n'"$((n + 12))00500 99 $(reply "$n")"; done
} > packets
pcap packets.pcap < packets
cat > server.log << 'LOG'
without a time
00:00:00.500000 before the capture
00:00:01.350000 10.0.1.2:40000 what it is about
00:00:05.400000 X SIGPIPE, status 141
LOG
echo '00:00:01.250000 it waits' > client.log
drawn packets.pcap server=server.log client1=client.log
observe 'each at its time and host, what repeats itself is left out' is << 'LADDER'
          client 1                                  server
          10.0.1.2:49152                            10.0.1.1:8080
01.000000 |-- who has 10.0.1.1? ------------------->|
01.000010 |<--------------------- I have 10.0.1.1 --|
  +0.25 s :                                         :
01.250000 | it waits                                |
01.300000 |-- request 1 --------------------------->|
01.300500 |<----------------------------- reply 1 --|
01.350000 |                                         | what it is about
01.400000 |-- request 2 --------------------------->|
01.400500 |<----------------------------- reply 2 --|
01.500000 |-- request 3 --------------------------->|
01.500500 |<----------------------------- reply 3 --|
          :  ... 72 more                            :
05.200000 |-- request 40 -------------------------->|
05.200500 |<---------------------------- reply 40 --|
  +0.20 s :                                         :
          |                                         X SIGPIPE, status 141
LADDER
drawn -a packets.pcap
observe 'unless it is asked for'                        [ "$(grep -c reply drawn)" = 40 ]

say 'Nobody there'
pcap lo.pcap << PACKETS
0 99 $(request 1 $loopback $loopback)
10 99 $(ip 1 "03030000 00000000$(request 1 $loopback $loopback)" $loopback $loopback)
PACKETS
drawn lo.pcap
observe 'on the loopback, the ports are the columns'    is << 'LADDER'
          127.0.0.1                                 127.0.0.1:8080
          :49152
00.000000 |-- request 1 --------------------------->|
00.000010 |<-------------- ICMP: port unreachable --|
LADDER

say 'What is no whole packet of UDP, TCP or ICMP'
expected=() packets=
while IFS='|' read -r what protocol bytes captured fragment; do
  packets+="${#expected[@]} ${captured:-999} $(ip "$protocol" "$bytes" $client1 $server ${fragment:+"$fragment"})"$'\n'
  expected+=("$what")
done << TABLE
IP protocol 47|47|00000800$(ip 17 $udp$text)
IP protocol 253|253|$text
62 bytes (:49152)|17|c00012b500460000 0800000000000100 020000000001020000000002 0800 $(ip 6 ${syn}00)
a fragment|17|$udp|28|00012000
5 bytes: "hello" (:49152)|17|$text|25|00010001
a fragment|17|$text|25|00020001
5 bytes: "hello" (:49152)|17|$udp$text
5 bytes: "h"... (:49152)|17|$udp$text|29
5 bytes (:49152)|17|$udp$text|28
UDP, cut off (:49152)|17|$udp$text|25
SYN (:49152)|6|${syn}00
5 bytes: +OK (:49152)|6|${tcp}002b4f4b0d0a
again: 5 bytes: "+O"... (:49152)|6|${tcp}002b4f4b0d0a|42
again: 20 bytes: get a... (:49152)|6|${tcp}002a320d0a24330d0a6765740d0a24350d0a616263|58
TCP, cut off (:49152)|6|${syn}00|34
TCP, cut off (:49152)|6|${syn}00|24
ICMP: port unreachable|1|0303000000000000$(ip 17 $udp)
ICMP, cut off|1|0303000000000000$(ip 17 $udp)|21
TABLE
pcap table.pcap <<< "${packets%?}"
drawn -a table.pcap
mapfile -t labels < <(sed -nE 's/^[0-9.]{9} \|-- (.*[^-]) -+>\|$/\1/p' drawn)
for i in "${!expected[@]}"; do
  observe "${expected[i]}"                              [ "${labels[i]-}" = "${expected[i]}" ]
done
pcap one.pcap <<< "1000000 14 $(ip 17 $udp)"
drawn one.pcap
observe 'hosts that are cut off, too'                   [ "$(xargs < drawn)" = '? 01.000000 | UDP, cut off' ]

say 'Days, and clocks'
export TZ=CET-1CEST,M3.5.0,M10.5.0/3
evening=1782921600 hour=3600   # 18:00 on a day in July
packet() { echo "${1}000000 99 $(ip 17 $udp$text)"; }
{ packet $evening; packet $((evening + 15 * hour)); packet $((evening + 16 * hour)); } | pcap whole.pcap
head -c -1 whole.pcap > day=1.pcap   # so the last packet is none
touch -d 2026-12-24 day=1.pcap       # it was copied in winter
packet $((evening + 25 * hour)) | pcap day=2.pcap
printf '%s\n' '18:00:00.200000 in July' '09:00:00.300000 the next day' > run=1.log
printf '%s\n' '19:00:00.100000 tomorrow' '19:00:02.000000 too late' > tomorrow.log
drawn day=2.pcap day=1.pcap server=run=1.log client1=tomorrow.log
observe 'a capture that is cut short: so it says'       [ "$status|$(grep -c '^tshark: .*day=1.pcap' drawn)" = '1|1' ]
sed -i '/^tshark: /d' drawn
observe 'and draws it all the same; a day later is below' is << 'LADDER'
          client 1                                  server
          10.0.1.2:49152                            10.0.1.1:8080
00.000000 |-- 5 bytes: "hello" -------------------->|
  +0.20 s :                                         :
00.200000 |                                         | in July
 +15.00 h :                                         :
00.000000 |-- 5 bytes: "hello" -------------------->|
  +0.30 s :                                         :
00.300000 |                                         | the next day
 +10.00 h :                                         :
00.000000 |-- 5 bytes: "hello" -------------------->|
00.100000 | tomorrow                                |
LADDER
drawn day=2.pcap client1=run=1.log
observe 'a log of another time: so it says'             [ "$status|$(head -n 1 drawn)" = '0|ladder: ./run=1.log: no line begins with a time of day of these packets' ]

say 'What it cannot draw'
observe 'no such file'                                  refused 1 'ladder: nothing.pcap cannot be read' nothing.pcap
observe 'a directory'                                   refused 1 'ladder: tests cannot be read' tests
observe 'no capture'                                    refused 1 'server.log' server.log
observe 'no packet'                                     refused 1 'ladder: no packet' -Y 'tcp.port == 1' packets.pcap
observe 'no filter'                                     refused 1 'ladder: ' -Y 'no filter' packets.pcap
observe 'no file'                                       refused 2 'usage: tests/ladder'
observe 'no option'                                     refused 2 'usage: tests/ladder' -x packets.pcap
