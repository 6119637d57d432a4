#!/usr/bin/env bash
# two_clients.sh up, killed or failing at each of its steps, leaves no mess that up and down cannot mend.
. "$(dirname "$0")/../lib.sh"

complete() { ./two_clients.sh status > $lab/quiet 2>&1; }
gone() { seen=$(ip netns list); [ -z "$seen" ]; }

# An `ip` that counts its calls, and after or instead of the one whose number is in $lab/trip does as $lab/how says.
mkdir $lab/trap
cat > $lab/trap/ip << 'TRAP'
#!/bin/bash
echo . >> /run/lab/steps
step=$(wc -l < /run/lab/steps)
if [ "$step" = "$(cat /run/lab/trip)" ]; then
  case $(cat /run/lab/how) in
    kill-before) kill -KILL "$(cat /run/lab/victim)"; exit 1 ;;
    kill-after) REAL "$@"; kill -KILL "$(cat /run/lab/victim)"; exit ;;
    fail) echo "ip: this step fails" >&2; exit 1 ;;
  esac
fi
exec REAL "$@"
TRAP
sed -i "s|REAL|$(command -v ip)|" $lab/trap/ip
chmod +x $lab/trap/ip

# trapped STEP HOW: an `up` that meets the trap. False when it needs fewer steps than that.
trapped() {
  : > $lab/steps; echo "$1" > $lab/trip; echo "$2" > $lab/how
  { PATH=$lab/trap:$PATH bash -c 'echo $$ > /run/lab/victim; exec ./two_clients.sh up' > $lab/up.out 2>&1; } 2> $lab/quiet
  outcome=$?
  [ "$(wc -l < $lab/steps)" -ge "$1" ]
}

say 'up, killed after each of its steps'
for ((step = 1; ; step++)); do
  trapped $step kill-after || break
  [ $outcome = 137 ] || fault "step $step: up was not killed" "$(cat $lab/up.out)"
  quietly ./two_clients.sh up
  complete || fault "killed after step $step, then up: not complete" "$(cat $lab/quiet)"
  quietly ./two_clients.sh down
done
observe "killed after each of its $((step - 1)) steps, up mends it" [ $step -gt 25 ]
quietly ./two_clients.sh down

say 'up, killed before each of its steps, then down'
for ((step = 1; ; step++)); do
  trapped $step kill-before || break
  quietly ./two_clients.sh down
  gone || fault "killed before step $step, then down: something is left" "$seen"
done
observe "killed before each of its $((step - 1)) steps, down removes it" [ $step -gt 25 ]
quietly ./two_clients.sh down

# A step that fails is the end of it, unless what failed only looks at the lab.
say 'up, with each of its steps failing in turn'
failures=0
for ((step = 1; ; step++)); do
  trapped $step fail || break
  if [ $outcome != 0 ]; then
    ((++failures))
    gone || fault "step $step failed: something is left" "$seen"
    grep -q 'nothing is left of it$' $lab/up.out || fault "step $step failed, and up did not say so" "$(cat $lab/up.out)"
  else
    complete || fault "step $step failed, up said nothing, and the lab is not complete" "$(cat $lab/up.out)"
    quietly ./two_clients.sh down
  fi
done
observe "of $((step - 1)) failing steps, $failures end it and leave nothing" [ $failures -ge 25 ]
quietly ./two_clients.sh down

say 'up, killed by the clock'
for milliseconds in 003 009 015 021 027 033 039 045 051 057 063 069 075; do
  timeout --signal=KILL 0.$milliseconds ./two_clients.sh up > $lab/quiet 2>&1
  quietly ./two_clients.sh up
  complete || fault "killed after $milliseconds ms, then up: not complete" "$(cat $lab/quiet)"
  quietly ./two_clients.sh down
done
observe 'killed at 13 odd moments, up mends it'          gone
