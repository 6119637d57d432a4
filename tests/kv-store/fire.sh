#!/usr/bin/env bash
# A client that sends its requests and FIN at once and reads no reply: SIGPIPE, every time.
. "$(dirname "$0")/../lib.sh"
IFS=.- read -r major minor _ <<< "$(uname -r)"
[ "$(nproc)" -gt 1 ] || [ $((100 * major + minor)) -ge 605 ] ||
  skip "with one processor, a kernel before 6.5 may let the server go on before it delivers what was sent"
lab_up

start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8085' 'listening on'
capture cable1  ns_server veth_srv_c1
start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on '
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1' '^OK$'
type_line client1 'fire'
observe 'the client leaves as if nothing were'          exits client1 0
observe 'and says so'                                   last_line client1 '^40 requests and FIN sent$'
observe 'the server is killed by SIGPIPE, 128 + 13'     exits server 141
observe 'its log ends with the second request'          last_line server ' PING "2"$'
end_capture cable1
observe 'forty requests and FIN in one segment'         packets cable1 'tcp.dstport == 8085 && tcp.flags.fin == 1 && tcp.len == 871' -eq 1
observe 'one reply to them'                             packets cable1 'tcp.srcport == 8085 && tcp.len == 7' -eq 1
observe 'which is answered by RST'                      packets cable1 'tcp.dstport == 8085 && tcp.flags.reset == 1' -eq 1
ladder  tcp cable1
observe 'the same, drawn as a ladder'                   pictured tcp cable1 << 'LADDER'
          client 1                                  server
          10.0.1.2:PORT                             10.0.1.1:8085
SS.UUUUUU |-- SYN --------------------------------->|
SS.UUUUUU |<----------------------------- SYN ACK --|
SS.UUUUUU |-- 27 bytes: set a 1 ------------------->|
SS.UUUUUU |<------------------------ 5 bytes: +OK --|
SS.UUUUUU |-- FIN, 871 bytes: PING 1, PING 2, ... ->|
SS.UUUUUU |<-------------------------- 7 bytes: 1 --|
SS.UUUUUU |-- RST --------------------------------->|
LADDER

say 'Over the other cable'
start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on '
start   client2 'sudo ip netns exec ns_client2 ./kv_client 10.0.2.1 8085'
type_line client2 'fire'
observe 'the same'                                      exits server 141

# A hundred times, with 2, 3 and 40 requests: not for a demonstration.
hundred() {
  local i server status
  for ((i = 1; i <= 100; i++)); do
    : > $lab/fire.log
    ip netns exec ns_server ./kv_store >> $lab/fire.log & server=$!
    within "$patience" eval '[[ $(< $lab/fire.log) == *" serving on "* ]]' || return 3
    at ns_client$((i % 2 + 1)) ./kv_client 10.0.$((i % 2 + 1)).1 8085 > $lab/quiet <<< "fire $((i % 3 == 0 ? 40 : i % 3 + 1))" || return 3
    within "$patience" eval '! kill -0 $server 2> /dev/null' || { seen="time $i: it lives"; kill $server; return 3; }
    wait $server; status=$?
    [ $status = 141 ] || { seen="time $i: exit status $status: $(< $lab/fire.log)"; return 3; }
  done
}
[ -n "${LAB_BRIEF-}" ] || observe 'a hundred servers out of a hundred are dead' hundred

say 'With -s'
start   server  'sudo ip netns exec ns_server ./kv_store -s' ' serving on '
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'set a 1' '^OK$'
type_line client1 'fire'
observe 'the server says what happened'                 prints server ' 10\.0\.1\.2:[0-9]+ lost while replying: Broken pipe$'
start   client2 'sudo ip netns exec ns_client2 ./kv_client 10.0.2.1 8085'
type_line client2 'get a'
observe 'and lives: the next client finds its data'     prints client2 '^"1"$'
type_line client2 'quit'
interrupt server

say 'A single request'
start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on '
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
type_line client1 'fire 1'
observe 'has been answered, and the connection ends'    prints server ' 10\.0\.1\.2:[0-9]+ disconnected$'
interrupt server
observe 'the server lives, until C-c'                   exits server 130
