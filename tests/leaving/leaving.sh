#!/usr/bin/env bash
# down removes the lab, with whatever still runs in it.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
run     host   'sudo ./two_clients.sh down'
observe 'down succeeds'                         exits host 0
observe 'the server was ended: SIGTERM'         exits server 143
observe 'no namespace is left'                  no_namespaces
