#!/usr/bin/env bash
# Requests typed into nc: whole, in pieces, two at once, and one that breaks the protocol.
. "$(dirname "$0")/../lib.sh"
lab_up

start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8085' 'listening on'
start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on '
capture cable1  ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 nc 10.0.1.1 8085'
replies() { seen=$(< "${log[client1]}") seen=${seen//$'\r'} seen=${seen//$'\n'/ }; [ "$seen" = "$1" ]; }
type_line client1 'SET colour "deep blue"'
observe 'a line is a request: +OK'                      replies '+OK'
type_line client1 'GET colour'
observe 'nine bytes: $9, deep blue'                     replies '+OK $9 deep blue'
type_line client1 'DEL colour'
observe 'the integer 1: :1'                             replies '+OK $9 deep blue :1'

line    client1 '<' 'PI (Ctrl-D)'
printf PI >&"${keyboard[client1]}"
observe 'two bytes more have arrived, and been read'    sockets ns_server -tinO "^ESTAB +0 +0 .* bytes_received:$((23 + 11 + 11 + 2)) "
type_line client1 'NG'
observe 'the rest is: +PONG'                            replies '+OK $9 deep blue :1 +PONG'
interrupt client1
end_capture cable1
pieces() { seen=$(fields cable1 'tcp.port == 8085 && tcp.len > 0' ip.src tcp.len | tail -n 3 | xargs); [ "$seen" = "$1" ] || return 3; }
observe 'two segments, and only then the reply'         pieces '10.0.1.2 2 10.0.1.2 3 10.0.1.1 7'
observe 'to one request'                                prints server ' request PING$' 1

say 'Two requests at once'
capture cable1b ns_server veth_srv_c1
start   client1 "printf 'SET a 1\\r\\nGET a\\r\\n' | sudo ip netns exec ns_client1 nc 10.0.1.1 8085"
observe 'two replies'                                   replies '+OK $1 1'
ended client1 || kill -s INT -- "-${pid[client1]}" 2>> $lab/quiet   # ncat ends by itself, perhaps just now
finish  client1
end_capture cable1b
observe 'to one segment of 16 bytes'                    packets cable1b 'tcp.dstport == 8085 && tcp.len == 16' -eq 1
observe 'in a segment each: 5 bytes, and 7'             packets cable1b 'tcp.srcport == 8085 && (tcp.len == 5 || tcp.len == 7)' -eq 2

say 'One that breaks the protocol'
run     client1 "printf '*1\\r\\n\$99999999999\\r\\n' | sudo ip netns exec ns_client1 nc 10.0.1.1 8085"
observe 'is told so'                                    replies '-ERR Protocol error: not a length of at most 65536: 99999999999'
observe 'and the server closes the connection'          prints server ' 10\.0\.1\.2:[0-9]+ disconnected by us\. Protocol error: not a length'
interrupt server
observe 'and lives, until C-c'                          exits server 130
