#!/usr/bin/env bash
# Messages in a stream: what kv_client says, what kv_store answers, and each of them in one segment.
. "$(dirname "$0")/../lib.sh"
lab_up

ask() {  # ROLE REQUEST REPLY: the next line that the client prints is the reply
  local before; mapfile before < "${log[$1]}"
  type_line "$1" "$2"
  observe "$2: $3" replied "$1" ${#before[@]} "$3"
}
replied() { mapfile -s "$2" new < "${log[$1]}"; printf -v seen %s "${new[@]}"; [ "$seen" = "$3"$'\n' ]; }

run     host    'make kv_store kv_client'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n -w kv.pcap --print tcp port 8085' 'listening on'
start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on 0\.0\.0\.0:8085$'
capture cable1  ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
ask     client1 'set greeting hello world' OK
ask     client1 'get greeting'             '"hello world"'
ask     client1 'get nothing'              '(nil)'
ask     client1 'keys'                     '1) "greeting"'
requests=4

say 'The other commands'
ask     client1 'set greeting good evening' OK
ask     client1 'get greeting'             '"good evening"'
ask     client1 'set empty '               OK
ask     client1 'get empty'                '""'
ask     client1 'set blanks  a  b '        OK
ask     client1 'get blanks'               '" a  b "'
ask     client1 'KEYS'                     $'1) "blanks"\n2) "empty"\n3) "greeting"'
ask     client1 'DbSize'                   '(integer) 3'
ask     client1 'del greeting nothing empty blanks' '(integer) 3'
ask     client1 'keys'                     '(empty array)'
ask     client1 'dbsize'                   '(integer) 0'
ask     client1 'ping'                     PONG
ask     client1 'ping hello'               '"hello"'
ask     client1 'get'                      "(error) ERR wrong number of arguments for 'GET'"
ask     client1 'shout hello'              "(error) ERR unknown command 'shout'"
requests=$((requests + 15))
type_line client1 'help'
observe 'help tells what there is'                      prints client1 '^set KEY VALUE '
type_line client1 'quit'
observe 'quit is the end of the client'                 exits client1 0
observe 'the server notes it'                           prints server ' 10\.0\.1\.2:[0-9]+ disconnected$'
observe 'and has noted the requests'                    prints server ' 10\.0\.1\.2:[0-9]+ request set "greeting" "hello world"$'
end_capture cable1
interrupt wire
observe 'each request is a segment'                     packets cable1 'tcp.dstport == 8085 && tcp.len > 0 && !tcp.analysis.retransmission' -eq $requests
observe 'and so is each reply'                          packets cable1 'tcp.srcport == 8085 && tcp.len > 0 && !tcp.analysis.retransmission' -eq $requests
# shellcheck disable=SC2059
hex() { printf "$1" | od -An -v -tx1 | tr -d ' \n'; }   # of bytes as the README writes them
# shellcheck disable=SC2016
bytes="$(hex '*3\r\n$3\r\nset\r\n$8\r\ngreeting\r\n$11\r\nhello world\r\n') $(hex '+OK\r\n')"
observe 'they are the bytes that the README shows'      [ "$(fields cable1 'tcp.len > 0' tcp.payload | head -n 2 | xargs)" = "$bytes" ]
observe 'a handshake, and FIN from either side'         [ "$(fields cable1 'tcp.flags.syn == 1 || tcp.flags.fin == 1' tcp.srcport tcp.flags.str | sed 's/^[^8][0-9]*/client/; s/^8085/server/; s/·//g' | xargs)" = 'client S server AS client AF server AF' ]

run     look1   'tshark -r kv.pcap -d tcp.port==8085,resp'
observe 'tshark names the request'                      prints look1 'RESP .* Request: set greeting hello world'
observe 'and the reply'                                 prints look1 'RESP .* Response: OK'
run     look1   'tshark -q -r kv.pcap -z flow,tcp,network'
observe 'it draws them'                                 exits look1 0
run     look1   'tests/ladder kv.pcap'
observe 'so does the ladder, with what they say'        prints look1 '^[0-9.]{9} \|-- 45 bytes: set greeting hello world -+>\|$'
observe 'and the reply'                                 prints look1 '^[0-9.]{9} \|<-+ 18 bytes: hello world --\|$'

say 'The end of input, and a client that is a script'
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
ask     client1 'set a 1'                  OK
end_input client1
observe 'the end of input ends the client, too'         exits client1 0
observe 'there is no prompt where there is no terminal' [ "$(cat "${log[client1]}")" = OK ]

say 'A server that goes away'
start   client1 'sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085'
ask     client1 'get a'                    '"1"'
interrupt server
type_line client1 'get a'
observe 'the client says so'                            exits client1 1 '^kv_client: server closed the connection$'
