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

say 'Numbers that are none'
sink ''
ready   server '^next: accept'
start   client1 './simple_nc 127.0.0.1 8080'
type_line client1 'some bytes'
observe 'eleven bytes wait'                        sockets host -tan '^ESTAB +11 '
type_line server ''
ready   server '11 wait'
for number in x 4x 0 -1 ' 4' 99999999999999999999 16777217; do
  type_line server "$number"
  observe "'$number' is none"                      prints server "^byte_sink: $number: not a number of bytes \(1-16777216\)\$"
done
observe 'no byte was taken'                        prints server 'recv\(\) =' 0
type_line server 11
observe 'a good one is'                            prints server 'recv\(\) = 11: "some bytes\\n"$'

say 'Hostile bytes'
type_line client1 $'\e]0;pwned\a\e[2J "quoted" \\ \x80\xff'
observe 'they wait'                                sockets host -tan '^ESTAB +[1-9]'
type_line server 100
observe 'are escaped'                              prints server 'recv\(\) = 29: "\\x1b\]0;pwned\\a\\x1b\[2J \\"quoted\\" \\\\ \\x80\\xff\\n"$'
observe 'in the log, too'                          clean server
observe 'each line of which begins with the time'  eval '! grep -v "^byte_sink: " "${log[server]}" | grep -qvE "^([0-9:]{8}\.[0-9]{6}|next:) "'
type_line client1 "$(printf 'x%.0s' {1..100})"
observe 'a hundred more'                           sockets host -tan '^ESTAB +101 '
type_line server 200
observe 'are shown up to the 64th'                 prints server 'recv\(\) = 101: "x{64}"\.\.\.$'
end_input client1
finish  client1
type_line server ''
ready   server '^.*close\(\)'
