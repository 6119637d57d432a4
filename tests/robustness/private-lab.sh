#!/usr/bin/env bash
# two_clients.sh shell: ended at each step of its way in, two at once, its lock, and by whom it is refused.
. "$(dirname "$0")/../lib.sh"

. tests/robustness/private.lib

# In $lab/ending, of what the shell runs on its way in, one ends it, with what it runs, at its call of so many (but
# not what the lab itself runs); in $lab/nfs a flock as on NFS, where only who may write may lock.
mkdir -m 755 $lab/ending $lab/nfs
mkdir -m 777 $lab/calls
for tool in flock setsid unshare nsenter sleep; do
  cat > $lab/ending/$tool << SHIM
#!/bin/sh
if [ ! -e /run/two_clients ]; then
  read -r last signal < $lab/calls/last
  echo >> $lab/calls/$tool
  [ "$tool,\$(wc -l < $lab/calls/$tool)" != "\$last" ] || { kill -\$signal 0; sleep 9; }
fi
exec $(command -v $tool) "\$@"
SHIM
done
cat > $lab/nfs/flock << SHIM
#!/bin/bash
while read -r key value; do
  [ "\$key" != flags: ] || (((value & 3) != 0)) || { echo 'flock: Bad file descriptor' >&2; exit 1; }
done < "/proc/self/fdinfo/\${!#}"
exec $(command -v flock) "\$@"
SHIM
chmod 755 $lab/*/{flock,setsid,unshare,nsenter,sleep} 2> $lab/quiet

# Then what it has begun ends; and a next one that comes at once gets a lab of its own. (It sleeps while the lab is
# built: on a fast machine not so often.)
say 'The first shell ends at any step of its way in'
ends=0
while read -r last; do
  rm -f $lab/calls/*
  echo "$last" > $lab/calls/last
  start   other   "env PATH=$lab/ending:$PATH ./two_clients.sh shell"
  type_line other 'echo inside'
  within "$patience" eval 'ended other || prints other "^inside$"' || fault 'it neither ends nor gets in'
  if [ -z "${result[other]}" ]; then
    end_input other
    finish  other
  elif ((++ends % 2)); then
    observe "ended at this step: $last: nothing is left" gone
  else
    start   client1 './two_clients.sh shell'
    type_line client1 'ip netns list | wc -l; sleep 0.5; echo there'
    observe "ended at this step: $last: the next one gets a whole lab" prints client1 '^3$'
    observe 'which stays'                              prints client1 '^there$'
    end_input client1
    finish  client1
    observe 'until it ends'                            gone
  fi
done << 'STEPS'
flock,1 KILL
unshare,1 HUP
setsid,1 KILL
sleep,1 KILL
sleep,2 HUP
sleep,3 KILL
nsenter,1 KILL
STEPS
observe "it was ended at $ends steps"                  [ $ends -ge 5 ]

say 'Two checkouts, two shells at once, the home of one on NFS'
mkdir other
cp -p two_clients.sh other
[ "$(id -u)" != 0 ] || chown -R 65534:65534 other
for _ in 1 2; do
  rm -f /run/user/65534/*   # each time, both are the first
  start   client1 "env PATH=$lab/nfs:$PATH ./two_clients.sh shell"
  start   client2 'other/two_clients.sh shell'
  type_line client1 'echo inside'
  type_line client2 'echo inside'
  observe 'both are in'                                eval 'prints client1 ^inside$ && prints client2 ^inside$'
  observe 'in one lab'                                 keepers 1
  type_line client1 'ip netns del ns_client2; echo gone' '^gone$'
  type_line client2 'ip netns list | wc -l'
  observe 'the same'                                   prints client2 '^2$'
  end_input client1
  end_input client2
  finish  client1 client2
  observe 'which ends with them'                       gone
done

# There is no directory but everybody's for the lock: a stranger has made all names that come to mind.
if [ "$(id -u)" = 0 ]; then
  say 'The lock, and a stranger in /tmp'
  rm -r /run/user
  quietly mount -t tmpfs -o mode=1777 tmpfs /tmp
  for name in /tmp/two_clients.65534{,.0,.a,.aaaaaa}; do
    : > "$name.file"
    mkdir -m 777 "$name.directory"
    mkfifo -m 666 "$name.fifo"
    ln -s $lab/calls/elsewhere "$name.dangling"   # where the user may write
    ln -s $lab/calls/last "$name.link"
  done
  cp -a /tmp/two_clients.65534{.fifo,}
  start   client1 './two_clients.sh shell'
  start   client2 './two_clients.sh shell'
  for role in client1 client2; do type_line $role 'echo inside'; done
  observe "names of all kinds are a stranger's: both are in" eval 'prints client1 ^inside$ && prints client2 ^inside$'
  observe 'in one lab'                                 keepers 1
  for role in client1 client2; do end_input $role; finish $role; done
  observe 'nothing was written elsewhere'              [ ! -e $lab/calls/elsewhere ]
  mapfile -t locks < <(find /tmp -user 65534)
  observe 'there is a lock'                            [ ${#locks[@]} -ge 1 ]
  taken=$(for lock in "${locks[@]}"; do setpriv --reuid 65533 --clear-groups flock -n "$lock" echo held; done 2> $lab/quiet)
  observe 'that no stranger can hold'                  [ -z "$taken" ]
  quietly umount -l /tmp
fi

say 'A container has its own'
start   other   'sudo unshare --pid --fork --mount-proc ./two_clients.sh shell'
type_line other 'echo inside' '^inside$'
start   client1 'sudo ./two_clients.sh shell'
type_line client1 'echo inside' '^inside$'
observe 'and root, outside, another one'               keepers 2
for role in other client1; do end_input $role; finish $role; done

say 'Refused'
for hidden in /sys/firmware /proc/fs; do
  run   host    "sudo unshare --mount bash -c 'mount -t tmpfs tmpfs $hidden && ${ordinary_user[*]} ./two_clients.sh shell'"
  observe "$hidden is hidden, as in containers"        last_line host '^two_clients.sh: this system .*\(a part of /proc or /sys is hidden'
  observe 'and nothing else is said'                   prints host . 1
done
[ "$(id -u)" = 0 ] || exit 0
while read -r lacks words; do
  run   host    "sudo setpriv --bounding-set=$lacks --inh-caps=$lacks ./two_clients.sh $words"
  observe "$words: a root without capabilities ($lacks) is told of them" \
    exits host 1 '^two_clients\.sh: this root lacks CAP_SYS_ADMIN or CAP_NET_ADMIN: '
done <<< $'-all shell\n-all up\n-net_admin up'
