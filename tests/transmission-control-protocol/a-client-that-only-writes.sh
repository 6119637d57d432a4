#!/usr/bin/env bash
# simple_nc: what it reads arrives byte for byte, and its FIN does not wait for the reader.
. "$(dirname "$0")/../lib.sh"
lab_up

run     host    'make simple_nc'
start   server  'sudo ip netns exec ns_server ./byte_sink' '^next: listen'
type_line server '' '^next: accept'
capture cable1  ns_server veth_srv_c1
start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080'
observe 'it connects'                                   sockets ns_client1 -tan '^ESTAB '
type_line client1 'first line'
type_line client1 'second line'
observe 'both lines wait at the server'                 sockets ns_server -tan '^ESTAB +23 '
end_input client1
observe 'C-d ends it at once'                           exits client1 0
run     look1   'sudo ip netns exec ns_server ss -tan'
observe 'although nobody has read: CLOSE-WAIT'          sockets ns_server -tan '^CLOSE-WAIT +24 '
run     look2   'sudo ip netns exec ns_client1 ss -tan'
observe 'and FIN-WAIT-2'                                sockets ns_client1 -tan '^FIN-WAIT-2 '
end_capture cable1
observe 'its FIN is on the wire'                        packets cable1 'ip.src == 10.0.1.2 && tcp.flags.fin == 1' -eq 1
observe "the server's is not"                           packets cable1 'ip.src == 10.0.1.1 && tcp.flags.fin == 1' -eq 0
ladder  tcp cable1
type_line server '' '23 bytes are waiting'
type_line server ''
observe 'the server reads on: 16 bytes'                 prints server ' recv\(\) = 16: "first line\\nsecon"$'
type_line server ''
observe 'the last 7'                                    prints server ' recv\(\) = 7: "d line\\n"$'
type_line server ''
observe 'and the end of the stream'                     prints server ' recv\(\) = 0: the end of the stream'
interrupt server

say 'A megabyte, byte for byte'
head -c 1048576 /dev/urandom > random
start   server2 'sudo ip netns exec ns_server nc -l -p 8081 > received'
observe 'nc listens'                                    sockets ns_server -tln ':8081 '
run     client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8081 < random'
observe 'sent'                                          exits client1 0
finish  server2
observe 'received as it was sent'                       cmp random received
