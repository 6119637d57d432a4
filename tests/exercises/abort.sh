#!/usr/bin/env bash
# Exercise: byte_sink -a ends its connections with RST and not FIN: nothing lingers on the port.
. "$(dirname "$0")/exercise.lib"

task byte_sink 'option -a' -a -h
lab_up

# sink [OPTIONS]: a byte_sink that has accepted a connection from client 1.
sink() {
  restart server "sudo ip netns exec ns_server ./byte_sink${1+ $1}" '^next: listen'
  order server '' 'next: accept'
  connect client1
}
# connect ROLE: a client whose connection is accepted and whose five bytes are read. It closes when it
# is told.
connect() {
  start "$1" "sudo ip netns exec ns_$1 bash -c \
'exec 3<>/dev/tcp/10.0.${1#client}.1/8080; printf hello >&3; read -r'"
  order server '' ' accept\(\) = .*next: recv'
  order server '' ' recv\(\) = 5: "hello"'
}
# rude WHEN CAPTURE: nothing is left of the connection that the server ended then; the capture tells how.
rude() {
  local ends
  rule 'Each connection that was accepted'
  expect "$1: nothing is left on the port" sockets ns_server -tan '^(LAST|[^L]).*:8080 ' 0   # but who listens
  end_capture "$2"
  ends=$(fields "$2" 'tcp.srcport == 8080 && (tcp.flags.fin == 1 || tcp.flags.reset == 1)' tcp.flags.fin |
    sed 's/1\|True/FIN/; s/0\|False/RST/' | xargs)
  seen="from the server: ${ends:-neither FIN nor RST}"
  expect '... as the connection has ended with RST and not FIN' [ "$ends" = RST ]
}

say 'The server dies while its client is connected'
capture died ns_server veth_srv_c1
sink -a
sleeps server 'while nothing is typed'
interrupt server
rude 'Ctrl-C, with a client connected' died
end_input client1
start server 'sudo ip netns exec ns_server ./byte_sink'
expect '... and the next byte_sink can bind it' prints server ' bound to 0\.0\.0\.0:8080$'

say 'The client closes first'
capture closed ns_server veth_srv_c1
capture next ns_server veth_srv_c2
sink -a
weigh server
end_input client1
finish client1
given 'the client waits for the FIN of the server' sockets ns_client1 -tan '^FIN-WAIT-2 '
type_line server ''
rude 'the end of the stream' closed
expect '... and byte_sink goes on to accept() the next' last_line server '^next: accept'

say 'The next client, and the end of input'
connect client2
keeps_nothing server 1000 'of the first connection nothing is left'
end_input server
rude 'end of input, with the next client connected' next
expect '... exit status 0' exits server 0
end_input client2

scene 'What -a is not' 'Without the option all is as before'
sink -r
interrupt server
expect 'without -a, with -r, something lingers: FIN-WAIT-2' sockets ns_server -tan '^FIN-WAIT-2 '
rule 'does not set SO_REUSEADDR'
start server 'sudo ip netns exec ns_server ./byte_sink -a'
expect '-a does not set SO_REUSEADDR: where something lingers already, bind() fails' \
  prints server '^byte_sink: bind 0\.0\.0\.0:8080: Address already in use$'
end_input client1
start server 'sudo ip netns exec ns_server ./byte_sink -a -r'
expect '-a -r sets both' prints server ' bound to 0\.0\.0\.0:8080$'
interrupt server

scene 'Without -a' 'Without the option all is as before'
quietly ./two_clients.sh down
lab_up
sink
interrupt server
expect 'without -a all is as before: FIN-WAIT-2' sockets ns_server -tan '^FIN-WAIT-2 .*:8080 '
