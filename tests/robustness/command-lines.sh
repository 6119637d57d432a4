#!/usr/bin/env bash
# Every kind of wrong command line: the message and the exit status that the programs promise.
. "$(dirname "$0")/../lib.sh"

# given COMMAND: runs it, with its output in $out and $err and its status in $status.
given() {
  alive
  out=$(eval "exec timeout $patience $1" 2> $lab/err < /dev/null); status=$?
  err=$(< $lab/err)
}
# wrong COMMAND MESSAGE: exit status 2, nothing on standard output, and this on standard error (its first line).
wrong() {
  given "./$1"
  observe "$1: $2" [ "$status|$out|$(usage_of "${err%%$'\n'*}" "$2")" = "2||$2" ]
}
# usage_of LINE USAGE: the line without what stands in brackets there and not in USAGE: the options that whoever did an
# exercise ("Your turn") has added.
usage_of() {
  local line=$1 added
  while IFS= read -r added; do
    [[ $2 == *"$added"* ]] || line=${line/"$added"/}
  done < <(grep -oE ' ?\[[^]]*\]' <<< "$line")
  echo "$line"
}
# refused COMMAND MESSAGE VALUE...: each of them, in the place of {}.
refused() {
  local value program=${1%% *}
  for value in "${@:3}"; do wrong "${1/\{\}/"'$value'"}" "$program: $value: $2"; done
}

mapfile -t usages << 'TABLE'
addrbind ADDRESS PORT
addrconv ADDRESS...
byte_sink [-r]
echo_server [-b BYTES]
kv_client ADDRESS PORT [-t SECONDS]
kv_store [-k SECONDS] [-s]
simple_nc ADDRESS PORT
time_burst_client ADDRESS PORT [-c COUNT] [-W SECONDS]
time_client ADDRESS PORT [-c COUNT] [-i SECONDS] [-W SECONDS]
time_server ADDRESS PORT
two_clients.sh up|down|status|shell
TABLE
programs=$(printf '%s\n' ./*.cpp ./*.sh | sed 's|^./||; s/\.cpp$//' | sort)
observe 'these are all' [ "$(printf '%s\n' "${usages[@]%% *}" | sort)" = "$programs" ]

say 'What all of them do'
for usage in "${usages[@]}"; do
  program=${usage%% *} enough=
  given "./$program -h"
  observe "$program -h: its usage" [ "$status|$(usage_of "${out%%$'\n'*}" "$usage")|$err" = "0|usage: $usage|" ]
  [ "$program" != two_clients.sh ] || continue
  wrong "$program -x" "./$program: invalid option -- 'x'"
  observe '(and the usage)' grep -q "^usage: $program" $lab/err
  if [[ $usage == *ADDRESS* ]]; then wrong "$program" "usage: $usage"; fi
  if [[ $usage == *'ADDRESS PORT'* ]]; then
    enough=' 127.0.0.1 80'
    wrong "$program 127.0.0.1" "usage: $usage"
    wrong "$program localhost 80" "$program: localhost: not an IPv4 address"
    wrong "$program 127.0.0.1 70000" "$program: 70000: not a port (0-65535)"
  fi
  if [ "$program" != addrconv ]; then
    wrong "$program$enough one" "$program: unexpected argument: one"
    wrong "$program$enough one two" "$program: unexpected argument: one"
    observe '(and the usage)' grep -q "^usage: $program" $lab/err
    for closed in '<&-' '>&-'; do
      given "./$program$enough $closed"
      observe "$program $closed" [ "$status|$err" = "1|$program: a standard stream is closed" ]
    done
    given "./$program$enough 2>&-"   # which leaves no place to say it: a socket of TCP answers by SIGPIPE
    observe "$program 2>&-" eval '[ $status = 1 ] || [ $status = 141 ]'
  fi
  while read -r option; do
    wrong "$program$enough -$option" "./$program: option requires an argument -- '$option'"
  done < <(grep -oE -- '-[a-zA-Z] [A-Z]' <<< "$usage" | cut -c 2)
done
given 'sh two_clients.sh -h'
observe 'sh two_clients.sh -h: the same' [ "$status|${out%% *}|$err" = '0|usage:|' ]
for words in '' sideways 'up up' 'shell x' keep; do
  wrong "two_clients.sh $words" 'usage: two_clients.sh up|down|status|shell'
done

say 'Values'
# What reads an address, a port, a count or a time is the same text in all programs (sources.sh): one of them is asked
# for all that is wrong, and the others whether they use it.
count='not a count (1-1000000)' seconds='not a number of seconds (above 0, at most 86400)'
refused 'addrbind {} 80' 'not an IPv4 address' 256.0.0.1 1.2.3 localhost '' ::1 0x7f.0.0.1 '127.0.0.1 ' 127.0.0.1:80
refused 'addrbind 127.0.0.1 {}' 'not a port (0-65535)' 80x x '' ' 80' '80 ' +80 0x50 8.0 65536 70000 4294967376
refused 'addrbind -- 127.0.0.1 {}' 'not a port (0-65535)' -1
refused 'time_client 127.0.0.1 80 -c {}' "$count" 0 -5 5x 1.5 '' 1000001 4294967297
refused 'time_client 127.0.0.1 80 -i {}' "$seconds" 0 -1 1e3 nan inf 1,5 90000 ''
refused 'time_client 127.0.0.1 80 -W {}' "$seconds" x
refused 'time_burst_client 127.0.0.1 80 -c {}' "$count" x
refused 'time_burst_client 127.0.0.1 80 -W {}' "$seconds" x
refused 'kv_client 127.0.0.1 80 -t {}' "$seconds" 2s
refused 'echo_server -b {}' 'not a number of bytes (1-65507)' 0 -1 16k 65508 ''
refused 'kv_store -k {}' 'not a number of seconds (1-32767)' 0 -1 1.5 32768 ''

say 'Options stand where people put them'
for command in 'time_client -c 1 -W 0.1 127.0.0.1 9' 'time_client 127.0.0.1 9 -c 1 -W 0.1' \
  'time_client -c 1 127.0.0.1 9 -W 0.1 --'; do
  given "./$command"
  observe "$command" [ "$status|${out##*$'\n'}" = '1|1 sent, 0 received, 100% lost' ]
done
wrong 'time_client 127.0.0.1 80 -c 1 81' 'time_client: unexpected argument: 81'

say 'System calls that fail: who, what, where and why, and exit status 1'
while IFS='|' read -r command message; do
  command=${command%%*( )} message=${message##*( )}
  given "./$command"
  observe "$command: $message" [ "$status|$err" = "1|$message" ]
done <<'TABLE'
addrbind 10.0.3.1 8080             | addrbind: bind 10.0.3.1:8080: Cannot assign requested address
time_server 10.0.3.1 8080          | time_server: bind 10.0.3.1:8080: Cannot assign requested address
time_client 10.0.3.1 8080          | time_client: connect 10.0.3.1:8080: Network is unreachable
time_burst_client 10.0.3.1 8080    | time_burst_client: connect 10.0.3.1:8080: Network is unreachable
simple_nc 10.0.3.1 8080            | simple_nc: connect 10.0.3.1:8080: Network is unreachable
simple_nc 127.0.0.1 9              | simple_nc: connect 127.0.0.1:9: Connection refused
kv_client 127.0.0.1 9 --           | kv_client: connect 127.0.0.1:9: Connection refused
addrconv 1.2.3.4 > /dev/full       | addrconv: standard output: No space left on device
addrbind 127.0.0.1 0 > /dev/full   | addrbind: standard output: No space left on device
time_server 127.0.0.1 0 > /dev/full | time_server: standard output: write error
time_client 127.0.0.1 9 > /dev/full | time_client: standard output: write error
byte_sink > /dev/full              | byte_sink: standard output: write error
echo_server > /dev/full            | echo_server: standard output: write error
kv_store > /dev/full               | kv_store: standard output: No space left on device
TABLE
