#!/usr/bin/env bash
# two_clients.sh: several at once, other people's namespaces, and where it declines.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

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
  complete || no_namespaces || fault "up beside down: neither complete nor gone" "$(cat $lab/quiet)"
  quietly ./two_clients.sh down
done
observe 'two up, and up beside down: each in its turn'   no_namespaces

say 'What is not its own'
quietly ip netns add ns_other
quietly ip link add veth_c1 type veth peer name veth_srv_c1
ip netns exec ns_other sleep 1000 & bystander=$!
run host 'sudo ./two_clients.sh up'
observe 'interfaces of those names outside do no harm'   complete
ip netns exec ns_server sleep 1000 & sleeper=$!
ip netns exec ns_client2 bash -c 'trap "" TERM HUP; echo > stubborn; sleep 1000; sleep 1000' & stubborn=$!
ip netns exec ns_client1 bash -c 'trap "echo TERM >> counted" TERM; echo > counting; while :; do sleep 0.01; done' &
dead() { ! kill -0 "$1" 2>/dev/null; }
inside() { [ -f stubborn ] && [ -f counting ] && [ "$(ip netns identify $sleeper)" = ns_server ]; }
observe 'three processes are running inside'             inside
run host 'sudo ./two_clients.sh down'
observe 'down succeeds'                                  exits host 0
observe 'a process inside was ended'                     dead $sleeper
observe 'one that ignores SIGTERM, too'                  dead $stubborn
observe 'after it had been asked once'                   [ "$(cat counted)" = TERM ]
observe 'one in another namespace was not'               kill -0 $bystander
observe 'nor was its namespace'                          [ "$(ip netns list | sed 's/ .*//')" = ns_other ]
observe 'nor the interfaces outside'                     [ "$(ip -br link show type veth | wc -l)" = 2 ]
kill $bystander
quietly ip netns del ns_other

say 'Where it declines'
lab_up
run host './two_clients.sh down'
observe 'without rights, one line says what to do'       prints host '^two_clients\.sh: needs root: sudo \./two_clients\.sh down \(or, without root: \./two_clients\.sh shell\)$'
observe 'and nothing else'                               [ "$(wc -l < "${log[host]}")|${result[host]}" = '1|1' ]
run server 'sudo ip netns exec ns_server ./two_clients.sh down'
observe 'it will not saw off its own branch'             prints server '^two_clients\.sh: down must be run outside of ns_server$'
start   server  'sudo ip netns exec ns_server ./time_server 10.0.1.1 8080'
ready   server  'serving on'
run host 'sudo ./two_clients.sh status'
observe 'status shows a server'                          prints host '^  socket +udp +UNCONN .* 10\.0\.1\.1:8080 .*"time_server"'
interrupt server
for change in 'ns_server net.ipv4.conf.veth_srv_c1.forwarding=0' 'ns_server net.ipv4.conf.veth_srv_c1.forwarding=1' \
              'ns_client1 net.ipv6.conf.veth_c1.disable_ipv6=0' 'ns_client1 net.ipv6.conf.veth_c1.disable_ipv6=1'; do
  [[ $change != *ipv6* ]] || [ -d /proc/sys/net/ipv6 ] || continue
  case $change in
    *forwarding=0) says='^  ns_server lacks: net\.ipv4\.ip_forward = 1$' ;;
    *ipv6=0)       says='^  ns_client1 lacks: IPv6 switched off$' ;;
    *)             says='^the lab is complete$' ;;
  esac
  quietly ip netns exec "${change% *}" sysctl -w "${change#* }"
  run host 'sudo ./two_clients.sh status'
  observe "${change#* }: $says"                          last_line host "$says"
done
quietly ip netns exec ns_server sysctl -w net.ipv4.ip_forward=0
run host 'sudo ./two_clients.sh status'
observe 'status finds what was changed'                  prints host '^  ns_server lacks: net\.ipv4\.ip_forward = 1$'
observe 'and fails'                                      exits host 1
run host 'sudo ./two_clients.sh up'
observe 'up says why it builds anew'                     prints host 'ns_server lacks: net\.ipv4\.ip_forward = 1$'
observe 'and does'                                       complete
