#!/usr/bin/env bash
# two_clients.sh: three hosts on two networks, made of network namespaces (network_namespaces(7))
# and virtual Ethernet cables (veth(4)). ns_server is a server, and the router between the networks.
#
#   ns_client1                        ns_server
#   +----------------------+          +-------------------------+
#   | veth_c1  10.0.1.2/24 |==========| veth_srv_c1 10.0.1.1/24 |       ns_client2
#   | default via 10.0.1.1 |          |    IPv4 forwarding      |       +----------------------+
#   +----------------------+          | veth_srv_c2 10.0.2.1/24 |=======| veth_c2  10.0.2.2/24 |
#                                     +-------------------------+       | default via 10.0.2.1 |
#                                                                       +----------------------+
# Each host has a loopback of its own, 127.0.0.1/8.
# shellcheck disable=SC2016
shopt -uo posix 2> /dev/null || exec bash "$0" "$@"  # it was `sh two_clients.sh`
set -euo pipefail; shopt -s inherit_errexit
export PATH=$PATH:/usr/sbin:/sbin

hosts=(ns_server ns_client1 ns_client2)   # in the order in which they are built
usage="usage: two_clients.sh up|down|status|shell
  up      set up the three hosts, anew if they are not as they should be
  down    end every program inside them and remove them
  status  show them, and what differs from a new lab; exit 0 when nothing does, else 1
  shell   open a shell in a private lab, without root; in further terminals, join the same lab"

# ---- up
# For all hosts, since a new namespace takes some settings from this machine. Without IPv6, a
# capture shows nothing but the lab's own traffic.
settings=(net.ipv4.conf.{all,default}.{rp_filter,route_localnet}"=0"
  # Small buffers, the same on every kernel: a reader that does not read is soon felt.
  net.ipv4.tcp_rmem='4096 131072 131072' net.ipv4.tcp_wmem='4096 16384 131072')
[ ! -d /proc/sys/net/ipv6 ] || settings+=(net.ipv6.conf.{all,default}.disable_ipv6=1)

build() {
  local -A batch=(); local host command
  add_host ns_server net.ipv4.ip_forward=1
  add_host ns_client1 net.ipv4.ip_forward=0
  add_host ns_client2 net.ipv4.ip_forward=0

  # Both ends of a cable are born where they belong: no name can collide with one of this machine's.
  # A link that loses packets loses ARP's, too; ucast_probes: do not forget a neighbour for that.
  while read -r _ _ host command; do batch[$host]+=$command$'\n'; done <<'COMMANDS'
    ip -n ns_server  link add veth_srv_c1 type veth peer name veth_c1 netns ns_client1
    ip -n ns_server  link add veth_srv_c2 type veth peer name veth_c2 netns ns_client2
    ip -n ns_server  ntable change name arp_cache dev veth_srv_c1 ucast_probes 20
    ip -n ns_server  ntable change name arp_cache dev veth_srv_c2 ucast_probes 20
    ip -n ns_server  link set veth_srv_c1 up
    ip -n ns_server  link set veth_srv_c2 up
    ip -n ns_server  address add 10.0.1.1/24 dev veth_srv_c1
    ip -n ns_server  address add 10.0.2.1/24 dev veth_srv_c2
    ip -n ns_client1 ntable change name arp_cache dev veth_c1 ucast_probes 20
    ip -n ns_client1 link set veth_c1 up
    ip -n ns_client1 address add 10.0.1.2/24 dev veth_c1
    ip -n ns_client1 route add default via 10.0.1.1
    ip -n ns_client2 ntable change name arp_cache dev veth_c2 ucast_probes 20
    ip -n ns_client2 link set veth_c2 up
    ip -n ns_client2 address add 10.0.2.2/24 dev veth_c2
    ip -n ns_client2 route add default via 10.0.2.1
COMMANDS
  for host in "${hosts[@]}"; do ip -n "$host" -batch - <<< "${batch[$host]}"; done
}

# Does what `ip netns add HOST` does, but a host gets its mark, the alias, before its name: whenever
# an `up` was killed, what has the name and not the mark is somebody else's.
add_host() {  # HOST SETTING...
  local pid write='for s; do n=${s%%=*}; echo "${s#*=}" > "/proc/sys/${n//.//}"; done'
  set -- "$1" "${settings[@]}" "${@:2}"
  if [ ! -e $private/user ]; then
    unshare --net bash -ec "$write"'
      exec ip -batch - <<< "link set lo up alias two_clients.sh
        netns attach $0 $$"' "$@"
  else
    coproc child { nsenter --user=$private/user --preserve-credentials unshare -r --net bash -ec \
      "$write"'; ip link set lo up alias two_clients.sh; echo $$; read -r' "$@"; }
    read -r pid <&"${child[0]}"
    ip netns attach "$1" "$pid"
    echo >&"${child[1]}"; wait $!
  fi
  there "$1" || { ip netns del "$1"; fail "this ip keeps its names elsewhere than in /run/netns"; }
}

up() {
  if there "${hosts[@]}"; then
    changes=$(differences)
    [ -n "$changes" ] || { echo "the lab is already up"; return; }
    printf '%s\n' "the lab is not complete; building it anew:" "$changes"
  fi
  # From here on, a failure or a Ctrl-C takes away what there is, and a second Ctrl-C, however soon
  # it comes, does not stop that. (A subshell does the work, to its end, and we only wait: bash 5.2
  # now and then takes a trap for a part of the command substitution in the middle of which it came,
  # and a child that is just being made could miss the signal, and add a host when all is cleared.)
  trap 'trap "" INT TERM HUP; exit 130' INT TERM HUP
  trap give_up EXIT
  (trap '' INT TERM HUP; tear_down; build
    for _ in {1..100}; do  # until the cables are up
      ! new=$(facts) || { echo "$new" > $record; exit 0; }
      sleep 0.02
    done
    fail "the cables have not come up within 2 seconds")
  trap - EXIT
  echo "the lab is up: ns_client1 10.0.1.2 -- 10.0.1.1 ns_server 10.0.2.1 -- 10.0.2.2 ns_client2"
}

give_up() {
  trap '' INT TERM HUP
  tear_down > /dev/null 2>&1 || fail "the lab could not be set up; not all of it could be removed"
  fail "the lab could not be set up; nothing is left of it"
}

# ---- down
down() { tear_down; echo "the lab is down"; }
tear_down() {
  local host commands='' left=0
  : > $record
  end_programs || left=1
  for host in "${hosts[@]}"; do ! there "$host" || commands+="netns del $host"$'\n'; done
  [ -z "$commands" ] || ip -force -batch - <<< "$commands" || left=1
  return $left
}

# Asks every program in the hosts to end, and after half a second makes it. One that stayed would
# keep its namespace alive, nameless and out of reach.
end_programs() {
  local try dir host pids
  for ((try = 0; try < 100; try++)); do
    pids=()
    for dir in /proc/[0-9]*; do for host in "${hosts[@]}"; do
      [ "$dir/ns/net" -ef "/run/netns/$host" ] || continue
      pids+=("${dir#/proc/}")
      [ $try != 0 ] || echo "ending in $host: ${dir#/proc/} $(
        { tr -c '[:print:]' '\n' < "$dir/cmdline"; } 2> /dev/null | paste -sd ' ')"
    done; done
    [ ${#pids[@]} -gt 0 ] || return 0
    [ $try != 0 ] || kill -s TERM "${pids[@]}" 2> /dev/null || true
    [ $try -lt 50 ] || kill -s KILL "${pids[@]}" 2> /dev/null || true
    sleep 0.01
  done
  echo "two_clients.sh: these processes do not end: ${pids[*]}" >&2
  return 1
}

# ---- status
status() {
  local host changes
  there "${hosts[@]}" ||
    { echo "$whose lab is down; to set it up: $sudo./two_clients.sh up"; exit 1; }
  echo "$whose lab"
  for host in "${hosts[@]}"; do
    there "$host" || continue
    echo "= $host address"; ip -n "$host" -br -4 address || true
    echo '= route'; ip -n "$host" route || true
    echo '= qdisc'; tc -n "$host" qdisc show || true
    echo '= socket'; ss -N "$host" -Htulnp | grep . || echo 'none listens'
  done 2>&1 | awk '
    $1 == "=" { label = $NF; if (NF == 3) print $2; next }
    { printf "  %-8s %s\n", label, $0 }'
  changes=$(differences)
  [ -z "$changes" ] || { printf '%s\n' "the lab is not complete:" "$changes"; exit 1; }
  echo "the lab is complete"
}

# ---- Whether it is as it was when it was new, and ours
record=/run/two_clients.lab   # what it was like, from when it was finished; the lock, too

# All in which a lab can be seen to differ from a new one, a line each; true when all is there. All
# settings of IPv4 and of sockets are among it, so that none is forgotten that an experiment changes.
# (What may not be written is the machine's.)
facts() {
  local host look=$'link\naddress\nrule\nroute show table all\nroute show cache'
  look+=$'\nneighbour show nud permanent nud noarp\nneighbour show proxy'
  for host in "${hosts[@]}"; do
    nsenter --net="/run/netns/$host" sh -ec 'echo "host $0"; ip -o -batch -; tc qdisc show
      for file in /proc/sys/net/core/*; do [ ! -w "$file" ] || set -- "$@" "$file"; done
      exec grep -rs . /proc/sys/net/ipv4 /proc/sys/net/ipv6/conf/*/disable_ipv6 "$@"' \
      "$host" <<< "$look" || true
  done | awk '
    $1 == "host" { host = $2; next }
    /_allowed|_available|fastopen_key| lladdr (00:|01:00:5e|ff:ff).* NOARP/ { next }   # by itself
    /\\ *cache *$/ { next }   # an exception that was flushed, and says nothing any more
    sub("/proc/sys/", "") { gsub("/", "."); sub(":", " = ") }
    { gsub(/^[0-9]+: | mode DEFAULT| group default| (refcnt|expires) [0-9]+(sec)?/, "") }
    { sub(/\\ *(link\/|valid).*/, ""); $1 = $1; print host, $0 }
    /^veth_.* state UP |^net.ipv4.ip_forward = / { n++ } END { exit n != 4 + 3 }' | LC_ALL=C sort
}

# What the lab lacks, and what it has besides, a line each; nothing when it is complete.
differences() {
  local host gone='' now; now=$(facts 2> /dev/null) || true
  for host in "${hosts[@]}"; do
    [[ $now == *"$host lo: "* ]] || { echo "  $host is missing"; gone+="/^$host /d;"; }
    [ -s $record ] || ! foreign "$host" || echo "  $host is somebody else's"
  done
  [ -s $record ] || { echo "  up was ended before it was done"; return; }
  LC_ALL=C comm -3 $record - <<< "$now" |
    sed "$gone /^ns_.*veth.* = /d; s/^\(ns_[^ ]*\)/  \1 lacks:/; s/^\t\([^ ]*\)/  \1 has besides:/"
}

there() {  # HOST...: is there anything of these names? (A link that leads nowhere is.)
  local host
  for host; do [ ! -e "/run/netns/$host" ] && [ ! -L "/run/netns/$host" ] || return 0; done
  return 1
}
foreign() {  # HOST: a namespace of that name, and not of ours
  there "$1" && [[ $(exec ip -n "$1" link show lo 2> /dev/null) != *'alias two_clients.sh'* ]] &&
    [ "$(stat -Lf -c %T "/run/netns/$1" 2> /dev/null)" = nsfs ]
}

# One at a time. The lock ends with the last process that holds it: a killed `up` leaves none
# behind, and the next one waits for the command that it was in the middle of.
hold() {  # FILE: that only its owner can open
  exec {lock}>> "$1"
  flock -w 30 "$lock" || fail "$1 has been locked for 30 seconds, by another two_clients.sh"
}

# ---- The command line
fail() { echo "two_clients.sh: $*" >&2; exit 1; }
main() {
  local tool host lines whose="the machine's" sudo='sudo '
  case $#:${1-}:$$ in
    1:up:* | 1:down:* | 1:status:* | 1:shell:* | 1:keep:1) ;;
    *:-h:* | *:--help:* | *:help:*) echo "$usage"; exit 0 ;;
    *) echo "$usage" >&2; exit 2 ;;
  esac
  for tool in ip tc ss sysctl flock nsenter; do type -P $tool > /dev/null ||
    fail "needs $tool: apt-get install iproute2 procps util-linux"; done
  [ "$1" != shell ] || shell
  # Namespaces need CAP_SYS_ADMIN (bit 21) and links CAP_NET_ADMIN (bit 12): root has them, and who
  # is root in a user namespace of one's own (capabilities(7)). In one read: it may change.
  mapfile -t lines < /proc/self/status; [[ ${lines[*]} =~ CapEff:.([0-9a-f]+) ]]
  (((0x${BASH_REMATCH[1]} >> 21) & (0x${BASH_REMATCH[1]} >> 12) & 1)) || without_rights "$1"
  [ "$1" != keep ] || { umask 022; keep; exit; }
  [ ! -e $private ] || whose='your private' sudo=
  umask 077; hold $record; umask 022
  [ "$1" != status ] || { status; exit; }
  for host in "${hosts[@]}"; do
    [ ! "/run/netns/$host" -ef /proc/self/ns/net ] || fail "$1 must be run outside of $host"
    ! foreign "$host" || fail "$host is somebody else's; to remove it: ${sudo}ip netns del $host"
  done
  [ -w /proc/sys/net/ipv4/ip_forward ] || [ "$1" = down ] ||
    fail "/proc/sys is read-only: start the container with --privileged"
  "$1"
}

# ---- The private lab: one need not understand it to use the lab
# It has mount, network and PID namespaces of its own, with a /run, where ip-netns(8) keeps names;
# and an ordinary user's a user namespace in which the user is root (user_namespaces(7)). Its first
# process, the keeper, ends when no shell holds its standard input open any more, however the shells
# ended; with it, the kernel ends all that runs in there, and the lab is gone (pid_namespaces(7)).
private=/run/two_clients   # exists in a private lab, and only there
keeper='two_clients.sh: keeper of the private lab'
powerless='this root lacks CAP_SYS_ADMIN or CAP_NET_ADMIN: start the container with --privileged'

# A keeper of ours stands in two PID namespaces, ours and its own; a container's in one more.
keeper_pid() {
  local dir name
  for dir in /proc/[0-9]*; do
    [ -O "$dir" ] && read -rd '' name < "$dir/cmdline" && [ "$name" = "$keeper" ] &&
      [[ $(< "$dir/status") =~ NSpid:.[0-9]+.[0-9]+$'\n' ]] && pid=${dir#/proc/} && return
  done 2> /dev/null
  return 1
}

# The lock file: the oldest of ours with such a name. Where all may write, others can be first with
# any one name, but can neither open nor move what is ours.
lock_file() {  # PREFIX
  find "${1%/*}" -maxdepth 1 -name "${1##*/}.*" -user "$EUID" -type f -perm 600 -printf '%T@ %p\n' |
    LC_ALL=C sort -n | sed -n '1s/^[^ ]* //p'
}

shell() {
  local new=(unshare --mount --net --pid --fork --kill-child --mount-proc)
  local enter=(nsenter --mount --net --pid) name=$$.$RANDOM place pid try maker=''
  [ ! -e $private ] || fail "this is a shell in the private lab already"
  [ "$EUID" = 0 ] || { new+=(--user --map-root-user); enter+=(--user --preserve-credentials); }
  for place in "/run/user/$EUID" /run /tmp; do [ ! -w "$place" ] || break; done
  place+=/two_clients.$EUID
  [ -n "$(lock_file "$place")" ] || { mktemp "$place.XXXXXX" > /dev/null; sleep 0.1; }
  hold "$(lock_file "$place")"   # (0.1 s: whichever is made from now on is younger)
  # We are in when the keeper has answered to our name, for then we hold its input open.
  for ((try = 0; try < 600; try++)); do
    if keeper_pid; then
      [ ! -e "/proc/$pid/root$private/in/$name" ] || break
      { exec 8> "/proc/$pid/fd/0" && (echo "$name" >&8); } 2> /dev/null || true
    elif [ -z "$maker" ]; then
      "${new[@]}" mount -t sysfs -o ro sysfs /sys 2> /dev/null || forbidden   # as ip-netns(8)
      exec 8> >(exec setsid "${new[@]}" bash -c 'exec -a "$0" bash "$1" keep' \
        "$keeper" "$(realpath "$0")" {lock}>&-); maker=$!
    else
      kill -0 "$maker" 2> /dev/null || fail "the private lab could not be set up"
    fi
    sleep 0.05
  done
  [ $try -lt 600 ] || fail "the private lab has not answered for 30 seconds"
  exec {lock}>&-
  # nsenter stays as the shell's parent, and holds the keeper's input open.
  exec "${enter[@]}" --target "$pid" bash -c 'exec 8>&-; cd "$1" 2> /dev/null || cd
    PATH=$2/bin:$PATH exec bash --rcfile "$2/bashrc"' - "$PWD" $private
}

# The first process of a private lab.
keep() {
  local checkout name self here; self=$(realpath "$0"); here=${self%/*}
  exec {checkout}< "$here"
  mount -t tmpfs -o mode=755 tmpfs /run
  [[ $here != /run/* ]] ||   # we have hidden ourselves
    { mkdir -p "$here"; mount --no-canonicalize --bind "/proc/self/fd/$checkout" "$here"; }
  mkdir -p $private/{bin,in}
  for name in server client1 client2; do
    printf '#!/bin/sh\nexec ip netns exec ns_%s "$@"\n' $name > $private/bin/$name
  done
  cat > $private/bin/sudo <<'SUDO'
#!/bin/sh
case ${1--} in -*) echo "sudo: in a private lab there is only: sudo COMMAND..." >&2; exit 1 ;; esac
exec env "$@"  # who is root already needs no sudo
SUDO
  if [ "$(tr -s ' ' < /proc/self/uid_map)" != ' 0 0 4294967295' ]; then
    # tcpdump, run by root, becomes the user tcpdump, who does not exist in here. So its wrapper
    # enters a user namespace below ours in which we are no root, and the hosts belong to one below
    # that: their owner has all capabilities over them, whatever his number (user_namespaces(7)).
    touch $private/user
    unshare --user=$private/user --map-user=1 --map-group=1 --mount true
    printf '#!/bin/sh\nexec nsenter --user=%s --preserve-credentials %s "$@"\n' \
      $private/user "$(command -v tcpdump || echo /usr/bin/tcpdump)" > $private/bin/tcpdump
  fi
  chmod 755 $private/bin/*
  cat > $private/bashrc <<'RC'
[ ! -r ~/.bashrc ] || . ~/.bashrc
PATH=/run/two_clients/bin:${PATH#/run/two_clients/bin:}
PS1="(lab) ${LAB_PROMPT-${PS1-\\$ }}"   # LAB_PROMPT: from `make terminals`
RC
  ip link set lo up
  bash "$self" up > /dev/null < /dev/null
  exec > /dev/null 2>&1
  while read -r name; do : > "$private/in/$name"; done
}

# An ordinary user, without sudo, means the private lab.
without_rights() {  # COMMAND
  [ "$EUID" != 0 ] || fail "$powerless"
  if keeper_pid; then
    [ "$1" != down ] ||
      { kill -KILL "$pid"; echo "your private lab is down, with its shells"; exit; }
    echo "this is your private lab; for the machine's: sudo ./two_clients.sh $1"
    exec nsenter --target "$pid" --user --preserve-credentials --mount --net --pid \
      bash "$(realpath "$0")" "$1"
  fi
  ! { [ "$1" = up ] || there "${hosts[@]}"; } ||
    fail "needs root: sudo ./two_clients.sh $1 (you have no private lab: ./two_clients.sh shell)"
  echo "the machine's lab is down (sudo ./two_clients.sh up), and you have no private one" \
    "(./two_clients.sh shell)"
  case $1 in down) exit 0 ;; *) exit 1 ;; esac
}

forbidden() {  # says why the user may make no namespaces
  local setting why='a part of /proc or /sys is hidden, as in containers'
  [ "$EUID" != 0 ] || fail "$powerless"
  for setting in kernel.{unprivileged_userns_clone=0,apparmor_restrict_unprivileged_userns=1} \
    user.max_user_namespaces=0; do
    [ "$(sysctl -en "${setting%=*}")" != "${setting#*=}" ] || why=$setting
  done
  fail "this system forbids namespaces to ordinary users ($why); use sudo ./two_clients.sh up"
}

main "$@"
