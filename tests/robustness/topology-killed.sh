#!/usr/bin/env bash
# two_clients.sh up, killed at each of its steps, leaves no mess that the next up cannot mend, nor down remove.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

say 'up, killed at each of its steps'
for ((step = 1; ; step++)); do
  trapped $step kill || break
  [ $outcome = 137 ] || fault "step $step: up was not killed" "$(cat $lab/up.out)"
  quietly ./two_clients.sh down
  gone || fault "killed after step $step, then down: something is left" "$seen"
  trapped $step orphan
  quietly ./two_clients.sh up
  [ -e $lab/orphan ] || fault "step $step: up has not waited for the ip of the one before"
  complete || fault "killed before step $step, which is done nevertheless, then up: not complete" "$seen"
  remove
done
observe "killed at each of its $((step - 1)) steps, down removes it, and up mends it" [ $step -gt 24 ]
observe 'not killed, it is complete'                     complete
