#!/usr/bin/env bash
# Exercise: byte_sink -a ends its connections with RST and not FIN: nothing lingers on the port.
. "$(dirname "$0")/exercise.lib"

task byte_sink 'option -a' -a -h
lab_up

# sink [OPTIONS]: a byte_sink that has accepted a connection from client 1.
sink() {
  start server "sudo ip netns exec ns_server ./byte_sink${1+ $1}"
  ready server '^next: listen'
  type_line server ''
  ready server '^next: accept'
  connect client1
}
# connect ROLE: a client that sends five bytes, and closes when it is told; its connection is
# accepted, and the bytes are read.
connect() {
  local host=${1/client/ns_client} address=10.0.${1#client}.1
  start "$1" \
    "sudo ip netns exec $host bash -c 'exec 3<>/dev/tcp/$address/8080; printf hello >&3; read -r'"
  within "$patience" sockets "$host" -tan '^ESTAB .*:8080' || fault "$1 has no connection" "$seen"
  accepted=$(grep -c ' accept() = ' "${log[server]}")
  type_line server ''
  within "$patience" prints server ' accept\(\) = ' $((accepted + 1)) ||
    fault "$1's connection is not accepted" "$seen"
  within "$patience" last_line server '^next: recv.* 5 bytes are waiting' ||
    fault "$1's bytes are there" "$seen"
  type_line server ''
  within "$patience" prints server ' recv\(\) = 5: "hello"$' $((accepted + 1)) ||
    fault "$1's bytes are read" "$seen"
}
nothing_left() { sockets ns_server -tan '^(LAST|[^L]).*:8080 ' 0; }   # but who listens
# rst_not_fin CAPTURE: how the server has ended the connection in it.
rst_not_fin() {
  local end='tcp.srcport == 8080 && (tcp.flags.fin == 1 || tcp.flags.reset == 1)'
  seen=$(fields "$1" "$end" tcp.flags.fin | sed 's/1\|True/FIN/; s/0\|False/RST/' | xargs)
  [ "$seen" = RST ] && return
  seen="from the server: ${seen:-neither FIN nor RST}"
  return 3
}

rule 'Each connection that was accepted'
say 'The server dies while its client is connected'
capture died ns_server veth_srv_c1
sink -a
rule 'While nothing is due'
expect 'while nothing is typed, byte_sink sleeps' asleep server
rule 'Each connection that was accepted'
interrupt server
expect 'Ctrl-C, with a client connected: nothing is left on the port' nothing_left
end_capture died
expect '... as the connection has ended with RST and not FIN' rst_not_fin died
end_input client1
start server 'sudo ip netns exec ns_server ./byte_sink'
expect '... and the next byte_sink can bind it' prints server ' bound to 0\.0\.0\.0:8080$'
interrupt server

say 'The client closes first'
capture closed ns_server veth_srv_c1
capture next ns_server veth_srv_c2
sink -a
weigh server
end_input client1
finish client1
within "$patience" sockets ns_client1 -tan '^FIN-WAIT-2 ' || fault 'the client is there' "$seen"
type_line server ''
expect 'the end of the stream: nothing is left on the port' nothing_left
end_capture closed
expect '... as the connection has ended with RST and not FIN' rst_not_fin closed
expect '... and byte_sink goes on to accept() the next' last_line server '^next: accept'

say 'The next client, and the end of input'
connect client2
rule 'It keeps nothing of what is over'
expect 'of the first connection, byte_sink has kept no descriptor' keeps_nothing server 1000
rule 'Each connection that was accepted'
end_input server
expect 'end of input, with the next client connected: nothing is left on the port' nothing_left
end_capture next
expect '... as the connection has ended with RST and not FIN' rst_not_fin next
expect '... exit status 0' exits server 0
end_input client2

say 'What -a is not'
rule 'Without the option all is as before'
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

say 'Without -a'
rule 'Without the option all is as before'
quietly ./two_clients.sh down
lab_up
sink
interrupt server
expect 'without -a all is as before: FIN-WAIT-2' sockets ns_server -tan '^FIN-WAIT-2 .*:8080 '
end_input client1
