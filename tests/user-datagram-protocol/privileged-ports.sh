#!/usr/bin/env bash
# Ports below 1024: the capability decides, neither the user's name nor the namespace.
. "$(dirname "$0")/../lib.sh"
lab_up

run     host    'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
observe 'ports below 1024 are privileged'          prints host '^1024$'
run     host    './time_server 127.0.0.1 999'
observe 'not for an ordinary user'                 exits host 1 '^time_server: bind 127\.0\.0\.1:999: Permission denied$'
start   server  'sudo ip netns exec ns_server ./time_server 127.0.0.1 999'
observe 'for root in a namespace'                  prints server 'serving on 127\.0\.0\.1:999$'
observe 'ss shows the port'                        sockets ns_server -aun ' 127\.0\.0\.1:999 '
interrupt server
start   server  'sudo ./time_server 127.0.0.1 999'
observe 'for root outside of it as well'           prints server 'serving on 127\.0\.0\.1:999$'
interrupt server
run     server  'sudo ip netns exec ns_server setpriv --bounding-set -net_bind_service --inh-caps -net_bind_service ./time_server 127.0.0.1 999'
observe 'not for a root without the capability'    exits server 1 '^time_server: bind 127\.0\.0\.1:999: Permission denied$'
