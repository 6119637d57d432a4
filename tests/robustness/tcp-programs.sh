#!/usr/bin/env bash
# byte_sink and simple_nc: odd lines and numbers, hostile bytes, an end of input at every step.
. "$(dirname "$0")/../lib.sh"

# sink LINE...: a byte_sink that has been given these lines.
sink() {
  start server './byte_sink -r' '^next: listen'
  local line
  for line; do type_line server "$line"; done
}
# named LINE REGEX: it is typed, and is named like that, and not taken for the next step.
named() {
  type_line server "$1"
  observe "'$1' is named"                          prints server "^byte_sink: $2\$"
}
no_enter=': press Enter alone' no_number=': not a number of bytes \(1-16777216\)'
# received BYTES COUNT REGEX: these are typed into the client, and when so many have come, received: so the log shows them.
received() {
  type_line client1 "$1"
  observe "$2 bytes have come"                     sockets host -tan "^ESTAB +$2 "
  type_line server 200
  observe "the log shows them: $3"                 prints server "recv\(\) = $2: $3\$"
}
many() { printf "$1%.0s" $(seq "$2"); }   # CHARACTER COUNT

say 'Lines where only Enter will do'
sink
end_input server
observe 'the end of input, before listen(), ends it' exits server 0
sink
named 4 "4$no_enter"
named ' ' " $no_enter"
named $'\e[A' "\\\\x1b\[A$no_enter"
named "$(many x 1000)" "x{100}\.\.\.$no_enter"
observe 'listen() has not been called'             sockets host -tln '^LISTEN' 0
type_line server ''
observe 'until Enter comes'                        sockets host -tln '^LISTEN'
named quit "quit$no_enter"
observe 'nor has accept()'                         last_line server '^next: accept'
end_input server
observe 'the end of input, here too'               exits server 0

say 'Calls that have to wait, on a terminal: what is typed meanwhile is no step'
start   server  "script -qec './byte_sink -r' /dev/null" '^next: listen'
type_line server '' '^next: accept'
type_line server '' ' accept\(\): waiting \.\.\.'
type_line server '4'
type_line server 'quit' '^quit'   # the terminal's echo
start   client1 './simple_nc 127.0.0.1 8080'
ready   server  '^next: recv.* 0 bytes are waiting'
type_line server '7' ' recv\(\): waiting \.\.\.'
type_line server '5' '^5'
type_line client1 'some bytes'
observe 'seven were asked for'                     prints server ' recv\(\) = 7: "some by"'
ready   server  '^next: recv.* 4 bytes are waiting'
type_line server '3'
observe 'and then three'                           prints server ' recv\(\) = 3: "tes"'
observe 'the next step is still to come'           last_line server '^next: recv.* 1 byte is waiting'
end_input client1
end_input server

say 'Calls that have to wait, and lines typed ahead into a pipe: these are the next steps'
sink '' ''
observe 'accept() says that it waits'              prints server ' accept\(\): waiting \.\.\.$'
type_line server '2'
type_line server '3'
run     client1 './simple_nc 127.0.0.1 8080 <<< abcdef'
observe 'two bytes'                                prints server ' recv\(\) = 2: "ab"$'
observe 'and three'                                prints server ' recv\(\) = 3: "cde"$'
observe 'a call that need not wait says nothing'   eval 'grep -B 1 "recv() = 3" "${log[server]}" | grep -q "^next: "'
observe 'each line of the log begins with the time' stamped server
interrupt server

say 'Numbers that are none'
sink '' ''
start   client1 './simple_nc 127.0.0.1 8080'
type_line client1 'some bytes'
observe 'eleven bytes wait'                        sockets host -tan '^ESTAB +11 '
for number in x 4x 0 -1 ' 4' 99999999999999999999 16777217; do named "$number" "$number$no_number"; done
named "$(printf %0101d 16)" "0{99}1\.\.\.$no_number"
type_line server 11
observe 'a good one is, and no byte was taken'     prints server 'recv\(\) = 11: "some bytes\\n"$'

say 'Hostile bytes'
received $'\e]0;pwned\a\e[2J "quoted" \\ \x80\xff' 29 '"\\x1b\]0;pwned\\x07\\x1b\[2J \\"quoted\\" \\\\ \\x80\\xff\\n"'
observe 'clean text'                               clean server
received "$(many x 63)" 64 '"x{63}\\n"'
received "$(many y 64)" 65 '"y{64}"\.\.\.'
observe 'no prompt is wider than a terminal'       [ -z "$(awk '/^next:/ && length > 79' "${log[server]}")" ]
end_input server
observe 'the end of input, between two recv()'     exits server 0
