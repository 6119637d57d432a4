#!/usr/bin/env bash
# byte_sink and simple_nc: odd numbers, ends of input at every step, hostile bytes, resets in the middle.
. "$(dirname "$0")/../lib.sh"

# sink LINE...: a byte_sink that has been given these lines.
sink() {
  start server './byte_sink -r'
  ready server '^next: listen'
  local line
  for line; do type_line server "$line"; done
}

say 'Input that ends'
for lines in 0 1; do
  sink; [ $lines = 0 ] || { type_line server ''; ready server '^next: accept'; }
  end_input server
  observe "before step $((lines + 1)): a clean end"  exits server 0
done
sink ''
ready   server '^next: accept'
start   client1 './simple_nc 127.0.0.1 8080'
type_line server ''
ready   server '^next: recv'
end_input server
observe 'between two recv(): a clean end'          exits server 0
observe 'and the connection is closed'             sockets host -tan '^CLOSE-WAIT .*:8080'
end_input client1
finish  client1

say 'Lines where only Enter will do'
sink 4
observe 'a number is named, and is no Enter'       prints server '^byte_sink: 4: press Enter alone$'
type_line server ' '
observe 'so is a blank'                            prints server '^byte_sink:  : press Enter alone$'
type_line server $'\e[A'
observe 'an arrow key is escaped'                  prints server '^byte_sink: \\x1b\[A: press Enter alone$'
type_line server "$(printf 'x%.0s' {1..1000})"
observe 'of a long line its beginning is kept'     prints server '^byte_sink: x{100}\.\.\.: press Enter alone$'
observe 'listen() has not been called'             sockets host -tln '^LISTEN' 0
type_line server ''
observe 'until Enter comes'                        sockets host -tln '^LISTEN'
type_line server 'quit'
observe 'nor is accept() for a word'               prints server '^byte_sink: quit: press Enter alone$'
observe 'which is still to come'                   last_line server '^next: accept'
observe 'prompts fit on a line of 80 columns'      [ "$(grep '^next:' "${log[server]}" | awk 'length > 79' | wc -l)" = 0 ]
interrupt server

say 'Calls that have to wait, on a terminal'
start   server  "script -qec './byte_sink -r' /dev/null"
ready   server  '^next: listen'
type_line server ''
ready   server  '^next: accept'
type_line server ''
observe 'accept() says that it waits'              prints server ' accept\(\): waiting \.\.\.'
type_line server '4'
type_line server 'quit'
observe 'what is typed meanwhile'                  prints server '^quit'   # the terminal's echo
start   client1 './simple_nc 127.0.0.1 8080'
observe 'a connection comes'                       prints server ' accept\(\) = '
ready   server  '^next: recv.* 0 bytes are waiting'
type_line server '7'
observe 'recv() says that it waits'                prints server ' recv\(\): waiting \.\.\.'
type_line server '5'
observe 'once more something is typed'             prints server '^5'
type_line client1 'some bytes'
observe 'seven were asked for'                     prints server ' recv\(\) = 7: "some by"'
ready   server  '^next: recv.* 4 bytes are waiting'
type_line server '3'
observe 'and then three'                           prints server ' recv\(\) = 3: "tes"'
ready   server  '^next: recv.* 1 byte is waiting'
observe 'what was typed too early was no step'     prints server ' recv\(\) = ' 2
observe 'and no mistake'                           prints server '^byte_sink: ' 0
end_input client1
finish  client1
end_input server
finish  server

say 'Calls that have to wait, and lines typed ahead into a pipe'
sink '' ''
observe 'accept() says that it waits'              prints server ' accept\(\): waiting \.\.\.$'
type_line server '2'
type_line server '3'
run     client1 './simple_nc 127.0.0.1 8080 <<< abcdef'
observe 'the lines are the next steps'             prints server ' recv\(\) = 2: "ab"$'
observe 'all of them'                              prints server ' recv\(\) = 3: "cde"$'
observe 'a call that need not wait says nothing'   eval 'grep -B 1 "recv() = 3" "${log[server]}" | grep -q "^next: "'
interrupt server

say 'Numbers that are none'
sink ''
ready   server '^next: accept'
start   client1 './simple_nc 127.0.0.1 8080'
type_line client1 'some bytes'
observe 'eleven bytes wait'                        sockets host -tan '^ESTAB +11 '
type_line server ''
ready   server '11 bytes are waiting'
for number in x 4x 0 -1 ' 4' 99999999999999999999 16777217; do
  type_line server "$number"
  observe "'$number' is none"                      prints server "^byte_sink: $number: not a number of bytes \(1-16777216\)\$"
done
type_line server "$(printf %0101d 16)"
observe 'nor is one of 101 digits'                 prints server '^byte_sink: 0{99}1\.\.\.: not a number of bytes \(1-16777216\)$'
observe 'no byte was taken'                        prints server 'recv\(\) =' 0
type_line server 11
observe 'a good one is'                            prints server 'recv\(\) = 11: "some bytes\\n"$'

say 'Hostile bytes'
type_line client1 $'\e]0;pwned\a\e[2J "quoted" \\ \x80\xff'
observe 'they wait'                                sockets host -tan '^ESTAB +[1-9]'
type_line server 100
observe 'are escaped'                              prints server 'recv\(\) = 29: "\\x1b\]0;pwned\\x07\\x1b\[2J \\"quoted\\" \\\\ \\x80\\xff\\n"$'
observe 'in the log, too'                          clean server
observe 'each line of which begins with the time'  eval '! grep -v "^byte_sink: " "${log[server]}" | grep -qvE "^([0-9:]{8}\.[0-9]{6}|next:) "'
type_line client1 "$(printf 'x%.0s' {1..63})"
observe 'sixty-four more'                          sockets host -tan '^ESTAB +64 '
type_line server 200
observe 'are shown'                                prints server 'recv\(\) = 64: "x{63}\\n"$'
type_line client1 "$(printf 'y%.0s' {1..64})"
observe 'sixty-five'                               sockets host -tan '^ESTAB +65 '
type_line server 200
observe 'but for the last'                         prints server 'recv\(\) = 65: "y{64}"\.\.\.$'
end_input client1
finish  client1
type_line server ''
ready   server '^.*close\(\)'
