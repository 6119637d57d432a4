#!/usr/bin/env bash
# two_clients.sh: three hosts on two networks, made of network namespaces (network_namespaces(7)) and
# virtual Ethernet cables (veth(4)). ns_server is both the server and the router between the networks.
#
#   ns_client1                        ns_server                        ns_client2
#   +----------------------+          +-------------------------+
#   | veth_c1  10.0.1.2/24 |==========| veth_srv_c1 10.0.1.1/24 |
#   | default via 10.0.1.1 |          |    IPv4 forwarding      |       +----------------------+
#   +----------------------+          | veth_srv_c2 10.0.2.1/24 |=======| veth_c2  10.0.2.2/24 |
#                                     +-------------------------+       | default via 10.0.2.1 |
#                                                                       +----------------------+
# Each host has its own loopback, 127.0.0.1/8. IPv6 is off, so that a capture shows the lab's traffic only.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

readonly hosts=(ns_client1 ns_server ns_client2)
readonly private=/run/two_clients  # exists in a private lab, and only there
self=$(realpath "$0")
usage="usage: two_clients.sh up|down|status|shell
  up      set up the three hosts; does nothing when they are up, starts afresh when they are half built
  down    end every process inside them and remove them
  status  show their addresses, routes, qdiscs and listening sockets; exit 0 when the lab is complete, else 1
  shell   open a shell in a private lab that is up, without root; in further terminals, join the same lab"

fail() { echo "two_clients.sh: $*" >&2; exit 1; }

# ---- up: the lab, one command after another

up() {
  local host faults
  for host in "${hosts[@]}"; do
    [ -e "/run/netns/$host" ] || continue
    faults=$(missing)
    [ -n "$faults" ] || { echo "the lab is already up"; exit 0; }
    echo "the lab is not complete; building it anew:"
    echo "$faults"
    break
  done
  # From here on a failure or a Ctrl-C takes away what there is. A second Ctrl-C does not stop that, however soon it
  # comes: the first ignores it, before anything else is done. (The work is done in a subshell, for which we only wait:
  # bash 5.2 now and then takes a trap for a part of the command substitution in the middle of which the signal came.)
  trap 'trap "" INT TERM HUP; exit 130' INT TERM HUP
  trap give_up EXIT
  (tear_down; build; check)
  trap - EXIT
  echo "the lab is up: ns_client1 10.0.1.2 -- 10.0.1.1 ns_server 10.0.2.1 -- 10.0.2.2 ns_client2"
}

check() {
  local try faults
  for ((try = 0; try < 100; try++)); do  # links take a moment to find their carrier
    faults=$(missing)
    [ -n "$faults" ] || return 0
    sleep 0.02
  done
  echo "$faults" >&2
  return 1
}

give_up() {
  local status=$?
  trap '' INT TERM HUP
  tear_down
  echo 'two_clients.sh: the lab could not be set up; nothing is left of it' >&2
  exit $status
}

build() {
  local host settings
  for host in "${hosts[@]}"; do
    add_host "$host"
    # A new namespace copies this machine's IPv4 settings (devconf_inherit_init_net), so say what they are;
    # and switch IPv6 off before an interface is up, so that none ever sends a packet of it.
    settings=(net.ipv4.ip_forward="$([ "$host" = ns_server ] && echo 1 || echo 0)"
              net.ipv4.conf.{all,default}.{rp_filter,route_localnet}"=0"
              # Small buffers, the same on every kernel: a reader that does not read is soon felt.
              net.ipv4.tcp_rmem='4096 131072 131072' net.ipv4.tcp_wmem='4096 16384 131072')
    [ ! -d /proc/sys/net/ipv6 ] || settings+=(net.ipv6.conf.{all,default}.disable_ipv6=1)
    ip netns exec "$host" sysctl -qw "${settings[@]}"
  done

  # Both ends of a cable are born in the namespaces where they belong, by a request that is made there, too: no
  # name of the lab's can collide with an interface of this machine.
  #
  # A link that loses packets loses ARP's, too: do not forget a neighbour for three lost probes (arp(7)).
  ip -n ns_server -batch - <<'COMMANDS'
    link add veth_srv_c1 type veth peer name veth_c1 netns ns_client1
    link add veth_srv_c2 type veth peer name veth_c2 netns ns_client2
    ntable change name arp_cache dev veth_srv_c1 ucast_probes 20
    ntable change name arp_cache dev veth_srv_c2 ucast_probes 20
    link set lo up
    link set veth_srv_c1 up
    link set veth_srv_c2 up
    address add 10.0.1.1/24 dev veth_srv_c1
    address add 10.0.2.1/24 dev veth_srv_c2
COMMANDS
  ip -n ns_client1 -batch - <<'COMMANDS'
    ntable change name arp_cache dev veth_c1 ucast_probes 20
    link set lo up
    link set veth_c1 up
    address add 10.0.1.2/24 dev veth_c1
    route add default via 10.0.1.1
COMMANDS
  ip -n ns_client2 -batch - <<'COMMANDS'
    ntable change name arp_cache dev veth_c2 ucast_probes 20
    link set lo up
    link set veth_c2 up
    address add 10.0.2.2/24 dev veth_c2
    route add default via 10.0.2.1
COMMANDS
}

add_host() {
  if [ ! -e $private/user ]; then
    ip netns add "$1"
    return
  fi
  # In an ordinary user's private lab the namespace is made in a user namespace below $private/user (see keep()).
  local pid
  coproc maker { nsenter --user=$private/user --preserve-credentials unshare --user --net bash -c 'echo $$; read -r'; }
  read -r pid <&"${maker[0]}"
  ip netns attach "$1" "$pid"
  echo >&"${maker[1]}"
  wait $!
}

# ---- status

# What the diagram says of a host, in the words of facts().
expected() {
  printf '%s\n' 'lo UNKNOWN' 'lo 127.0.0.1/8' 'IPv6 switched off'
  case $1 in
    ns_client1) printf '%s\n' 'veth_c1 UP' 'veth_c1 10.0.1.2/24' 'default via 10.0.1.1 dev veth_c1' ;;
    ns_client2) printf '%s\n' 'veth_c2 UP' 'veth_c2 10.0.2.2/24' 'default via 10.0.2.1 dev veth_c2' ;;
    ns_server) printf '%s\n' 'veth_srv_c1 UP' 'veth_srv_c1 10.0.1.1/24' 'veth_srv_c2 UP' 'veth_srv_c2 10.0.2.1/24' \
      'net.ipv4.ip_forward = 1' ;;
  esac
}

facts() {
  ip -n "$1" -br -batch - 2>/dev/null <<< $'address\nroute show default\nnetconf show' | awk '
    /^default/ { print $1, $2, $3, $4, $5; next }
    /^inet / { interfaces++; if ($4 == "on") forwarding++ }
    /^inet/ { next }
    { sub(/@.*/, "", $1); print $1, $2; for (i = 3; i <= NF; i++) { print $1, $i; if ($i ~ /:/) ipv6 = 1 } }
    END { if (!ipv6) print "IPv6 switched off"; if (interfaces && forwarding == interfaces) print "net.ipv4.ip_forward = 1" }'
}

# What the lab lacks, a line each; nothing when it is complete.
missing() {
  local host fact found
  for host in "${hosts[@]}"; do
    found=$'\n'$(facts "$host")$'\n'
    while read -r fact; do
      [[ $found == *$'\n'"$fact"$'\n'* ]] || echo "  $host lacks: $fact"
    done < <(expected "$host")
  done
}

show() {
  local host
  for host in "${hosts[@]}"; do
    [ -e "/run/netns/$host" ] || continue
    echo "$host"
    { ip -n "$host" -br -4 address || true; } 2>&1 | sed 's/^/  address  /'
    { ip -n "$host" route || true; } 2>&1 | sed 's/^/  route    /'
    { ip netns exec "$host" tc qdisc show || true; } 2>&1 | sed 's/^/  qdisc    /'
    { ip netns exec "$host" ss -Htulnp || true; } 2>&1 | sed 's/^/  socket   /' | grep . || echo '  socket   none listens'
  done
}

# ---- down

tear_down() {
  local host
  for host in "${hosts[@]}"; do
    [ -e "/run/netns/$host" ] || continue
    end_processes "$host"
    ip netns del "$host"
  done
}

# Asks every process in the namespace to end, and after half a second makes it. A process that stayed would
# keep the namespace alive, nameless and out of reach.
end_processes() {
  local try pids
  for ((try = 0; try < 100; try++)); do
    mapfile -t pids < <(ip netns pids "$1" 2>/dev/null)
    [ ${#pids[@]} -gt 0 ] || return 0
    if [ $try = 0 ]; then kill -s TERM "${pids[@]}" 2>/dev/null || true; fi
    if [ $try -ge 50 ]; then kill -s KILL "${pids[@]}" 2>/dev/null || true; fi
    sleep 0.01
  done
  fail "$1: these processes do not end: ${pids[*]}"
}

# ---- shell

# A private lab has a mount, network and PID namespace of its own, with a /run of its own, where ip-netns(8) keeps the
# names; and an ordinary user's has a user namespace in which he is root (user_namespaces(7)). Its first process, the
# keeper, ends when no shell holds its FIFO open any more, however the shells ended; and with it, the kernel ends
# all that runs in there and removes the namespaces (pid_namespaces(7)).
readonly keeper='two_clients.sh: keeper of the private lab'

keeper_pid() { pgrep -o -u "$EUID" -f "^$keeper"; }

shell() {
  local new=(unshare --mount --net --pid --fork --kill-child --mount-proc) enter=(nsenter --mount --net --pid) pid try line=
  [ ! -e $private ] || fail "this is a shell in the private lab already"
  if [ "$EUID" != 0 ]; then
    new+=(--user --map-root-user)
    enter+=(--user --preserve-credentials)
  fi
  exec {lock}< "$self"
  flock -w 30 "$lock" || fail "$self has been locked for 30 seconds, probably by another two_clients.sh"
  # A keeper whose shell was ended meanwhile does not finish what it builds: it will be gone in a moment.
  for ((try = 0; try < 300; try++)); do
    if ! pid=$(keeper_pid) || [ -e "/proc/$pid/root$private/ready" ]; then break; fi
    sleep 0.1
  done
  [ $try -lt 300 ] || fail "the private lab has not been ready for 30 seconds"
  if [ -z "$pid" ]; then
    "${new[@]}" true 2> /dev/null || forbidden
    # shellcheck disable=SC2016
    exec {story}< <(exec setsid "${new[@]}" bash -c 'exec -a "$0" bash "$1" keep' "$keeper" "$self" 2>&1 < /dev/null {lock}<&-)
    while read -r line <&"$story" && [ "$line" != ready ]; do echo "$line" >&2; done
    exec {story}<&-
    [ "$line" = ready ] || fail "the private lab could not be set up"
  fi
  pid=$(keeper_pid) || fail "the private lab has just ended; try again"
  exec {held}<> "/proc/$pid/root$private/shells"
  exec {lock}<&-
  # nsenter stays as the shell's parent, and holds the FIFO.
  # shellcheck disable=SC2016
  exec "${enter[@]}" --target "$pid" bash -c '
    fd=$1; exec {fd}<&-; cd "$2" 2> /dev/null || cd; PATH=$3/bin:$PATH exec bash --rcfile "$3/bashrc"' - "$held" "$PWD" $private
}

readonly powerless_root='this root lacks CAP_SYS_ADMIN or CAP_NET_ADMIN: start the container with --privileged'

# Says why the user may make no namespaces.
forbidden() {
  local setting
  [ "$EUID" != 0 ] || fail "$powerless_root"
  for setting in kernel.unprivileged_userns_clone=0 kernel.apparmor_restrict_unprivileged_userns=1 user.max_user_namespaces=0; do
    [ "$(sysctl -en "${setting%=*}")" != "${setting#*=}" ] ||
      fail "this system forbids namespaces to ordinary users ($setting); use sudo ./two_clients.sh up"
  done
  fail "this system lets you make no namespaces; use sudo ./two_clients.sh up"
}

# The first process of a private lab.
keep() {
  local here=${self%/*}
  exec {checkout}< "$here"
  mount -t tmpfs -o mode=755 tmpfs /run
  if [[ $here == /run/* ]]; then  # or we would have hidden ourselves
    mkdir -p "$here"
    mount --no-canonicalize --bind "/proc/self/fd/$checkout" "$here"
  fi
  exec {checkout}<&-
  mkdir -p $private/bin
  mkfifo -m 600 $private/shells
  ip link set lo up
  cat > $private/bin/sudo <<'SUDO'   # who is root already needs no sudo
#!/bin/sh
case $1 in -*) echo "sudo: in a private lab there is only: sudo COMMAND..." >&2; exit 1 ;; esac
exec env "$@"
SUDO
  if [ "$(tr -s ' ' < /proc/self/uid_map)" != ' 0 0 4294967295' ]; then
    # tcpdump, run by root, becomes the user tcpdump, who does not exist in here. So its wrapper enters a user
    # namespace below ours in which we are no root, and the hosts belong to one below that: their owner has
    # all capabilities over them, whatever his number (user_namespaces(7)).
    local pid
    touch $private/user
    coproc maker { unshare --user --map-user=1 --map-group=1 bash -c 'echo $$; read -r'; }
    read -r pid <&"${maker[0]}"
    mount --bind "/proc/$pid/ns/user" $private/user
    echo >&"${maker[1]}"
    wait $!
    printf '#!/bin/sh\nexec nsenter --user=%s --preserve-credentials %s "$@"\n' \
      $private/user "$(command -v tcpdump || echo /usr/bin/tcpdump)" > $private/bin/tcpdump
  fi
  chmod 755 $private/bin/*
  cat > $private/bashrc <<'RC'
[ ! -r ~/.bashrc ] || . ~/.bashrc
PATH=/run/two_clients/bin:${PATH#/run/two_clients/bin:}
PS1="(lab) ${PS1-\\$ }"
server()  { ip netns exec ns_server "$@"; }
client1() { ip netns exec ns_client1 "$@"; }
client2() { ip netns exec ns_client2 "$@"; }
[ -e /run/netns/ns_server ] || echo 'the lab is down; set it up with: sudo ./two_clients.sh up'
RC
  bash "$self" up > /dev/null
  echo ready
  : > $private/ready
  exec > /dev/null 2>&1 {shells}< $private/shells
  while read -r _ <&"$shells"; do :; done
}

# ---- the command line

command=${1-}
case $command in
  up | down | status | shell | keep) [ $# = 1 ] || { echo "$usage" >&2; exit 2; } ;;
  -h | --help | help) echo "$usage"; exit 0 ;;
  *) echo "$usage" >&2; exit 2 ;;
esac

if [ "$command" = shell ]; then
  for tool in ip unshare nsenter flock pgrep; do
    command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install iproute2 procps util-linux"
  done
  shell
fi

# Namespaces need CAP_SYS_ADMIN (bit 21) and links need CAP_NET_ADMIN (bit 12): root's, or those of one who
# is root in a user namespace of his own (capabilities(7), user_namespaces(7)).
capabilities=0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
if ! (((capabilities >> 21) & (capabilities >> 12) & 1)); then
  [ "$EUID" != 0 ] || fail "$powerless_root"
  if pid=$(keeper_pid); then  # the only lab that this user can mean
    [ "$command" = down ] && { kill -KILL "$pid"; echo "your private lab is down, with its shells"; exit 0; }
    exec nsenter --target "$pid" --user --preserve-credentials --mount --net --pid bash "$self" "$command"
  fi
  fail "needs root: sudo ./two_clients.sh $command (or, without root: ./two_clients.sh shell)"
fi
for tool in ip tc ss sysctl flock; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install iproute2 procps util-linux"
done

if [ "$command" = keep ]; then
  [ $$ = 1 ] || fail "keep is for two_clients.sh shell"
  keep
  exit
fi

if [ "$command" = status ]; then
  show
  faults=$(missing)
  [ -z "$faults" ] || { echo "the lab is not complete:"; echo "$faults"; exit 1; }
  echo "the lab is complete"
  exit 0
fi

for host in "${hosts[@]}"; do  # or else we would end ourselves halfway
  [ ! "/run/netns/$host" -ef /proc/self/ns/net ] || fail "$command must be run outside of $host"
done

# One at a time. The lock ends with the last process that holds it, so a killed `up` never leaves it behind,
# and a new `up` waits for the command that the killed one was in the middle of.
exec 9</run
flock -w 30 9 || fail "/run has been locked for 30 seconds, probably by another two_clients.sh"

if [ "$command" = down ]; then
  tear_down
  echo "the lab is down"
  exit 0
fi
up
