#!/usr/bin/env bash
# bind, listen, accept, recv, close, one by one, with a client at the other end: what the kernel does between them.
. "$(dirname "$0")/../lib.sh"
lab_up

# The server's ss line for its connection with client 1, without the owner.
connection() { at ns_server ss -Htan state connected | sed 's/ *$//'; }

run     host    'make byte_sink'
start   look1 'sudo ip netns exec ns_server watch -n0.1 ss -tan'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8080' 'listening on'
start   server  'sudo ip netns exec ns_server ./byte_sink'
observe 'the server has a socket, bound to its port'    prints server ' bound to 0\.0\.0\.0:8080$'

capture before  ns_server veth_srv_c1
run     client1 'sudo ip netns exec ns_client1 nc -nv 10.0.1.1 8080'
observe 'before listen(): refused'                      prints client1 'refused'
observe 'so nc gives up'                                exits client1 1
end_capture before
observe 'one SYN'                                       packets before 'tcp.flags.syn == 1 && tcp.flags.ack == 0' -eq 1
observe 'answered by RST'                               packets before 'ip.src == 10.0.1.1 && tcp.srcport == 8080 && tcp.flags.reset == 1' -eq 1
observe 'no third packet'                               packets before tcp -eq 2
observe 'the bound socket holds no connection'          sockets ns_server -tan '^[^U]' 0   # UNCONN: newer ss list it

type_line server ''
observe 'listen() is done'                              prints server ' listen\(2\)$'
observe 'ss shows the socket'                           sockets ns_server -tan '^LISTEN +0 +2 +0\.0\.0\.0:8080 '
capture listening ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 nc -nv 10.0.1.1 8080'
observe 'after listen(): connected'                     sockets ns_client1 -tan '^ESTAB +0 +0 +10\.0\.1\.2:[0-9]+ +10\.0\.1\.1:8080'
observe 'ESTAB at the server, with a peer address'      sockets ns_server -tan '^ESTAB +0 +0 +10\.0\.1\.1:8080 +10\.0\.1\.2:'
observe 'while the server still waits to accept()'      last_line server '^next: accept\(\)'
observe 'nobody owns the connection yet'                sockets ns_server -tanp '^ESTAB [^"]*$'
run     look2   'sudo ip netns exec ns_client1 ss -tan'
observe 'so says the client'                            prints look2 '^ESTAB '
type_line client1 'hello world'
observe 'what the client sends is in Recv-Q'            sockets ns_server -tan '^ESTAB +12 '
observe 'and no longer waits in its Send-Q'             sockets ns_client1 -tan '^ESTAB +0 +0 '
end_capture listening
observe 'a handshake of three: SYN'                     packets listening 'ip.src == 10.0.1.2 && tcp.flags == 0x002' -eq 1
observe 'SYN and ACK'                                   packets listening 'ip.src == 10.0.1.1 && tcp.flags == 0x012' -eq 1
observe 'ACK'                                           packets listening 'ip.src == 10.0.1.2 && tcp.flags == 0x010 && tcp.len == 0 && tcp.seq == 1 && tcp.ack == 1' -eq 1
observe '12 bytes'                                      packets listening 'ip.src == 10.0.1.2 && tcp.len == 12' -eq 1
observe 'acknowledged by the kernel alone'              packets listening 'ip.src == 10.0.1.1 && tcp.ack == 13' -eq 1
ladder  tcp listening

before=$(connection)
capture accepting ns_server veth_srv_c1
type_line server ''
observe 'accept() returns the connection'               prints server ' accept\(\) = [0-9]+: connection from 10\.0\.1\.2:[0-9]+$'
run     look2   'sudo ip netns exec ns_server ss -tanp'
observe 'it has an owner now'                           prints look2 '^ESTAB .*"byte_sink"'
observe 'otherwise the ss line is as it was'            [ "$(connection)" = "$before" ]
end_capture accepting
observe 'and no packet was sent'                        packets accepting tcp -eq 0

type_line server 4
observe 'recv() takes four bytes'                       prints server ' recv\(\) = 4: "hell"$'
observe 'Recv-Q is down by four: 8'                     sockets ns_server -tan '^ESTAB +8 '
type_line client1 'and twenty bytes more'
observe 'more arrive'                                   sockets ns_server -tan '^ESTAB +30 '
type_line server ''
observe 'recv() takes 16 at most'                       prints server ' recv\(\) = 16: "o world\\nand twen"$'
observe 'Recv-Q is down by sixteen: 14'                 sockets ns_server -tan '^ESTAB +14 '

capture closing ns_server veth_srv_c1
interrupt client1
observe 'the client ends: CLOSE-WAIT at the server'     sockets ns_server -tan '^CLOSE-WAIT +15 '
observe 'FIN-WAIT-2 at the client'                      sockets ns_client1 -tan '^FIN-WAIT-2 '
type_line server ''
observe 'the last bytes are still there'                prints server ' recv\(\) = 14: "ty bytes more\\n"$'
observe 'CLOSE-WAIT as long as the server wants'        sockets ns_server -tan '^CLOSE-WAIT '
type_line server ''
observe 'the end of the stream'                         prints server ' recv\(\) = 0: the end of the stream'
observe 'the server closes: its side is gone'           sockets ns_server -tan '^(CLOSE-WAIT|LAST-ACK|ESTAB)' 0
observe 'TIME-WAIT is where the first FIN came from'    sockets ns_client1 -tan '^TIME-WAIT +0 +0 +10\.0\.1\.2:[0-9]+ +10\.0\.1\.1:8080'
run     look2   'sudo ip netns exec ns_client1 ss -tan'
observe 'so says the client'                            prints look2 '^TIME-WAIT '
end_capture closing
observe "the client's FIN, and then the server's"       [ "$(fields closing 'tcp.flags.fin == 1' ip.src | xargs)" = '10.0.1.2 10.0.1.1' ]
observe 'no RST'                                        packets closing 'tcp.flags.reset == 1' -eq 0
observe 'watch has been running all the time'            eval '! ended look1'
observe 'the next step is accept() again'               last_line server '^next: accept\(\)'
end_input server
observe 'end of input ends the server'                  exits server 0
observe 'each line of its log begins with the time'     stamped server
