#!/usr/bin/env bash
# The server is killed; its client goes on writing. What the client learns depends on what lay unread.
. "$(dirname "$0")/../lib.sh"
[[ $(nc -h 2>&1) == *-N[[:space:]]* ]] || skip 'this nc has no -N (package netcat-openbsd)'
lab_up

connect() {
  start   server  'sudo ip netns exec ns_server ./byte_sink -r' '^next: listen'
  type_line server '' '^next: accept'
  start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080'
  observe 'connected'                                   sockets ns_client1 -tan '^ESTAB '
  type_line server '' '^next: recv'
}

start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8080' 'listening on'

say 'Killed with an empty receive buffer'
capture empty   ns_server veth_srv_c1
connect
interrupt server
run     look1   'sudo ip netns exec ns_client1 ss -tan'
observe 'its kernel sends FIN: CLOSE-WAIT'              sockets ns_client1 -tan '^CLOSE-WAIT '
type_line client1 'anybody there?'
observe 'the first write is answered by RST'            sockets ns_client1 -tan . 0
type_line client1 'hello?'
observe 'the second kills it: SIGPIPE, 128 + 13'        exits client1 141
observe 'and neither write says a word'                 never_prints client1 .
end_capture empty
observe 'FIN from the server'                           packets empty 'ip.src == 10.0.1.1 && tcp.flags.fin == 1' -eq 1
observe 'the bytes went out'                            packets empty 'ip.src == 10.0.1.2 && tcp.len == 15' -eq 1
observe 'RST came back'                                 packets empty 'ip.src == 10.0.1.1 && tcp.flags.reset == 1' -eq 1
observe 'the second write sent nothing'                 packets empty 'ip.src == 10.0.1.2 && tcp.len == 7' -eq 0
ladder  tcp empty

say 'Alive, with one direction closed'
capture half    ns_server veth_srv_c1
start   server  'sudo ip netns exec ns_server nc -N -l 8080 < /dev/null'
observe 'netcat listens'                                sockets ns_server -tln ':8080 '
start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080'
observe 'FIN from it, too: CLOSE-WAIT'                  sockets ns_client1 -tan '^CLOSE-WAIT '
type_line client1 'anybody there?'
observe 'the first line arrives'                        prints server '^anybody there\?$'
type_line client1 'hello?'
observe 'and the second'                                prints server '^hello\?$'
observe 'the client is where it was'                    sockets ns_client1 -tan '^CLOSE-WAIT '
end_input client1
observe 'and ends well'                                 exits client1 0
observe 'as does the server'                            exits server 0
end_capture half
observe 'FIN came before the lines'                     [ "$(fields half 'tcp.flags.fin == 1 || tcp.len > 0' ip.src | xargs)" = '10.0.1.1 10.0.1.2 10.0.1.2 10.0.1.2' ]
observe 'and no RST'                                    packets half 'tcp.flags.reset == 1' -eq 0

say 'Killed with bytes unread'
capture unread  ns_server veth_srv_c1
connect
type_line client1 'never read'
observe 'bytes wait at the server'                      sockets ns_server -tan '^ESTAB +11 '
interrupt server
run     look1   'sudo ip netns exec ns_client1 ss -tan'
observe 'its kernel sends RST: no connection is left'   sockets ns_client1 -tan . 0
type_line client1 'anybody there?'
observe 'the first write fails'                         prints client1 '^simple_nc: write 10\.0\.1\.1:8080: Connection reset by peer$'
observe 'and the client lives'                          stays eval '! ended client1'
type_line client1 'hello?'
observe 'the second kills it'                           exits client1 141
end_capture unread
observe 'RST at once'                                   packets unread 'ip.src == 10.0.1.1 && tcp.flags.reset == 1' -eq 1
observe 'and no FIN'                                    packets unread 'tcp.flags.fin == 1' -eq 0
observe 'neither write sent anything'                   packets unread 'ip.src == 10.0.1.2 && tcp.len > 0' -eq 1
ladder  tcp unread
