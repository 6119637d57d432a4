#!/usr/bin/env bash
# two_clients.sh up, killed after each of its steps, leaves no mess that the next up cannot mend, nor down remove.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

# The next up begins as down does, so that down itself is asked at one step in three, each kind among them.
say 'up, killed after each of its steps'
removed=0
for ((step = 1; ; step++)); do
  trapped $step kill-after || break
  [ $outcome = 137 ] || fault "step $step: up was not killed" "$(cat $lab/up.out)"
  if [ $((step % 3)) = 0 ]; then
    quietly ./two_clients.sh down
    no_namespaces || fault "killed after step $step, then down: something is left" "$seen"
    ((++removed))
    trapped $step kill-after
  fi
  quietly ./two_clients.sh up
  complete || fault "killed after step $step, then up: not complete" "$seen"
  remove
done
observe "killed after each of its $((step - 1)) steps, up mends it" [ $step -gt 30 ]
observe "down removes it ($removed tries)"                [ $removed -ge 10 ]
observe 'not killed, it is complete'                     complete
