#!/usr/bin/env bash
# bind(2), seen by ss and felt by a second program that wants the same port.
. "$(dirname "$0")/../lib.sh"

run host 'make -B addrbind'
start host './addrbind 127.0.0.1 8080'
observe 'the kernel confirms the address'   prints host '^bound to 127\.0\.0\.1:8080$'
run host2 'ss -aun'
observe 'ss shows the socket'               prints host2 ' 127\.0\.0\.1:8080 '
run host2 './addrbind 127.0.0.1 8080'
observe 'a second one is refused'           prints host2 '^addrbind: bind 127\.0\.0\.1:8080: Address already in use$'
observe 'its status'                        exits host2 1
type_line host ''
observe 'Enter ends the first'              exits host 0
observe 'and its socket is gone'            sockets host -aun ':8080 ' 0

start host './addrbind 0.0.0.0 8080'
observe 'bound to every address'            prints host '^bound to 0\.0\.0\.0:8080$'
run host2 'ss -aun'
observe 'ss shows the wildcard'             prints host2 ' 0\.0\.0\.0:8080 '
run host2 './addrbind 127.0.0.1 8080'
observe 'every address includes 127.0.0.1'  prints host2 'Address already in use$'
end_input host
observe 'C-d releases it, too'              exits host 0

start host './addrbind 127.0.0.1 0'
observe 'port 0 became a real one'          prints host '^bound to 127\.0\.0\.1:[1-9][0-9]*$'
port=$(sed -n 's/.*://p' "${log[host]}")
run host2 'cat /proc/sys/net/ipv4/ip_local_port_range'
read -r low high < "${log[host2]}"
observe 'an ephemeral one, from that range' [ "$low" -le "$port" -a "$port" -le "$high" ]
run host2 'ss -aun'
observe 'ss shows the same port'            prints host2 " 127\.0\.0\.1:$port "
end_input host
observe 'released'                          exits host 0
