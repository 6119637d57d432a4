#!/usr/bin/env bash
# Exercise: simple_nc -n notices that the server has closed or reset the connection, and says which.
. "$(dirname "$0")/exercise.lib"

task simple_nc 'option -n' -n -h
peer tcp_peer
lab_up

# dial [OPTION [INPUT]]: tcp_peer as the server, and simple_nc, connected to it.
dial() {
  end_input client1
  restart server 'sudo ip netns exec ns_server ./tcp_peer listen 8080' '^listening$'
  start client1 "sudo ip netns exec ns_client1 ./simple_nc${1+ $1} 10.0.1.1 8080${2-} 2> errors"
  order server accept '^accepted$'
}
# types BYTES: at once, which a terminal would not do.
types() { printf %s "$1" >&"${keyboard[client1]}"; }
all_read() { runs client1 && sockets ns_client1 -tan '^ESTAB +0 ' || return; }
# many_waiting: simple_nc has more to send than the server takes.
many_waiting() {
  dial -n ' < many'
  rule='All input is sent' \
    given 'the input, sixteen megabytes, waits to be sent' sockets ns_client1 -tan '^ESTAB +0 +[1-9]'
}
silent() { seen=$(cat "${log[client1]}"); [ -z "$seen" ] || return 3; }
# notices closed|reset WHEN
notices() {
  if [ "$1" = closed ]; then rule 'The server closes the connection'; else rule 'The server resets it'; fi
  expect "the server has $1 the connection $2: simple_nc ends, exit status 1" exits client1 1
  rule='Both go to standard error' expect '... and has written nothing to standard output' silent
  seen=$(< errors)
  expect "... and says: simple_nc: server $1 the connection" \
    [ "$seen" = "simple_nc: server $1 the connection" ]
}

say 'A server that closes the connection'
capture closed ns_server veth_srv_c1
dial -n
sleeps client1 'while nothing happens'
order server close '^closed$'
notices closed 'while nothing is typed'
end_capture closed
expect '... and has written nothing' packets closed 'ip.src == 10.0.1.2 && tcp.len > 0' -eq 0

say 'A server that resets it'
dial -n
order server reset '^reset$'
notices reset 'while nothing is typed'

scene 'Input' 'All input is sent'
dial -n
types $'one\ntwo\nthree'
type_line server 'read 13'
expect 'input is sent as soon as it is there, two lines and a piece at once' \
  hears server '^read 13 bytes$'
expect '... as it is' [ "$(cat received)" = $'one\ntwo\nthree' ]
end_input client1
type_line server drain
expect 'end of input closes the connection, with FIN' hears server '^read 0 bytes, then FIN$'
expect '... exit status 0' exits client1 0

scene 'A server that talks' 'What the server sends'
dial -n
order server 'send hello' '^sent 5'
expect 'bytes from the server are read, thrown away, and not taken for its end' all_read
sleeps client1 '... and again'
rule='Both go to standard error' expect '... and has written nothing to standard output' silent
type_line server 'fill 20000000'
expect 'many of them are read, too' hears server '^sent 20000000'
types 'still here'
type_line server 'read 10'
expect '... and input is sent as before' hears server '^read 10 bytes$'
order server close '^closed$'
notices closed 'after it has sent bytes'
dial -n
order server 'send bye' '^sent 3'
order server reset '^reset$'
notices reset 'after it has sent bytes'

say 'A server that sends before it reads'
quietly at ns_client1 sysctl -w net.ipv4.tcp_wmem='4096 65536 65536'   # a small send buffer
head -c 16000000 /dev/urandom > many
rm -f received
many_waiting
rule 'If the server does not read'
type_line server 'fill 40000000'
expect 'while write() has to wait for room, simple_nc reads' hears server '^sent 40000000'
given 'it reads all of them' all_read
taken=$(sed -n 's/^pos:[[:blank:]]*//p' "/proc/${pid[client1]}/fdinfo/0")
seen="of 16 MB it has taken $taken bytes"
expect '... and takes no more input than it can send' [ "$taken" -lt 8000000 ]
rule 'All input is sent'
type_line server drain
expect '... and all the input is sent in the end' hears server '^read 16000000 bytes, then FIN$'
expect '... byte by byte the same' cmp many received
expect '... exit status 0' exits client1 0

say 'A server that reads nothing'
for how in shut reset; do
  many_waiting
  sleeps client1 'while write() has to wait for room'
  order server $how "^$how"
  notices "${how/shut/closed}" 'while write() has to wait'
done

scene 'Without -n' 'Without the option all is as before'
dial
order server close '^closed$'
type_line client1 'anybody there?'
given 'RST comes' sockets ns_client1 -tan '^(ESTAB|CLOSE-WAIT) ' 0
type_line client1 'hello?'
expect 'without -n all is as before: SIGPIPE, exit status 141' exits client1 141
