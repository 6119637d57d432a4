#!/usr/bin/env bash
# A private lab: an ordinary user's own, entered from several terminals, gone with the last of them.
. "$(dirname "$0")/../lib.sh"

. tests/robustness/private.lib

say 'Four terminals, at once'
for role in server wire client1 client2; do
  start $role './two_clients.sh shell'
done
type_line server 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
type_line wire 'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n -c 2 udp port 8080' 'listening on'
type_line client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 1'
type_line client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080 -c 1'
observe 'client 1 is served'                            prints client1 '^1 sent, 1 received, 0% lost$'
observe 'client 2 is served'                            prints client2 '^1 sent, 1 received, 0% lost$'
observe 'tcpdump sees it'                               prints wire 'IP 10\.0\.1\.1\.8080 > 10\.0\.1\.2\.[0-9]+: UDP, length 24'
observe 'they are in one lab'                           keepers 1
type_line client1 'sudo ip netns exec ns_client1 ping -c 1 10.0.2.2'
observe 'ping works'                                    prints client1 '^64 bytes from 10\.0\.2\.2: .* ttl=63 '
type_line wire 'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n -c 1 -w udp.pcap --print; tshark -r udp.pcap'
within "$patience" prints wire 'listening on' 2 || fault 'no second tcpdump'
type_line client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 1'
observe 'a saved capture can be read'                   prints wire 'UDP.* Len=24'
type_line client2 './two_clients.sh down; ./two_clients.sh status; ./two_clients.sh up; ./two_clients.sh status'
observe 'down ends the hosts'                           prints client2 '^your private lab is down; to set it up: \./two_clients\.sh up$'
observe 'and the server in them'                        prints server '^Terminated'
observe 'up makes them anew'                            prints client2 '^the lab is complete$'
observe 'status says whose lab that is'                 prints client2 '^your private lab$'
type_line server 'sudo ip netns exec ns_server setpriv --bounding-set -net_bind_service --inh-caps -net_bind_service ./time_server 127.0.0.1 999 &'
observe 'every port is open in it, whatever root lacks'                      prints server ' serving on 127\.0\.0\.1:999$'
type_line client2 './two_clients.sh shell'
type_line client2 'make demo-loopback; sudo -E true; sudo'
observe 'nor a demonstration'                           prints client2 'this is a private lab; type it in a terminal outside$'
observe 'sudo is a simple one'                          prints client2 '^sudo: in a private lab there is only: sudo COMMAND\.\.\.$' 2
observe 'there is no lab in the lab'                    prints client2 'this is a shell in the private lab already$'
observe 'the machine has seen nothing of it'            no_namespaces

say 'The short forms are commands like others'
for words in 'server ping' 'timeout 5 client1 ping' 'sudo client2 ping' 'sudo LAB=1 timeout 5 server ping'; do
  type_line client1 "$words -c 1 127.0.0.1 > short; echo \"$words: \$?\""
  observe "$words"                                      prints client1 "^$words: 0\$"
done
type_line client1 "env TERM=xterm script -qfec 'watch -n 1 server ss -tan' short < /dev/null > /dev/null & \
  until grep -q 'Local Address' short; do sleep 0.1; done; kill \$!; wait; echo watched"
observe 'watch server ss -tan'                          prints client1 '^watched$'
run     client3 "echo 'server ip -br address' | ./two_clients.sh shell"
observe 'in a script on standard input'                 prints client3 '^veth_srv_c1.* 10\.0\.1\.1/24'

say 'On a terminal'
start   client3 "script -qec './two_clients.sh shell' /dev/null" '\(lab\) '
type_line client3 'client2 ping -c 1 10.0.2.1'
observe 'there is a short form'                         prints client3 '^64 bytes from 10\.0\.2\.1: .* ttl=64 '
type_line client3 'exit'
finish  client3

say 'The end'
type_line wire 'sleep 12345 &'
for role in server client1 client2; do end_input $role; finish $role; done
observe 'the lab lives as long as one shell does'       keepers 1
run     host    './two_clients.sh up'
observe 'up, from outside'                              prints host '^the lab is already up$'
observe 'says which lab it means'                       prints host "^this is your private lab; for the machine's: sudo \./two_clients\.sh up\$"
mkdir other
cp -p two_clients.sh other
run     host    'other/two_clients.sh status'
observe 'which status tells from outside, too'          last_line host '^the lab is complete$'
observe 'from another checkout as well'                 prints host "^this is your private lab; for the machine's: sudo \./two_clients\.sh status\$"
end_input wire
observe 'and ends with the last, with all in it'        gone

start   client1 './two_clients.sh shell'
type_line client1 'sleep 12345 & echo begun' '^begun$'
interrupt client1 KILL
observe 'also if that is killed'                        gone

start   client1 './two_clients.sh shell'
type_line client1 'echo begun' '^begun$'
run     host    './two_clients.sh down'
observe 'down, from outside'                            prints host '^your private lab is down, with its shells$'
observe 'ends it as well'                               gone
finish  client1

say 'No lab at all'
for words in 'up 1' 'status 1' 'down 0'; do
  run   host    "./two_clients.sh ${words% *}"
  observe "${words% *}: exit status ${words#* }"        exits host "${words#* }"
  observe 'it says that the user has none'              prints host 'you have no private'
  observe 'in one line'                                 [ "$(wc -l < "${log[host]}")" = 1 ]
done

say 'Root may have one, too'
start   client1 'sudo ./two_clients.sh shell'
type_line client1 'sudo ip netns exec ns_client1 ping -c 1 10.0.1.1'
observe 'it works'                                      prints client1 '^64 bytes from 10\.0\.1\.1: '
type_line client1 'sudo ip netns exec ns_server timeout 3 tcpdump -i veth_srv_c1 -n -c 1' 'listening on'
interrupt client1 KILL
observe 'and ends like the others'                      gone

say 'A system that forbids it'
mkdir $lab/shim
printf '#!/bin/sh\nexit 1\n' > $lab/shim/unshare
for setting in kernel.unprivileged_userns_clone=0 kernel.apparmor_restrict_unprivileged_userns=1 user.max_user_namespaces=0; do
  printf '#!/bin/sh\n[ "$2" != %s ] || echo %s\n' "${setting%=*}" "${setting#*=}" > $lab/shim/sysctl
  chmod 755 $lab/shim $lab/shim/*
  run client1 "env PATH=$lab/shim:$PATH ./two_clients.sh shell"
  observe "it says which setting does: $setting" \
    exits client1 1 "^two_clients.sh: this system forbids namespaces to ordinary users \($setting\); use sudo ./two_clients.sh up\$"
done
