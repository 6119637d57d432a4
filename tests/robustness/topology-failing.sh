#!/usr/bin/env bash
# two_clients.sh up, killed or failing at each of its steps: down removes what there is, a failure leaves nothing.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

say 'up, killed before each of its steps, then down'
for ((step = 1; ; step++)); do
  trapped $step kill-before || break
  quietly ./two_clients.sh down
  no_namespaces || fault "killed before step $step, then down: something is left" "$seen"
done
observe "killed before each of its $((step - 1)) steps, down removes it" [ $step -gt 30 ]
quietly ./two_clients.sh down

# A step that fails is the end of it, unless what failed only looks at the lab.
say 'up, with each of its steps failing in turn'
failures=0
for ((step = 1; ; step++)); do
  trapped $step fail || break
  if [ $outcome != 0 ]; then
    ((++failures))
    no_namespaces || fault "step $step failed: something is left" "$seen"
    grep -q 'nothing is left of it$' $lab/up.out || fault "step $step failed, and up did not say so" "$(cat $lab/up.out)"
  else
    complete || fault "step $step failed, up said nothing, and the lab is not complete" "$seen"
    quietly ./two_clients.sh down
  fi
done
observe "of $((step - 1)) failing steps, $failures end it and leave nothing" [ $failures -ge 25 ]
quietly ./two_clients.sh down

# A /run in which there is room for so many names: its own, the lock, netns, and not for each host.
say 'up, with a full /run'
as_root=(); [ "$(id -u)" = 0 ] || as_root=(--user --map-root-user --net)   # or mount(8) would refuse
full_run() {  # NAMES
  unshare "${as_root[@]}" --mount bash -c 'mount -t tmpfs -o mode=755,nr_inodes='"$1"' tmpfs /run || exit 99
    ./two_clients.sh up; status=$?; echo "left: $(ip netns list)"; exit $status' > $lab/up.out 2>&1
}
for names in 1 2 3 4 5; do
  full_run $names
  observe "room for $names names: it says so, and fails"  [ "$?|$(grep -c 'No space left on device$' $lab/up.out)" = '1|1' ]
  observe 'and leaves nothing'                          [ "$(tail -n 1 $lab/up.out)" = 'left: ' ]
  [ $names = 1 ] ||
    observe 'which it says'                             grep -q 'nothing is left of it$' $lab/up.out
done
observe 'room for 6 are enough'                         full_run 6

say 'up, killed by the clock'
for milliseconds in 003 009 015 021 027 033 039 045 051 057 063 069 075; do
  timeout --signal=KILL 0.$milliseconds ./two_clients.sh up > $lab/quiet 2>&1
  quietly ./two_clients.sh up
  complete || fault "killed after $milliseconds ms, then up: not complete" "$seen"
  quietly ./two_clients.sh down
done
observe 'killed at 13 odd moments, up mends it'          no_namespaces

say 'up, asked to end, and asked again, at once or while it cleans up'
for ((i = 0; i < 24; i++)); do
  milliseconds=$((10 + 3 * i))
  ./two_clients.sh up > $lab/up.out 2>&1 & up=$!
  nap 0.0$milliseconds
  kill -TERM $up
  nap 0.00$((i % 4 * 3))
  kill -TERM $up 2> $lab/quiet
  wait $up
  grep -qx 'the lab is up: .*' $lab/up.out || no_namespaces || fault "asked after $milliseconds ms: something is left" "$seen"
  quietly ./two_clients.sh down
done
observe 'it leaves nothing'                              no_namespaces
