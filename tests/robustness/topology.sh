#!/usr/bin/env bash
# two_clients.sh: several at once, other people's namespaces, and where it declines.
. "$(dirname "$0")/../lib.sh"

complete() { ./two_clients.sh status > $lab/quiet 2>&1; }
gone() { seen=$(ip netns list); [ -z "$seen" ]; }

both() { wait "$1" && wait "$2"; }   # PROCESS PROCESS: both have succeeded

say 'Several at once'
for round in 1 2 3 4 5; do
  ./two_clients.sh up > $lab/up1 2>&1 & first=$!
  ./two_clients.sh up > $lab/up2 2>&1 & second=$!
  both $first $second || fault "one of two up failed in round $round" "$(cat $lab/up1 $lab/up2)"
  complete || fault "two up at once: not complete" "$(cat $lab/quiet)"
  ./two_clients.sh up > $lab/up1 2>&1 & first=$!
  ./two_clients.sh down > $lab/up2 2>&1 & second=$!
  both $first $second || fault "up beside down failed in round $round" "$(cat $lab/up1 $lab/up2)"
  complete || gone || fault "up beside down: neither complete nor gone" "$(cat $lab/quiet)"
  quietly ./two_clients.sh down
done
observe 'two up, and up beside down: each in its turn'   gone

say 'What is not its own'
quietly ip netns add ns_other
quietly ip link add veth_c1 type veth peer name veth_srv_c1
ip netns exec ns_other sleep 1000 & bystander=$!
run host 'sudo ./two_clients.sh up'
observe 'interfaces of those names outside do no harm'   complete
ip netns exec ns_server sleep 1000 & sleeper=$!
ip netns exec ns_client2 bash -c 'trap "" TERM HUP; while :; do read -rt 1 < <(:); done' & stubborn=$!
observe 'both are running'                               kill -0 $sleeper $stubborn
run host 'sudo ./two_clients.sh down'
observe 'down succeeds'                                  exits host 0
observe 'a process inside was ended'                     eval '! kill -0 $sleeper 2>/dev/null'
observe 'one that ignores SIGTERM, too'                  eval '! kill -0 $stubborn 2>/dev/null'
observe 'one in another namespace was not'               kill -0 $bystander
observe 'nor was its namespace'                          [ "$(ip netns list | sed 's/ .*//')" = ns_other ]
observe 'nor the interfaces outside'                     [ "$(ip -br link show type veth | wc -l)" = 2 ]
kill $bystander
quietly ip netns del ns_other

say 'Where it declines'
lab_up
run host './two_clients.sh down'
observe 'without rights, one line says what to do'       prints host '^two_clients\.sh: needs root: sudo \./two_clients\.sh down$'
observe 'and nothing else'                               [ "$(wc -l < "${log[host]}")|${result[host]}" = '1|1' ]
run server 'sudo ip netns exec ns_server ./two_clients.sh down'
observe 'it will not saw off its own branch'             prints server '^two_clients\.sh: down must be run outside of ns_server$'
quietly ip netns exec ns_server sysctl -w net.ipv4.ip_forward=0
run host 'sudo ./two_clients.sh status'
observe 'status finds what was changed'                  prints host '^  ns_server lacks: net\.ipv4\.ip_forward = 1$'
observe 'and fails'                                      exits host 1
run host 'sudo ./two_clients.sh up'
observe 'up says why it builds anew'                     prints host 'ns_server lacks: net\.ipv4\.ip_forward = 1$'
observe 'and does'                                       complete
