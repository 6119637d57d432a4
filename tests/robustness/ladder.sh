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

say 'What it cannot draw'
observe 'no such file'                                  refused 1 'ladder: nothing.pcap cannot be read' nothing.pcap
observe 'no capture'                                    refused 1 'server.log' server.log
observe 'no packet'                                     refused 1 'ladder: no packet' -Y 'tcp.port == 1' $lab/many.pcap
observe 'no filter'                                     refused 1 'ladder: ' -Y 'no filter' $lab/many.pcap
observe 'no file'                                       refused 2 'usage: tests/ladder'
observe 'no option'                                     refused 2 'usage: tests/ladder' -x $lab/many.pcap
