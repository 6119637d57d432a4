#!/usr/bin/env bash
# Exercise: kv_store -c serves any number of clients at once, and none of them waits for another.
. "$(dirname "$0")/exercise.lib"
task kv_store 'option -c' -c -h
. "$(dirname "$0")/tcp.lib"
. "$(dirname "$0")/kv.lib"

# busy NAME COUNT: asks so often, and gets every reply.
busy() {
  local i
  for ((i = 1; i <= $2; i++)); do asks "$1" "PING $i\r\n" "\$${#i} $i" || return 3; done
}
lives() {
  ended server || return 0
  seen="kv_store has ended with status ${result[server]}"
  [ "${result[server]}" != 141 ] || seen+=': SIGPIPE'
  return 3
}
memory() { awk '/^VmRSS/ { print $2 }' "/proc/${pid[server]}/status"; }   # KiB
# bounded: for half a second, the server has no more than 8 MB of memory above what $base says.
bounded() {
  local growth
  for _ in {1..10}; do
    growth=$(($(memory) - base))
    seen="it has grown by $growth KiB"
    [ $growth -lt 8000 ] || return 3
    nap 0.05
  done
}
# all_replies NAME: it reads what is in the file `replies`.
all_replies() {
  timeout "$patience" head -c "$(stat -c %s replies)" <&"${client[$1]}" > got
  seen=$(cmp got replies 2>&1) || return 3
}

say 'Two clients'
store -c
dial first second
expect 'while one client is connected, another gets its reply' asks second 'PING\r\n' +PONG
expect '... and then the first' asks first 'SET a 1\r\n' +OK
expect '... and what one has set the other gets' asks second 'GET a\r\n' '$1 1'
expect 'while nothing happens, kv_store sleeps' asleep server

say 'Half a request'
dial half
writes half '*2\r\n$4\r\nPING\r\n$5\r\nhel'
expect 'while one has sent half a request, another gets its reply' busy second 2
writes half 'lo\r\n'
expect '... and the other half completes the request' gets half '$5 hello'

say 'Requests that come cut in two'
cut_anywhere() {
  local at bytes replies='+OK $1 2 +PONG :1 $-1'
  printf -v bytes 'SET b 2\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\nPING\r\nDEL b x\r\nGET b\r\n'
  for ((at = 1; at < ${#bytes}; at++)); do
    dial cut
    printf %s "${bytes:0:at}" >&"${client[cut]}"
    busy second 2 || return 3   # when it has the second reply, our first piece has been read
    printf %s "${bytes:at}" >&"${client[cut]}"
    gets cut "$replies" || { seen="cut behind byte $at of ${#bytes}: $seen"; return 3; }
    hang_up cut
  done
}
expect 'five requests at once, cut anywhere, get their replies in order' cut_anywhere

say 'Clients that leave'
dial one
writes one 'SET c 3\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nwr'
hang_up one
expect 'one leaves in the middle of a request: another gets its reply' \
  asks second 'GET a\r\n' '$1 1'
came_before() {  # the server may read it behind what another asks
  asks second 'DBSIZE\r\n' :2 || return 1
  asks second 'GET c\r\n' '$1 3'
}
expect '... and what came before that was done' came_before
for _ in 1 2 3; do
  dial one
  writes one 'PING\r\nPING\r\n'
  read -rn 1 -u "${client[one]}"   # the rest lies unread, so that its kernel sends RST
  hang_up one
done
expect 'one resets its connection: another gets its reply' asks second 'PING\r\n' +PONG
for _ in 1 2 3 4 5; do ./kv_client 127.0.0.1 8085 <<< fire > /dev/null 2>&1; done
expect 'one says fire: kv_store lives, as -c implies -s' lives
expect '... and another gets its reply' asks second 'PING\r\n' +PONG

say 'Three hundred clients that do nothing'
for i in {1..300}; do idle+=("idle$i"); done
dial "${idle[@]}"
served() {
  local one
  for one in "${idle[@]}"; do asks "$one" 'GET a\r\n' '$1 1' || return 3; done
}
expect 'three hundred are connected: another gets 500 replies' busy second 500
expect '... and while nothing happens, kv_store sleeps' asleep server
expect '... and each of them gets a reply when it asks' served

say 'Clients that do not read'
printf -v value '%08000d' 0
asks second "SET big $value\r\n" +OK || fault 'SET' "$seen"
for i in {1..5000}; do
  printf 'GET big\r\nPING %d\r\n' "$i" >> asked
  printf '$8000\r\n%s\r\n$%d\r\n%d\r\n' "$value" ${#i} "$i" >> replies
done
base=$(memory)
dial greedy
stream greedy cat asked
expect 'one asks 10,000 times (replies of 40 MB) and reads nothing: another gets its replies' \
  busy second 100
expect "... and kv_store's memory does not grow by 8 MB" bounded
dial endless
stream endless yes "PING $value"
yes=$!
expect 'one asks without end and reads nothing: another gets its replies' busy second 100
expect "... and kv_store's memory does not grow by 8 MB" bounded
expect '... and while nobody reads, kv_store sleeps' asleep server
expect 'the one that asked 10,000 times reads: it gets every reply, in order' all_replies greedy
kill "$yes"
hang_up endless
expect 'the endless one dies: another gets its replies' busy second 10

say 'FIN behind the requests'
start peer './tcp_peer connect 127.0.0.1 8085'
ready peer '^connected$'
order peer "send $(head -n 6000 asked | sed 's/\r$/\\r\\n/' | tr -d '\n')" '^sent'
order peer shut '^shut$'
expect 'one sends 6,000 requests and FIN, and does not read: another gets its replies' \
  busy second 10
expect '... and while nobody reads, kv_store sleeps' asleep server
type_line peer drain
expect 'it reads: its connection ends with FIN' hears peer '^read [0-9]+ bytes, then FIN$'
expect '... behind the last reply' cmp received <(head -n 12000 replies)

say 'Five who break the protocol, and stay'
break_it() {
  local i
  for i in 1 2 3 4 5; do
    dial "bad$i"
    writes "bad$i" '*17\r\n'
    reads "bad$i" 1 && [[ $reply == '-ERR Protocol error:'* ]] && hung_up "bad$i" || return 3
    asks second 'PING\r\n' +PONG || return 3
  done
}
stopwatch
expect 'each gets its error and FIN, and another its replies' break_it
elapsed
seen="all that took $took ms"
expect '... without waiting for their FIN, a second for each (hang_up)' [ "$took" -lt 4000 ]
expect '... and while nothing happens, kv_store sleeps' asleep server

say 'More clients than descriptors'
hang_up "${!client[@]}"
interrupt server
store -c 'ulimit -n 20; exec '
for i in {1..40}; do crowd+=("crowd$i"); done
dial "${crowd[@]}"
writes crowd40 'PING\r\n'
lazy() { asleep server || { [[ $seen =~ ([0-9]+)\ ms ]] && [ "${BASH_REMATCH[1]}" -lt 150 ]; }; }
expect 'forty clients, and twenty descriptors (ulimit -n): the first get their replies' \
  busy crowd1 10
expect '... and kv_store does not spin' lazy
expect '... and lives' lives
hang_up "${crowd[@]:0:30}"
expect '... and when some leave, the last gets its reply' gets crowd40 +PONG
interrupt server
expect 'Ctrl-C ends it, as before' exits server 130

say 'Without -c'
hang_up "${!client[@]}"
store ''
dial first second
writes second 'PING\r\n'
busy first 2 || fault 'without -c, the first client gets its replies' "$seen"
waits() { ! read -rt 0 -u "${client[second]}" || { seen='it has a reply'; return 3; }; }
expect 'without -c all is as before: the second client waits' waits
hang_up first
expect '... until the first has left' gets second +PONG
