#!/usr/bin/env bash
# What speaks RESP2 can talk to kv_store: redis-cli, if it is there.
. "$(dirname "$0")/../lib.sh"
command -v redis-cli > /dev/null || skip 'redis-cli is not installed (package redis-tools)'

start server './kv_store' ' serving on '
while IFS='|' read -r command reply; do
  command=${command%%*( )} reply=${reply##*( )}
  observe "$command: $reply" \
    [ "$(eval "timeout $patience redis-cli --no-raw -p 8085 $command" 2>&1 | tail -n 1)" = "$reply" ]
done <<'TABLE'
set greeting 'hello "world"' | OK
get greeting                 | "hello \"world\""
GET nothing                  | (nil)
keys '*'                     | 1) "greeting"
del greeting nothing         | (integer) 1
keys '*'                     | (empty array)
command docs                 | (empty array)
shout                        | (error) ERR unknown command 'shout'
echo hello                   | "hello"
TABLE
run client1 "printf 'set a 1\\nget a\\n' | redis-cli -p 8085"
observe 'as well as a script of them'            [ "$(xargs < "${log[client1]}")" = 'OK 1' ]

say 'Many at once: redis-cli --pipe, which ends with ECHO'
run client1 'printf "SET key%d 1\n" {1..1000} | redis-cli -p 8085 --pipe'
observe 'a thousand replies'                     exits client1 0 '^errors: 0, replies: 1000$'
observe 'all are there'                          [ "$(timeout "$patience" redis-cli -p 8085 dbsize)" = 1001 ]

say 'redis-benchmark, with one connection'
command -v redis-benchmark > /dev/null || skip 'redis-benchmark is not installed (package redis-tools)'
run client1 'redis-benchmark -p 8085 -c 1 -n 100 -t ping,set,get --csv'
observe 'has its figures'                        prints client1 '^"(PING_INLINE|PING_MBULK|SET|GET)","?[0-9.]+' 4
