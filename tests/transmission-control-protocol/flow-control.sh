#!/usr/bin/env bash
# A reader that does not read stops the writer: buffers fill, the window closes, write(2) blocks. Nothing is lost.
. "$(dirname "$0")/../lib.sh"
lab_up

position() { awk '/^pos/ { print $2 }' "/proc/${pid[client1]}/fdinfo/0"; }
asleep() { local stat; read -r stat < "/proc/${pid[client1]}/stat"; [[ $stat == *') S '* ]]; }   # in write(2): a file never blocks
stalled() {  # the server's window is closed, and the client is blocked, and has read no more of its file for half a second
  local before
  sockets ns_client1 -tano 'timer:\(persist,' && asleep || return 1
  before=$(position) proof="at byte $before"; seen=$proof
  nap 0.5
  [ "$before" -gt 0 ] && [ "$before" -lt 1000000 ] && asleep && [ "$(position)" = "$before" ]
}
connect() {
  start   server  'sudo ip netns exec ns_server ./byte_sink -r' '^next: listen'
  type_line server '' '^next: accept'
  start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080 < lines'
  type_line server '' '^next: recv'
}

run     host    'yes abcdefg | head -c 1000000 > lines'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8080' 'listening on'
capture cable1  ns_server veth_srv_c1
connect
observe 'simple_nc stops in the middle of its file'     stalled
run     look1 'sudo ip netns exec ns_server ss -tan'
observe 'Recv-Q at the server is full'                  prints look1 '^ESTAB +[0-9]{5,} +0 '
run     look2 'sudo ip netns exec ns_client1 ss -tano'
observe 'so is Send-Q at the client, with a timer: persist' prints look2 '^ESTAB +0 +[0-9]{5,} .*timer:\(persist,'
# A write that is stopped and continued in the middle returns early, with what it has written so far.
stopped() { grep -q '^State:.T' "/proc/${pid[client1]}/status"; }
quietly kill -STOP "${pid[client1]}"
observe 'C-z stops the client inside of write'          stopped
quietly kill -CONT "${pid[client1]}"
observe 'the client asks again and again'               at_last sockets ns_client1 -tinoO 'timer:\(persist,.* backoff:[5-9]'
end_capture cable1
observe 'whether the window is still zero'              packets cable1 'ip.src == 10.0.1.1 && tcp.window_size == 0' -ge 5
observe 'waiting about twice as long each time'         doubling cable1 'ip.src == 10.0.1.2 && tcp.len == 0 && tcp.seq > 1' 4
observe 'tcpdump shows the closed window'               prints wire '10\.0\.1\.1\.8080 > .* win 0,'
ladder  tcp cable1
interrupt wire
full() { sockets ns_client1 -tano 'timer:\(persist,|^FIN-WAIT-2'; }   # or all has come
for ((step = 1; step <= 12; step++)); do
  within "$patience" full || fault 'the client goes on, and does not fill the buffer' "$seen"
  type_line server 200000
  within "$patience" prints server ' recv\(\) = ' $step || fault 'byte_sink does not go on'
  ! prints server 'end of the stream' || break
done
observe "$step recv() let it go on: it ends"            exits client1 0
observe 'the server reads the end of the stream'        prints server ' recv\(\) = 0: the end of the stream'
observe 'every byte has arrived'                        total server 1000000
interrupt server

say 'A server that is killed while its client is blocked'
connect
observe 'simple_nc stops in the middle of its file'     stalled
interrupt server
observe 'the blocked write fails: reset'                prints client1 '^simple_nc: write 10\.0\.1\.1:8080: Connection reset by peer$'
observe 'and the next one meets SIGPIPE'                exits client1 141
