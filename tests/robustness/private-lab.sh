#!/usr/bin/env bash
# two_clients.sh shell: ended while it builds its lab, and by whom it is refused.
. "$(dirname "$0")/../lib.sh"

gone() { seen=$(pgrep -af '^two_clients.sh: keeper'); [ -z "$seen" ]; }

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

run     host    'sudo setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all ./two_clients.sh shell'
if [ "$(id -u)" = 0 ]; then
  observe 'a root without capabilities is told of them'  prints host '^two_clients\.sh: this root lacks CAP_SYS_ADMIN or CAP_NET_ADMIN: '
fi
