#!/usr/bin/env bash
# two_clients.sh up, failing at each of its steps, or asked to end at any moment: a failure leaves nothing.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

# A step that fails is the end of it, unless what failed only looks at the lab.
say 'up, with each of its steps failing in turn'
failures=0
for ((step = 1; ; step++)); do
  trapped $step fail || break
  if [ $outcome != 0 ]; then
    ((++failures))
    gone || fault "step $step failed: something is left" "$seen"
    [[ $(< $lab/up.out) == *'; nothing is left of it' ]] || fault "step $step failed, and up did not say so" "$(cat $lab/up.out)"
  else
    complete || fault "step $step failed, up said nothing, and the lab is not complete" "$seen"
    remove
  fi
done
observe "of $((step - 1)) failing steps, $failures end it and leave nothing" [ $failures -ge 6 ]
remove

# A /run with room for so many names: its own, the lock, netns, and not for each host; or not for what the lock holds.
say 'up, with a full /run'
as_root=(); [ "$(id -u)" = 0 ] || as_root=(--user --map-root-user --net)   # or mount(8) would refuse
full_run() {  # OPTION-OF-TMPFS
  unshare "${as_root[@]}" --mount bash -c 'mount -t tmpfs -o mode=755,'"$1"' tmpfs /run || exit 99
    ./two_clients.sh up; status=$?; echo "left: $(ip netns list)"; exit $status' > $lab/up.out 2>&1
}
says_so() {  # OPTION-OF-TMPFS: it says so once, and that nothing is left, and nothing is
  full_run "$1"; seen="status $?"$'\n'$(< $lab/up.out)
  [[ $seen == 'status 1'$'\n'*$'\n''left: ' ]] && lines 'No space left on device$' 1 || return 3
  [ "$1" = nr_inodes=1 ] || lines 'nothing is left of it$' 1 || return 3
}
rooms=(nr_inodes={1..5})
[ "$(getconf PAGESIZE)" -gt 16384 ] || rooms+=(size=16k)   # which is made whole pages
for room in "${rooms[@]}"; do
  observe "with $room: it says so, fails, and leaves nothing" says_so "$room"
done
observe 'room for 6 names is enough'                    full_run nr_inodes=6

# Ctrl-C goes to all the processes of a terminal's command, kill(1) to one. In fractions of what an up takes here.
say 'up, asked to end, and asked again, at once or while it cleans up'
began=${EPOCHREALTIME/.}
quietly ./two_clients.sh up
took=$((${EPOCHREALTIME/.} - began))
remove
nap_fraction() { local us=$((took * $1 / 100)); printf -v us '%d.%06d' $((us / 1000000)) $((us % 1000000)); nap "$us"; }
for ((percent = 4; percent < 100; percent += 6)); do
  set -m
  ./two_clients.sh up > $lab/up.out 2>&1 & up=$!
  set +m
  ask=(INT -- "-$up"); ((percent / 2 % 2)) || ask=(TERM "$up")
  nap_fraction $percent
  kill -s "${ask[@]}" 2> $lab/quiet
  nap_fraction $((percent / 6 % 4 * 4))
  kill -s "${ask[@]}" 2> $lab/quiet
  wait $up 2> $lab/quiet
  if grep -qx 'the lab is up: .*' $lab/up.out; then remove
  else gone || fault "asked after $percent per cent of the time: something is left" "$seen"; fi
done
observe 'it leaves nothing'                              gone
