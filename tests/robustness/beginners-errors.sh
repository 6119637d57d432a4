#!/usr/bin/env bash
# What a beginner gets to see: the messages that the README's table "When something goes wrong" explains.
. "$(dirname "$0")/../lib.sh"

awk '/^## / { here = /^## When something goes wrong/ } here' README.md > table
beginner() {  # COMMAND MESSAGE: the command says so, and the table has it
  run     host "$1"
  observe "$2"              grep -qF -- "$2" "${log[host]}"
  observe '(is explained)'  grep -qF -- "$2" table
}

beginner 'cd tests; ./time_server 0.0.0.0 8080; true' './time_server: No such file or directory'
beginner 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' \
  'Cannot open network namespace "ns_server": No such file or directory'
lab_up
beginner 'ip netns exec ns_server ./time_server 0.0.0.0 8080' \
  'setting the network namespace "ns_server" failed: Operation not permitted'
beginner './time_server 10.0.1.1 8080'                                'bind 10.0.1.1:8080: Cannot assign requested address'
beginner './time_client 10.0.1.1 8080 -c 1'                           'connect 10.0.1.1:8080: Network is unreachable'
start   server 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
beginner 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'    'bind 0.0.0.0:8080: Address already in use'
run     host 'sudo ip netns exec ns_server ss -tulnp'
observe 'ss names the server'                     prints host '0\.0\.0\.0:8080 .*"time_server",pid='
interrupt server
if ! tc qdisc add dev lo root netem delay 0ms 2> /dev/null; then
  beginner 'sudo ip netns exec ns_client2 tc qdisc add dev veth_c2 root netem loss 40%' 'Specified qdisc kind is unknown'
fi
beginner 'ip netns exec ns_server tcpdump -i lo -c 1; timeout 10 tcpdump -i lo -c 1; true' "You don't have permission"
