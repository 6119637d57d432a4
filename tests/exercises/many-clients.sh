#!/usr/bin/env bash
# Exercise: kv_store -c serves any number of clients at once, and none of them waits for another.
. "$(dirname "$0")/exercise.lib"

task kv_store 'option -c' -c -h
peer kv_client
peer tcp_peer
. "$(dirname "$0")/kv.lib"

# busy NAME COUNT: asks so often, and gets every reply.
busy() {
  local i
  for ((i = 1; i <= $2; i++)); do asks "$1" "PING $i\r\n" "\$${#i} $i" || return 3; done
}
alone() {
  local threads=("/proc/${pid[server]}/task/"*) children
  children=$(awk -v pid="${pid[server]}" '$4 == pid' /proc/[0-9]*/stat 2> /dev/null | grep -c .)
  seen="it has ${#threads[@]} threads and $children processes below it"
  [ "${#threads[@]} $children" = '1 0' ] || return 3
}
served() { local one; for one; do asks "$one" 'GET a\r\n' '$1 1' || return 3; done; }   # NAME...
gets_error() { reads "$1" 1 && [[ $reply == '-ERR Protocol error:'* ]] || return 3; }   # NAME
# all_replies NAME: it reads what is in the file `replies`.
all_replies() {
  timeout "$patience" head -c "$(stat -c %s replies)" <&"${client[$1]}" > got
  seen=$(cmp got replies 2>&1) || return 3
}

stage '1 of 3: idle clients'
scene 'Two clients' 'Many clients are connected'
store -c
dial first second
expect 'while one client is connected, another gets its reply' asks second 'PING\r\n' +PONG
expect '... and then the first' asks first 'SET a 1\r\n' +OK
expect '... and what one has set the other gets' asks second 'GET a\r\n' '$1 1'
sleeps server 'while nothing happens'
rule 'Requests that came together'
five='SET b 2\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\nPING\r\nDEL b x\r\nGET b\r\n' replies='+OK $1 2 +PONG :1 $-1'
at_once first "$five"
expect 'five requests at once get their replies in order' gets first "$replies"

scene 'Three hundred clients that do nothing' 'Many clients are connected'
for i in {1..300}; do idle+=("idle$i"); done
weigh server
dial "${idle[@]}"
expect 'three hundred are connected: another gets 500 replies' busy second 500
expect '... and each of them gets a reply when it asks' served "${idle[@]}"
sleeps server '... and while nothing happens'
rule 'An idle client costs'
expect "... and kv_store's memory has not grown by more than 300 times 20 KB" grown server 6000
rule 'All of this is done in one process'
expect '... and it is one process with one thread' alone
hang_up "${idle[@]}"
keeps_nothing server 6000 '... and when they have left'

scene 'As before' 'QUIT and the log'
dial one
expect 'QUIT gets +OK' asks one 'QUIT\r\n' +OK
expect '... and ends the connection' hung_up one
hang_up one
dial one
given 'PING gets +PONG' asks one 'PING\r\n' +PONG
hang_up one
for line in connected 'disconnected by us, as it asked' 'request PING' disconnected; do
  expect "the log says: ... $line" logs "$line"
done

scene 'Eight who break the protocol, and stay' 'A client breaks the protocol'
break_it() {
  local i
  for i in {1..8}; do
    dial "bad$i"
    writes "bad$i" '*17\r\n'
    gets_error "bad$i" && hung_up "bad$i" && served second || return 3
  done
}
weigh server
stopwatch
expect 'each gets its error and FIN, and another its replies' break_it
expect '... without waiting for their FIN, a second for each' lasted 0 7000
dial bad9
given 'QUIT gets +OK' asks bad9 'QUIT\r\n' +OK
expect '... and soon the server has closed their connections, although they stay' \
  as_light server 6000
sleeps server '... and while nothing happens'

scene 'Clients that leave' 'A client leaves'
dial one
writes one '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nwr'
hang_up one
expect 'one leaves in the middle of a request: another gets its reply' served second
for _ in 1 2 3; do
  dial one
  writes one 'PING\r\nPING\r\n'
  read -rn 1 -u "${client[one]}"   # the rest lies unread, so that its kernel sends RST
  hang_up one
done
expect 'one resets its connection: another gets its reply' served second
for _ in 1 2 3 4 5; do quietly ./kv_client 127.0.0.1 8085 <<< fire; done
expect 'one says fire: kv_store lives, as -c implies -s' stays runs server
expect '... and another gets its reply' served second

stage '2 of 3: half requests'
scene 'Half a request' 'A client has sent half a request'
dial half
writes half '*2\r\n$4\r\nPING\r\n$5\r\nhel'
expect 'while one has sent half a request, another gets its reply' busy second 2
writes half 'lo\r\n'
expect '... and the other half completes the request' gets half '$5 hello'
cut_anywhere() {
  local at bytes; printf -v bytes %b "$five"
  for ((at = 1; at < ${#bytes}; at++)); do
    dial cut
    at_once cut "${bytes:0:at}"
    busy second 2 || return 3   # when it has the second reply, our first piece has been read
    at_once cut "${bytes:at}"
    gets cut "$replies" || { seen="cut behind byte $at of ${#bytes}: $seen"; return 3; }
    hang_up cut
  done
}
expect 'five requests at once, cut anywhere, get their replies in order' cut_anywhere
writes half 'PI'
hang_up half
rule 'QUIT and the log'
expect 'one that leaves then is logged: disconnected in the middle of a request' \
  logs 'disconnected in the middle of a request'

scene 'The largest request' 'The largest request'
printf -v value '%065536d' 0
{ printf '*16\r\n$3\r\nDEL\r\n'
  for i in {1..15}; do printf '$65536\r\n%s\r\n' "$value"; done; } > largest
dial one
stream one cat largest
expect 'the largest request, DEL and 15 words of 64 KiB, gets its reply' gets one :0
writes one '*2\r\n$4\r\nPING\r\n$65537\r\n'
expect '... and a word of a byte more gets its error' gets_error one
hang_up one

scene 'A client that asks without end, and reads' 'A client sends requests without end'
dial eager
{ head -c 20000 > /dev/null && : > fed; exec cat > /dev/null; } <&"${client[eager]}" &
eager=$!
stream eager yes PING
yes=$!
given 'one asks without end, and reads its replies: it gets them' test -e fed
expect 'one asks without end, and reads its replies: another gets its own' busy second 20
kill "$yes" "$eager"
hang_up eager

stage '3 of 3: clients that do not read, and too few descriptors'
scene 'Clients that do not read' 'A client sends ten thousand requests'
printf -v value '%08000d' 0
given 'SET gets +OK' asks second "SET big $value\r\n" +OK
for i in {1..5000}; do
  printf 'GET big\r\nPING %d\r\n' "$i" >&3
  printf '$8000\r\n%s\r\n$%d\r\n%d\r\n' "$value" ${#i} "$i"
done 3> asked > replies
weigh server
dial greedy
stream greedy cat asked
expect 'one asks 10,000 times (replies of 40 MB) and reads nothing: another gets its replies' \
  busy second 100
expect "... and kv_store's memory does not grow by 8 MB" stays grown server 8000
dial endless
stream endless yes "PING $value"
yes=$!
expect 'one asks without end and reads nothing: another gets its replies' busy second 100
expect "... and kv_store's memory does not grow by 8 MB" stays grown server 8000
sleeps server '... and while nobody reads'
expect 'the one that asked 10,000 times reads: it gets every reply, in order' all_replies greedy
kill "$yes"
hang_up endless
expect 'the endless one dies: another gets its replies' busy second 10

scene 'FIN behind the requests' 'A client that sends its requests and FIN'
restart peer './tcp_peer connect 127.0.0.1 8085' '^connected$'
order peer "send $(head -n 6000 asked | sed 's/\r$/\\r\\n/' | tr -d '\n')" '^sent'
order peer shut '^shut$'
expect 'one sends 6,000 requests and FIN, and does not read: another gets its replies' \
  busy second 10
sleeps server '... and while nobody reads'
type_line peer drain
expect 'it reads: its connection ends with FIN' hears peer '^read [0-9]+ bytes, then FIN$'
expect '... behind the last reply' cmp received <(head -n 12000 replies)

scene 'More clients than descriptors' 'There are more clients than descriptors'
hang_up "${!client[@]}"
interrupt server
store -c 'ulimit -n 20; exec '
for i in {1..40}; do crowd+=("crowd$i"); done
dial "${crowd[@]}"
writes crowd40 'PING\r\n'
lazy() { mark server; nap 1.1; quiet server 30 60; }
expect 'forty clients, and twenty descriptors (ulimit -n): the first get their replies' \
  busy crowd1 10
expect '... and kv_store does not spin' lazy
expect '... and lives' runs server
hang_up "${crowd[@]:0:30}"
expect '... and when some leave, the last gets its reply' gets crowd40 +PONG
interrupt server
rule 'Without the option all is as before'
expect 'Ctrl-C ends it, as before' exits server 130

say 'Without -c'
hang_up "${!client[@]}"
store ''
dial first second
writes second 'PING\r\n'
given 'the first client gets its replies' busy first 2
waits() { ! read -rt 0 -u "${client[second]}" || { seen='it has a reply'; return 3; }; }
expect 'without -c the second client waits' stays waits
hang_up first
expect '... until the first has left' gets second +PONG
hang_up second
quietly ./kv_client 127.0.0.1 8085 <<< fire
expect '... and fire kills the server' exits server 141
