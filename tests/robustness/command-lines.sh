#!/usr/bin/env bash
# Every kind of wrong command line: the message and the exit status that the programs promise.
. "$(dirname "$0")/../lib.sh"

# given COMMAND: runs it, with its output in $out and $err and its status in $status.
given() {
  alive
  out=$(eval "exec $1" 2> $lab/err < /dev/null); status=$?
  err=$(< $lab/err)
}

# What reads an address, a port, a count or a time is the same text in all programs (sources.sh): one of them is asked
# for all that is wrong, and the others whether they use it.
for address in 256.0.0.1 1.2.3 localhost '' ::1 0x7f.0.0.1 '127.0.0.1 ' 127.0.0.1:80; do
  given "./addrbind '$address' 80"
  observe "addrbind '$address' 80" [ "$status|$out|$err" = "2||addrbind: $address: not an IPv4 address" ]
done
for port in 80x x '' ' 80' '80 ' +80 0x50 8.0 65536 70000 4294967376; do
  given "./addrbind 127.0.0.1 '$port'"
  observe "addrbind 127.0.0.1 '$port'" [ "$status|$out|$err" = "2||addrbind: $port: not a port (0-65535)" ]
done
for program in $(basename -s .cpp -- *.cpp); do
  [[ $("./$program" -h) == "usage: $program "*'ADDRESS PORT'* ]] || continue
  given "./$program localhost 80"
  observe "$program localhost 80" [ "$status|$out|$err" = "2||$program: localhost: not an IPv4 address" ]
  given "./$program 127.0.0.1 70000"
  observe "$program 127.0.0.1 70000" [ "$status|$out|$err" = "2||$program: 70000: not a port (0-65535)" ]
done

# usage_of LINE: without what stands in brackets there and not in $message: the options that whoever did an exercise
# ("Your turn") has added.
usage_of() {
  local line=$1 added
  while IFS= read -r added; do
    [[ $message == *"$added"* ]] || line=${line/"$added"/}
  done < <(grep -oE ' ?\[[^]]*\]' <<< "$line")
  echo "$line"
}

# Wrong words: exit status 2, nothing on standard output, and this on standard error (its first line).
while IFS='|' read -r command message; do
  command=${command%%*( )} message=${message##*( )}
  given "./$command"
  observe "$command: $message" [ "$status|$out|$(usage_of "${err%%$'\n'*}")" = "2||$message" ]
  [[ $message != *unexpected* ]] || observe '(and the usage)' grep -q "^usage: ${command%% *} *" $lab/err
done <<'TABLE'
addrconv                                | usage: addrconv ADDRESS...
addrconv -x                             | ./addrconv: invalid option -- 'x'
addrbind                                | usage: addrbind ADDRESS PORT
addrbind 127.0.0.1                      | usage: addrbind ADDRESS PORT
addrbind 127.0.0.1 80 80                | addrbind: unexpected argument: 80
addrbind -b 127.0.0.1 80                | ./addrbind: invalid option -- 'b'
addrbind 127.0.0.1 -1                   | ./addrbind: invalid option -- '1'
addrbind -- 127.0.0.1 -1                | addrbind: -1: not a port (0-65535)
time_server                             | usage: time_server ADDRESS PORT
time_server 0.0.0.0                     | usage: time_server ADDRESS PORT
time_server 0.0.0.0 8080 x              | time_server: unexpected argument: x
time_server -x                          | ./time_server: invalid option -- 'x'
time_client                             | usage: time_client ADDRESS PORT [-c COUNT] [-i SECONDS] [-W SECONDS]
time_client 127.0.0.1                   | usage: time_client ADDRESS PORT [-c COUNT] [-i SECONDS] [-W SECONDS]
time_client 127.0.0.1 80 81             | time_client: unexpected argument: 81
time_client 127.0.0.1 80 81 82          | time_client: unexpected argument: 81
time_client 127.0.0.1 80 -c 1 81        | time_client: unexpected argument: 81
time_client -c 3                        | usage: time_client ADDRESS PORT [-c COUNT] [-i SECONDS] [-W SECONDS]
time_client 127.0.0.1 8080 -x           | ./time_client: invalid option -- 'x'
time_client 127.0.0.1 8080 -c           | ./time_client: option requires an argument -- 'c'
time_client 127.0.0.1 8080 -c 0         | time_client: 0: not a count (1-1000000)
time_client 127.0.0.1 8080 -c -5        | time_client: -5: not a count (1-1000000)
time_client 127.0.0.1 8080 -c 5x        | time_client: 5x: not a count (1-1000000)
time_client 127.0.0.1 8080 -c 1.5       | time_client: 1.5: not a count (1-1000000)
time_client 127.0.0.1 8080 -c ''        | time_client: : not a count (1-1000000)
time_client 127.0.0.1 8080 -c 1000001   | time_client: 1000001: not a count (1-1000000)
time_client 127.0.0.1 8080 -c 4294967297 | time_client: 4294967297: not a count (1-1000000)
time_client 127.0.0.1 8080 -i 0         | time_client: 0: not a number of seconds (above 0, at most 86400)
time_client 127.0.0.1 8080 -i -1        | time_client: -1: not a number of seconds (above 0, at most 86400)
time_client 127.0.0.1 8080 -i 1e3       | time_client: 1e3: not a number of seconds (above 0, at most 86400)
time_client 127.0.0.1 8080 -i nan       | time_client: nan: not a number of seconds (above 0, at most 86400)
time_client 127.0.0.1 8080 -W inf       | time_client: inf: not a number of seconds (above 0, at most 86400)
time_client 127.0.0.1 8080 -W 1,5       | time_client: 1,5: not a number of seconds (above 0, at most 86400)
time_client 127.0.0.1 8080 -W 90000     | time_client: 90000: not a number of seconds (above 0, at most 86400)
time_client 127.0.0.1 8080 -W ''        | time_client: : not a number of seconds (above 0, at most 86400)
time_burst_client                       | usage: time_burst_client ADDRESS PORT [-c COUNT] [-W SECONDS]
time_burst_client 127.0.0.1             | usage: time_burst_client ADDRESS PORT [-c COUNT] [-W SECONDS]
time_burst_client 127.0.0.1 80 81       | time_burst_client: unexpected argument: 81
time_burst_client 127.0.0.1 8080 -i 1   | ./time_burst_client: invalid option -- 'i'
time_burst_client 127.0.0.1 8080 -c x   | time_burst_client: x: not a count (1-1000000)
time_burst_client 127.0.0.1 8080 -W x   | time_burst_client: x: not a number of seconds (above 0, at most 86400)
echo_server 5678                        | echo_server: unexpected argument: 5678
echo_server -b 16 5678                  | echo_server: unexpected argument: 5678
echo_server -b                          | ./echo_server: option requires an argument -- 'b'
echo_server -b 0                        | echo_server: 0: not a number of bytes (1-65507)
echo_server -b -1                       | echo_server: -1: not a number of bytes (1-65507)
echo_server -b 16k                      | echo_server: 16k: not a number of bytes (1-65507)
echo_server -b 65508                    | echo_server: 65508: not a number of bytes (1-65507)
echo_server -b ''                       | echo_server: : not a number of bytes (1-65507)
byte_sink 8080                          | byte_sink: unexpected argument: 8080
byte_sink -x                            | ./byte_sink: invalid option -- 'x'
simple_nc                               | usage: simple_nc ADDRESS PORT
simple_nc 127.0.0.1                     | usage: simple_nc ADDRESS PORT
simple_nc 127.0.0.1 80 x                | simple_nc: unexpected argument: x
kv_store foo                            | kv_store: unexpected argument: foo
kv_store -s -k 1 8085                   | kv_store: unexpected argument: 8085
kv_store -x                             | ./kv_store: invalid option -- 'x'
kv_store -k                             | ./kv_store: option requires an argument -- 'k'
kv_store -k 0                           | kv_store: 0: not a number of seconds (1-32767)
kv_store -k -1                          | kv_store: -1: not a number of seconds (1-32767)
kv_store -k 1.5                         | kv_store: 1.5: not a number of seconds (1-32767)
kv_store -k 32768                       | kv_store: 32768: not a number of seconds (1-32767)
kv_store -k ''                          | kv_store: : not a number of seconds (1-32767)
kv_client                               | usage: kv_client ADDRESS PORT [-t SECONDS]
kv_client 127.0.0.1                     | usage: kv_client ADDRESS PORT [-t SECONDS]
kv_client 127.0.0.1 80 81 82            | kv_client: unexpected argument: 81
kv_client 127.0.0.1 80 -t 1 foo         | kv_client: unexpected argument: foo
kv_client -t 3                          | usage: kv_client ADDRESS PORT [-t SECONDS]
kv_client 127.0.0.1 80 -x               | ./kv_client: invalid option -- 'x'
kv_client 127.0.0.1 80 -t               | ./kv_client: option requires an argument -- 't'
kv_client 127.0.0.1 80 -t 2s            | kv_client: 2s: not a number of seconds (above 0, at most 86400)
two_clients.sh                          | usage: two_clients.sh up|down|status|shell
two_clients.sh sideways                 | usage: two_clients.sh up|down|status|shell
two_clients.sh up up                    | usage: two_clients.sh up|down|status|shell
two_clients.sh shell x                  | usage: two_clients.sh up|down|status|shell
two_clients.sh keep                     | usage: two_clients.sh up|down|status|shell
TABLE

for program in $(basename -s .cpp -- *.cpp) two_clients.sh; do
  given "./$program -h"
  observe "$program -h: usage, on standard output" [ "$status|${out%% *}|$err" = '0|usage:|' ]
done
given 'sh two_clients.sh -h'
observe 'sh two_clients.sh -h: the same'         [ "$status|${out%% *}|$err" = '0|usage:|' ]

# Options stand where people put them.
given './time_client -c 1 -W 0.1 127.0.0.1 9'
observe 'options before the address'             [ "$status|${out##*$'\n'}" = '1|1 sent, 0 received, 100% lost' ]
given './time_client 127.0.0.1 9 -c 1 -W 0.1'
observe 'and behind the port'                    [ "$status|${out##*$'\n'}" = '1|1 sent, 0 received, 100% lost' ]
given './time_client -c 1 127.0.0.1 9 -W 0.1 --'
observe 'or both, and -- ends them'              [ "$status|${out##*$'\n'}" = '1|1 sent, 0 received, 100% lost' ]

# System calls that fail: who, what, where and why, and exit status 1.
while IFS='|' read -r command message; do
  command=${command%%*( )} message=${message##*( )}
  given "$command"
  observe "$command: $message" [ "$status|$err" = "1|$message" ]
done <<'TABLE'
./addrbind 10.0.3.1 8080                        | addrbind: bind 10.0.3.1:8080: Cannot assign requested address
./time_server 10.0.3.1 8080                     | time_server: bind 10.0.3.1:8080: Cannot assign requested address
./time_client 10.0.3.1 8080                     | time_client: connect 10.0.3.1:8080: Network is unreachable
./time_burst_client 10.0.3.1 8080               | time_burst_client: connect 10.0.3.1:8080: Network is unreachable
./addrconv 1.2.3.4 > /dev/full                  | addrconv: standard output: No space left on device
./addrbind 127.0.0.1 0 > /dev/full              | addrbind: standard output: No space left on device
./time_server 127.0.0.1 0 > /dev/full           | time_server: standard output: write error
./time_client 127.0.0.1 9 > /dev/full           | time_client: standard output: write error
./simple_nc 127.0.0.1 9                         | simple_nc: connect 127.0.0.1:9: Connection refused
./simple_nc 10.0.3.1 8080                       | simple_nc: connect 10.0.3.1:8080: Network is unreachable
./byte_sink > /dev/full                         | byte_sink: standard output: write error
./echo_server > /dev/full                       | echo_server: standard output: write error
./kv_store > /dev/full                          | kv_store: standard output: No space left on device
./kv_client 127.0.0.1 9 --                      | kv_client: connect 127.0.0.1:9: Connection refused
TABLE
