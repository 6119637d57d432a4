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

# A /run in which there is room for so many names: its own, the lock, netns, and not for each host.
say 'up, with a full /run'
as_root=(); [ "$(id -u)" = 0 ] || as_root=(--user --map-root-user --net)   # or mount(8) would refuse
full_run() {  # NAMES
  unshare "${as_root[@]}" --mount bash -c 'mount -t tmpfs -o mode=755,nr_inodes='"$1"' tmpfs /run || exit 99
    ./two_clients.sh up; status=$?; echo "left: $(ip netns list)"; exit $status' > $lab/up.out 2>&1
}
for names in 1 2 3 4 5; do
  full_run $names
  status=$?
  [ "$status|$(grep -c 'No space left on device$' $lab/up.out)" = '1|1' ] ||
    fault "room for $names names: it does not fail and say so: $status" "$(cat $lab/up.out)"
  observe "room for $names names: it says so, and fails"  [ $status = 1 ]
  observe 'and leaves nothing'                          [ "$(tail -n 1 $lab/up.out)" = 'left: ' ]
  [ $names = 1 ] ||
    observe 'which it says'                             grep -q 'nothing is left of it$' $lab/up.out
done
observe 'room for 6 are enough'                         full_run 6

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
