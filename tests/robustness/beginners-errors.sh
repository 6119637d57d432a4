#!/usr/bin/env bash
# What a beginner gets to see: the messages that the README's table "When something goes wrong" explains.
. "$(dirname "$0")/../lib.sh"

explained() { awk '/^## / { here = /^## When something goes wrong/ } here' README.md | grep -qF -- "$1"; }
# beginner COMMAND MESSAGE: the command says so, and the table has it.
beginner() {
  run     host "$1"
  observe "$2"              eval 'grep -qF -- "$message" "${log[host]}"'
  observe '(is explained)'  explained "${3-$2}"
}

mv time_server hidden
message='./time_server: No such file or directory' beginner './time_server 0.0.0.0 8080; true' './time_server: No such file or directory'
mv hidden time_server
message='Cannot open network namespace "ns_server": No such file or directory'
beginner 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' "$message"
lab_up
message='setting the network namespace "ns_server" failed: Operation not permitted'
beginner 'ip netns exec ns_server ./time_server 0.0.0.0 8080' "$message"
message='bind 10.0.1.1:8080: Cannot assign requested address'
beginner './time_server 10.0.1.1 8080' "$message"
message='connect 10.0.1.1:8080: Network is unreachable'
beginner './time_client 10.0.1.1 8080 -c 1' "$message"
start   server 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'
ready   server 'serving on'
message='bind 0.0.0.0:8080: Address already in use'
beginner 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' "$message"
run     host 'sudo ip netns exec ns_server ss -tulnp'
observe 'ss names the server'                     prints host '0\.0\.0\.0:8080 .*"time_server",pid='
interrupt server
if ! tc qdisc add dev lo root netem delay 0ms 2> /dev/null; then
  message='Specified qdisc kind is unknown'
  beginner 'sudo ip netns exec ns_client2 tc qdisc add dev veth_c2 root netem loss 40%' "$message"
fi
message="You don't have permission"
beginner 'ip netns exec ns_server tcpdump -i lo -c 1; timeout 10 tcpdump -i lo -c 1; true' "$message"
