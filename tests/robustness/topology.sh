#!/usr/bin/env bash
# two_clients.sh: several at once, what is not its own, what it finds changed, and where it declines.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

fails_in_one_line() { exits host 1 && prints host '' 1; }
as_root=(); [ "$(id -u)" = 0 ] || as_root=(--user --map-root-user)   # or mount(8) would refuse

say 'An odd start'
quietly env -i umask=077 bash -c 'umask 077; exec bash ./two_clients.sh up'
observe 'with an empty environment it is up'             ip netns exec ns_client1 ping -q -c 1 10.0.2.2
observe 'and with any umask everybody finds it'          [ "$(stat -c %a /run/netns)" = 755 ]
observe 'it is like any other'                           complete
ln -s "$PWD/two_clients.sh" $lab/link
run host "cd / && sudo sh $lab/link up"
observe 'sh will do, and a link to it, from anywhere'    prints host '^the lab is already up$'
run host 'sudo sh two_clients.sh down'
observe 'down succeeds'                                  exits host 0
run host 'sudo ./two_clients.sh status'
observe 'status says whose lab is down, and what to do'  prints host "^the machine's lab is down; to set it up: sudo \./two_clients\.sh up\$"
observe 'in one line'                                    fails_in_one_line

say 'Several at once'
both() { wait "$1" && wait "$2"; }   # PROCESS PROCESS: both have succeeded
for round in 1 2; do
  ./two_clients.sh up > $lab/up1 2>&1 & first=$!
  ./two_clients.sh up > $lab/up2 2>&1 & second=$!
  both $first $second || fault "one of two up failed in round $round" "$(cat $lab/up1 $lab/up2)"
  { complete && grep -qx 'the lab is already up' $lab/up[12]; } ||
    fault 'two up at once: not complete' "$seen$(cat $lab/up1 $lab/up2)"
  ./two_clients.sh up > $lab/up1 2>&1 & first=$!
  ./two_clients.sh down > $lab/up2 2>&1 & second=$!
  both $first $second || fault "up beside down failed in round $round" "$(cat $lab/up1 $lab/up2)"
  gone || { complete && remove; } || fault 'up beside down: neither complete nor gone' "$seen"
done
observe 'two up, and up beside down: each in its turn'   gone
flock /run sleep 1000 & holder=$!
observe 'somebody holds a lock on /run'                  eval '! flock -n /run true'
run host 'sudo timeout 20 ./two_clients.sh up'
observe 'which keeps nobody from up'                     exits host 0
observe 'the lock that does is for its owner alone'      [ "$(stat -c %a /run/two_clients.lab)" = 600 ]
kill $holder
remove

lives_in() { seen=$(ip netns identify "$sleeper"); [ "$seen" = "$1" ]; }

# What has not our mark is not ours: in whatever state it is, and also when an up of ours was killed before it was done.
say 'Not its own: somebody else has an ns_server'
: > /run/two_clients.lab
what_it_is() { stat -Lc %i /run/netns/*; at ns_server grep -s . /proc/sys/net/ipv4/{ip_forward,tcp_rmem} /proc/net/udp; at ns_server ip link; }
no_program() { seen=$(ip netns pids ns_server); [ -z "$seen" ]; }
quietly ip netns add ns_server
for state in 'as ip netns add leaves it' 'with a setting changed' 'with a socket that a program elsewhere holds' \
  'with a program'; do
  case $state in
    *setting*) quietly at ns_server sysctl -w net.ipv4.ip_forward=1 ;;
    *socket*) quietly ip -n ns_server link set lo up
      at ns_server bash -c 'exec 5<> /dev/udp/127.0.0.1/9; exec nsenter --net=/proc/1/ns/net sleep 1000' & holder=$!
      observe 'there is a socket in it'                  sockets ns_server -uan ':9( |$)'
      observe 'and no program'                           no_program ;;
    *program) ip netns exec ns_server sleep 1000 & sleeper=$!
      observe 'a program runs in there'                  lives_in ns_server ;;
  esac
  before=$(what_it_is)
  for words in up down; do
    run host "sudo ./two_clients.sh $words"
    observe "$words refuses it $state"                   exits host 1
    observe 'names it, and says what to do'              prints host "^two_clients\.sh: ns_server is somebody else's; to remove it: sudo ip netns del ns_server\$"
  done
  observe 'and nothing was touched or made'              [ "$(what_it_is)" = "$before" ]
done
run host 'sudo ./two_clients.sh status'
observe 'status fails'                                   exits host 1
observe 'and says it'                                    prints host "^  ns_server is somebody else's\$"
observe 'the program lives'                              kill -0 "$sleeper"
kill "$sleeper" "$holder"
quietly ip netns del ns_server

say 'Not its own: what has other names, or lives outside'
quietly ip netns add ns_other
quietly ip link add veth_c1 type veth peer name veth_srv_c1
ip netns exec ns_other sleep 1000 & bystander=$!
run host 'sudo ./two_clients.sh up'
observe 'interfaces of those names outside do no harm'   complete
ip netns exec ns_server sleep 1000 & sleeper=$!
ip netns exec ns_client2 bash -c 'trap "" TERM HUP; echo > stubborn; sleep 1000; sleep 1000' & stubborn=$!
ip netns exec ns_client1 bash -c 'trap "echo TERM >> counted" TERM; exec 3<> <(:); echo > counting
  while :; do read -rt 0.01 -u 3; done' &
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

# It would find none of what it has made: so it makes nothing.
say 'An ip that keeps its names elsewhere'
mkdir $lab/elsewhere
sed 's|/run/netns|/run/other|g' "$(command -v ip)" > $lab/elsewhere/ip
chmod +x $lab/elsewhere/ip
run host "sudo env PATH=$lab/elsewhere:$PATH ./two_clients.sh up"
observe 'up fails, and says why'                         prints host '^two_clients\.sh: this ip keeps its names elsewhere than in /run/netns$'
observe 'and that nothing is left'                       last_line host 'nothing is left of it$'
observe 'which is so'                                    [ "$(ls /run/other)" = '' ]

say 'Names that lead nowhere'
quietly ln -s /proc/999999/ns/net /run/netns/ns_client1
: > /run/netns/ns_client2
run host 'sudo ./two_clients.sh down'
observe 'down clears them away'                          [ "${result[host]}|$(ls /run/netns)" = '0|' ]
quietly ln -s /proc/999999/ns/net /run/netns/ns_client1
: > /run/netns/ns_client2
run host 'sudo ./two_clients.sh up'
observe 'and so does up'                                 complete
quietly ip netns del ns_client1
mkdir /run/netns/ns_client1
run host 'sudo ./two_clients.sh status'
observe 'a directory is no host'                         prints host '^  ns_client1 is missing$'
run host 'sudo ./two_clients.sh down'
observe 'down cannot remove it'                          exits host 1
observe 'names it'                                       prints host '/run/netns/ns_client1'
observe 'and removes the others'                         [ "$(ls /run/netns)" = ns_client1 ]
run host 'sudo ./two_clients.sh up'
observe 'up fails'                                       exits host 1
observe 'and says that it is left'                       prints host '^two_clients\.sh: the lab could not be set up; not all of it could be removed$'
observe 'alone'                                          [ "$(ls /run/netns)" = ns_client1 ]
rmdir /run/netns/ns_client1

# Each of these, left by an experiment that was stopped halfway, would make the next one puzzling.
# The settings are those that the README's commands change: a section that changes another one needs
# no line here.
say 'What experiments leave behind'
lab_up
differ=()   # as status names them
while read -r host setting value; do
  [[ "${differ[*]} " != *"$host lacks: $setting "* ]] || continue
  at "$host" bash -c '[ -e "$0" ] || exit 1   # not every kernel has all
    [ "$(< "$0")" != "$1" ] && echo "$1" > "$0"' "/proc/sys/${setting//.//}" "$value" || continue
  differ+=("$host lacks: $setting = " "$host has besides: $setting = ")
done < <(sed -z 's| *\\\n *| |g' README.md | grep -oE 'ip netns exec [a-z0-9_]+ sysctl [^#]*' | awk '
  { for (i = 5; i <= NF; i++) if (sub("=", " ", $i)) print $4, $i }')
observe "the README changes settings: ${#differ[@]} lines" [ ${#differ[@]} -ge 10 ]
while IFS='|' read -r host what change; do
  [[ $change != *ipv6* || -d /proc/sys/net/ipv6 ]] || continue
  # shellcheck disable=SC2086   # a command of several words
  quietly ip netns exec $host $change
  differ+=("$host has besides: $what")
done << 'CHANGES'
ns_server|veth_srv_c2.* mtu 1280 |ip link set veth_srv_c2 mtu 1280
ns_server|blackhole 10\.0\.4\.0/24|ip route add blackhole 10.0.4.0/24
ns_server|blackhole 10\.0\.9\.0/24 table 100|ip route add blackhole 10.0.9.0/24 table 100
ns_server|.* iif lo .*blackhole|ip rule add iif lo ipproto 1 blackhole
ns_server|net\.core\.somaxconn = 1$|sysctl -w net.core.somaxconn=1
ns_client1|.* 10\.0\.1\.9/24 |ip address add 10.0.1.9/24 dev veth_c1
ns_client1|veth_c1.* qlen 3$|ip link set veth_c1 txqueuelen 3
ns_client1|10\.0\.1\.1 dev .* lladdr 02:00:00:00:00:01 |ip neighbour replace 10.0.1.1 lladdr 02:00:00:00:00:01 dev veth_c1 nud permanent
ns_client1|10\.0\.1\.77 dev veth_c1 .*proxy|ip neighbour add proxy 10.0.1.77 dev veth_c1
ns_client1|net\.ipv6\.conf\.veth_c1\.disable_ipv6 = 0|sysctl -w net.ipv6.conf.veth_c1.disable_ipv6=0
ns_client2|10\.0\.2\.1 dev .* lladdr 02:00:00:00:00:01 |ip neighbour replace 10.0.2.1 lladdr 02:00:00:00:00:01 dev veth_c2 nud noarp
ns_client2|qdisc pfifo |tc qdisc add dev veth_c2 root pfifo
ns_client2|net\.ipv4\.conf\.veth_c2\.accept_local = 1|sysctl -w net.ipv4.conf.veth_c2.accept_local=1
ns_client2|net\.ipv4\.conf\.lo\.accept_local = 1|sysctl -w net.ipv4.conf.lo.accept_local=1
CHANGES
run host 'sudo ./two_clients.sh status'
observe 'status fails'                                   exits host 1
for line in "${differ[@]}"; do
  observe "and says: $line"                              prints host "^  $line"
done
ip netns exec ns_client1 sleep 1000 & sleeper=$!
observe 'a program runs in there'                        lives_in ns_client1
run host 'sudo ./two_clients.sh up'
observe 'up says why it builds anew'                     prints host '^  ns_client1 lacks: net\.ipv4\.tcp_retries2 = 15$'
observe 'and which programs it ends for that'            prints host "^ending in ns_client1: +$sleeper sleep 1000\$"
observe 'and does'                                       complete
quietly ip -n ns_server link set veth_srv_c1 down
run host 'sudo ./two_clients.sh status'
observe 'the plug is out: status says so'                prints host '^  ns_server lacks: 10\.0\.1\.0/24 dev veth_srv_c1 '
quietly ip -n ns_server link set veth_srv_c1 up
complete_again() { seen=$(./two_clients.sh status); }
observe 'and in again: all is well'                      complete_again
quietly ip netns del ns_client2
run host 'sudo ./two_clients.sh up'
observe 'a host was lost: up says so'                    prints host '^  ns_client2 is missing$'
observe 'and makes it anew'                              complete
: > /run/two_clients.lab
run host 'sudo ./two_clients.sh status'
observe 'up was killed before it was done: status fails' exits host 1
observe 'and says it'                                    prints host '^  up was ended before it was done$'

say 'Where it declines'
lab_up
run host './two_clients.sh down'
observe 'without rights, it says what to do'             prints host '^two_clients\.sh: needs root: sudo \./two_clients\.sh down \(you have no private lab: \./two_clients\.sh shell\)$'
observe 'in one line'                                    fails_in_one_line
run server 'sudo ip netns exec ns_server ./two_clients.sh down'
observe 'it will not saw off its own branch'             prints server '^two_clients\.sh: down must be run outside of ns_server$'
start   server  'sudo ip netns exec ns_server ./time_server 10.0.1.1 8080' 'serving on'
start   wire    'sudo ip netns exec ns_server ./kv_store' 'serving on'
quietly at ns_client1 ping -q -c 1 10.0.2.2
run host 'sudo ./two_clients.sh status'
observe 'status shows a server of UDP' \
  prints host '^  socket +udp +UNCONN .* 10\.0\.1\.1:8080 .*"time_server"'
observe 'and one of TCP' \
  prints host '^  socket +tcp +LISTEN .* 0\.0\.0\.0:8085 .*"kv_store"'
observe 'which is no change, nor are neighbours learnt'  last_line host '^the lab is complete$'
interrupt server
interrupt wire
remove
run host "sudo unshare ${as_root[*]} --mount --net bash -c '
  mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && ./two_clients.sh up'"
observe '/proc/sys read-only: it says what to do'        prints host '^two_clients\.sh: /proc/sys is read-only: start the container with --privileged$'
observe 'in one line'                                    fails_in_one_line
