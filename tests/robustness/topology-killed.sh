#!/usr/bin/env bash
# two_clients.sh up, killed after each of its steps, leaves no mess that the next up cannot mend, nor down remove.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

# (Before a step, the lab is as it is after the one before it.)
say 'up, killed after each of its steps'
for ((step = 1; ; step++)); do
  trapped $step kill-after || break
  [ $outcome = 137 ] || fault "step $step: up was not killed" "$(cat $lab/up.out)"
  quietly ./two_clients.sh down
  no_namespaces || fault "killed after step $step, then down: something is left" "$seen"
  trapped $step kill-after
  quietly ./two_clients.sh up
  complete || fault "killed after step $step, then up: not complete" "$seen"
  remove
done
observe "killed after each of its $((step - 1)) steps, down removes it, and up mends it" [ $step -gt 30 ]
observe 'not killed, it is complete'                     complete
