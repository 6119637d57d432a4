#!/usr/bin/env bash
# two_clients.sh up, killed at each of its steps, leaves no mess that the next up cannot mend, nor down remove.
. "$(dirname "$0")/../lib.sh"
. tests/robustness/topology.lib

say 'up, killed at each of its steps'
for ((step = 1; ; step++)); do
  trapped $step kill || break
  [ $outcome = 137 ] || fault "step $step: up was not killed" "$(cat $lab/up.out)"
  if ((step % 3)); then   # up takes four times as long
    quietly ./two_clients.sh down
    gone || fault "killed after step $step, then down: something is left" "$seen"
  else
    quietly ./two_clients.sh up
    complete || fault "killed after step $step, then up: not complete" "$seen"
    remove
  fi
done
observe "after each of its $((step - 1)) steps, down removes what a killed up has left, or up mends it" [ $step -gt 24 ]
observe 'not killed, it is complete'                     complete
remove

say 'up, killed while an ip of its own goes on'
for ((step = 1; ; step++)); do
  trapped $step orphan || break
  quietly ./two_clients.sh up
  [ -e $lab/orphan ] || fault "ip $step: up has not waited for it"
  complete || fault "killed before ip $step, which is done nevertheless, then up: not complete" "$seen"
  remove
done
observe "whichever of $((step - 1)) it is, up waits for it, and mends it" [ $step -gt 6 ]
