#!/usr/bin/env bash
# A reader that does not read stops the writer: buffers fill, the window closes, write(2) blocks. Nothing is lost.
. "$(dirname "$0")/../lib.sh"
lab_up

queue() { at "$1" ss -Htan state connected "( sport = :8080 or dport = :8080 )" | awk -v column="$2" '{ print $column }'; }
position() { awk '/^pos/ { print $2 }' "/proc/${pid[client1]}/fdinfo/0"; }
asleep() { local stat; read -r stat < "/proc/${pid[client1]}/stat"; [[ $stat == *') S '* ]]; }   # in write(2): a file never blocks
stalled() {  # the server's window is closed, and the client is blocked, and has read no more of its file for half a second
  local before
  sockets ns_client1 -tano 'timer:\(persist,' && asleep || return 1
  before=$(position); seen="at byte $before"
  nap 0.5
  [ "$before" -gt 0 ] && asleep && [ "$(position)" = "$before" ]
}
# When the client sent empty segments after the window had closed: its probes.
probes() {
  tcpdump -n -tt -r $lab/cable1.pcap 'tcp port 8080' 2>/dev/null | awk '
    /10\.0\.1\.1\.8080 > .* win 0,/ { closed = 1 }
    closed && /> 10\.0\.1\.1\.8080: .* length 0$/ { print $1 }' > $lab/probes
  seen="$(wc -l < $lab/probes) probes"
  [ "$(wc -l < $lab/probes)" -ge 5 ]
}
# The gaps between the last four probes: each near twice the one before.
probes_double() {
  seen=$(awk 'NR > 1 { print $1 - last } { last = $1 }' $lab/probes | tail -n 3 | xargs) proof="gaps: $seen s"
  awk '{ exit !($2 > 1.6 * $1 - 0.1 && $2 < 2.5 * $1 + 0.1 && $3 > 1.6 * $2 - 0.1 && $3 < 2.5 * $2 + 0.1) }' <<< "$seen" ||
    return 3
}
connect() {
  start   server  'sudo ip netns exec ns_server ./byte_sink -r'
  ready   server  '^next: listen'
  type_line server ''
  ready   server  '^next: accept'
  start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080 < lines'
  type_line server ''
  ready   server  '^next: recv'
}

run     host    'yes abcdefg | head -c 1000000 > lines'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8080'
ready   wire    'listening on'
capture cable1  ns_server veth_srv_c1
connect
observe 'simple_nc stops in the middle of its file'     stalled
observe 'it has not ended'                              eval '! ended client1'
recv_q=$(queue ns_server 2) send_q=$(queue ns_client1 3)
observe "Recv-Q at the server is full: $recv_q"         [ "$recv_q" -gt 10000 ]
observe "so is Send-Q at the client: $send_q"           [ "$send_q" -gt 10000 ]
run     look1 'sudo ip netns exec ns_server ss -tan'
observe 'ss shows the one'                              prints look1 "^ESTAB +$recv_q "
run     look2 'sudo ip netns exec ns_client1 ss -tano'
observe 'and the other, with a timer called persist'    prints look2 "^ESTAB +0 +$send_q .*timer:\(persist,"
# A write that is stopped and continued in the middle returns early, with what it has written so far.
stopped() { grep -q '^State:.T' "/proc/${pid[client1]}/status"; }
quietly kill -STOP "${pid[client1]}"
observe 'C-z stops the client inside of write'          stopped
quietly kill -CONT "${pid[client1]}"
observe 'the client asks again and again: its probes'   probes
observe 'waiting about twice as long each time'         probes_double
observe 'tcpdump shows the closed window'               prints wire '10\.0\.1\.1\.8080 > .* win 0,'
interrupt wire
for ((step = 0; step < 12; step++)); do
  type_line server 200000
  within "$patience" eval '[ "$(grep -cE "recv\(\) = |accept\(\)\. ss" "${log[server]}")" -gt '$((step + 1))' ]' || fault 'byte_sink does not go on'
  ! grep -q 'end of the stream' "${log[server]}" || break
done
observe "$((step + 1)) recv() let it go on: it ends"         exits client1 0
observe 'the server reads the end of the stream'        prints server 'end of the stream'
observe 'every byte has arrived'                        [ "$(sed -nE 's/.* recv\(\) = ([0-9]+): .*/\1/p' "${log[server]}" | awk '{ n += $1 } END { print n }')" = 1000000 ]
end_capture cable1
observe 'the window on the wire was zero'               packets cable1 'ip.src == 10.0.1.1 && tcp.window_size == 0 && tcp.flags.reset == 0' -ge 4
ladder  'tcp && frame.time_relative < 7' cable1
interrupt server

say 'A server that is killed while its client is blocked'
connect
observe 'simple_nc stops in the middle of its file'     stalled
interrupt server
observe 'the blocked write fails: reset'                prints client1 '^simple_nc: write 10\.0\.1\.1:8080: Connection reset by peer$'
observe 'and the next one meets SIGPIPE'                exits client1 141
