#!/usr/bin/env bash
# two_clients.sh shell: ended while it builds its lab, two at once, and by whom it is refused.
. "$(dirname "$0")/../lib.sh"

keepers() { seen=$(pgrep -af '^two_clients.sh: keeper'); [ "$(grep -c . <<< "$seen")" = "$1" ]; }
gone() { keepers 0; }

say 'Ended while it builds its lab'
while read -r signal delay; do
  start   other   './two_clients.sh shell'
  nap     "$delay"
  interrupt other "$signal"
  start   client1 './two_clients.sh shell'
  type_line client1 'ip netns list | wc -l; echo still'
  observe 'the next one gets a whole lab'              prints client1 '^3$'
  type_line client1 'sleep 0.5; echo there'
  observe 'which stays'                                prints client1 '^there$'
  end_input client1
  finish  client1
  observe 'until it ends'                              gone
done <<'TABLE'
KILL 0.05
KILL 0.1
KILL 0.2
HUP 0.05
HUP 0.15
TABLE

# In $lab/ending a pgrep that ends the shell that calls it, at its last call of so many; in $lab/nfs a
# flock as on NFS, where only who may write may lock.
mkdir -m 755 $lab/ending $lab/nfs
mkdir $lab/calls
chmod 777 $lab/calls
cat > $lab/ending/pgrep <<SHIM
#!/bin/sh
echo >> $lab/calls/made
[ "\$(wc -l < $lab/calls/made)" != "\$(cat $lab/calls/last)" ] || kill -KILL 0
exec $(command -v pgrep) "\$@"
SHIM
cat > $lab/nfs/flock <<SHIM
#!/bin/bash
while read -r key value; do
  [ "\$key" != flags: ] || (((value & 3) != 0)) || { echo 'flock: Bad file descriptor' >&2; exit 1; }
done < "/proc/self/fdinfo/\${!#}"
exec $(command -v flock) "\$@"
SHIM
chmod 755 $lab/*/pgrep $lab/*/flock

say 'The first shell ends at any step of its way in'
for ((last = 1; ; last++)); do
  rm -f $lab/calls/made
  echo $last > $lab/calls/last
  start   other   "env PATH=$lab/ending:$PATH ./two_clients.sh shell"
  type_line other 'echo inside'
  within "$patience" eval 'ended other || prints other "^inside$"' || fault 'it neither ends nor gets in'
  [ -n "${result[other]}" ] || break
  observe "killed at its step $last: nothing is left"  gone
done
observe "not killed, it is in after $((last - 1)) steps" [ $last -gt 2 ]
end_input other
finish  other

say 'Two checkouts, two shells at once'
mkdir other
cp -p two_clients.sh other
[ "$(id -u)" != 0 ] || chown -R 65534:65534 other
for _ in 1 2 3; do
  start   client1 './two_clients.sh shell'
  start   client2 'other/two_clients.sh shell'
  type_line client1 'echo inside'
  type_line client2 'echo inside'
  observe 'both are in'                                eval 'prints client1 ^inside$ && prints client2 ^inside$'
  observe 'in one lab'                                 keepers 1
  type_line client1 'ip netns del ns_client2; echo gone'
  ready   client1 '^gone$'
  type_line client2 'ip netns list | wc -l'
  observe 'the same'                                   prints client2 '^2$'
  end_input client1
  end_input client2
  finish  client1
  finish  client2
  observe 'which ends with them'                       gone
done

say 'A home on NFS'
run     client1 "env PATH=$lab/nfs:$PATH ./two_clients.sh shell"
observe 'it works there'                               exits client1 0

say 'A container has its own'
start   other   'sudo unshare --pid --fork --mount-proc ./two_clients.sh shell'
type_line other 'echo inside'
ready   other   '^inside$'
start   client1 'sudo ./two_clients.sh shell'
type_line client1 'echo inside'
ready   client1 '^inside$'
observe 'and root, outside, another one'               keepers 2
for role in other client1; do end_input $role; finish $role; done

say 'Refused'
for hidden in /sys/firmware /proc/fs; do
  run   host    "sudo unshare --mount bash -c 'mount -t tmpfs tmpfs $hidden && ${ordinary_user[*]} ./two_clients.sh shell'"
  observe "$hidden is hidden, as in containers"        last_line host '^two_clients.sh: this system .*\(a part of /proc or /sys is hidden'
  observe 'and nothing else is said'                   prints host . 1
done
run     host    'sudo setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all ./two_clients.sh shell'
if [ "$(id -u)" = 0 ]; then
  observe 'a root without capabilities is told of them'  prints host '^two_clients\.sh: this root lacks CAP_SYS_ADMIN or CAP_NET_ADMIN: '
fi
