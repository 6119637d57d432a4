#!/usr/bin/env bash
# The server dies first: its port stays taken by a connection that nobody owns, unless both runs say SO_REUSEADDR.
. "$(dirname "$0")/../lib.sh"
lab_up

# experiment OPTIONS: a server that is killed with an empty receive buffer, and a client that then ends silently.
experiment() {
  start   server  "sudo ip netns exec ns_server ./byte_sink$1" '^next: listen'
  type_line server '' '^next: accept'
  start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080'
  observe 'connected'                                   sockets ns_server -tan '^ESTAB '
  type_line server '' '^next: recv'
  interrupt server
  observe 'the server is dead: FIN-WAIT-2'              sockets ns_server -tan '^FIN-WAIT-2 '
  observe 'CLOSE-WAIT at the client'                    sockets ns_client1 -tan '^CLOSE-WAIT '
}

experiment ''
run     look1   'sudo ip netns exec ns_server ss -tan'
run     server  'sudo ip netns exec ns_server ./byte_sink'
observe 'FIN-WAIT-2 holds the port'                     prints server '^byte_sink: bind 0\.0\.0\.0:8080: Address already in use$'
end_input client1
observe 'the client ends'                               exits client1 0
observe 'TIME-WAIT at the server'                       sockets ns_server -tan '^TIME-WAIT +0 +0 +10\.0\.1\.1:8080 +10\.0\.1\.2:'
observe 'the client has nothing left'                   sockets ns_client1 -tan . 0
run     server  'sudo ip netns exec ns_server ./byte_sink'
observe 'TIME-WAIT holds the port, too' \
  exits server 1 '^byte_sink: bind 0\.0\.0\.0:8080: Address already in use$'
run     server  'sudo ip netns exec ns_server ./byte_sink -r'
observe 'SO_REUSEADDR on the second run alone: no' \
  exits server 1 '^byte_sink: bind 0\.0\.0\.0:8080: Address already in use$'

say 'Once more, in a fresh lab: a line more, and the port is free'
quietly ./two_clients.sh down
lab_up
experiment ''
type_line client1 'anybody there?'
observe 'it is answered by RST'                         sockets ns_client1 -tan . 0
start   server  'sudo ip netns exec ns_server ./byte_sink'
observe 'the port is free'                              prints server ' bound to 0\.0\.0\.0:8080$'
end_input client1
type_line server '' '^next: accept'
start   client1 'sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080'
observe 'connected, and not accepted'                   sockets ns_server -tan '^ESTAB '
interrupt server
start   server  'sudo ip netns exec ns_server ./byte_sink'
observe 'a connection that nobody accepted holds no port' prints server ' bound to 0\.0\.0\.0:8080$'
end_input client1
end_input server

say 'And with -r on both runs'
experiment ' -r'
end_input client1
observe 'TIME-WAIT, as before'                          sockets ns_server -tan '^TIME-WAIT '
start   server  'sudo ip netns exec ns_server ./byte_sink -r'
observe 'but the port can be bound'                     prints server ' bound to 0\.0\.0\.0:8080$'
observe 'while TIME-WAIT is still there'                sockets ns_server -tan '^TIME-WAIT '
