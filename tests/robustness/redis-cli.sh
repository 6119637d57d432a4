#!/usr/bin/env bash
# What speaks RESP2 can talk to kv_store: redis-cli, if it is there.
. "$(dirname "$0")/../lib.sh"
command -v redis-cli > /dev/null || skip 'redis-cli is not installed (package redis-tools)'

start server './kv_store'
ready server ' serving on '
while IFS='|' read -r command reply; do
  command=${command%%*( )} reply=${reply##*( )}
  observe "$command: $reply" [ "$(eval "timeout $patience redis-cli --no-raw -p 8085 $command" 2>&1 | tail -n 1)" = "$reply" ]
done <<'TABLE'
set greeting 'hello "world"' | OK
get greeting                 | "hello \"world\""
GET nothing                  | (nil)
dbsize                       | (integer) 1
keys '*'                     | 1) "greeting"
del greeting nothing         | (integer) 1
keys '*'                     | (empty array)
command docs                 | (empty array)
shout                        | (error) ERR unknown command 'shout'
ping hello                   | "hello"
TABLE
run client1 "printf 'set a 1\\nget a\\n' | redis-cli -p 8085"
observe 'as well as a script of them'            [ "$(xargs < "${log[client1]}")" = 'OK 1' ]
