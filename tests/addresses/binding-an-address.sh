#!/usr/bin/env bash
# bind(2), seen by ss and felt by a second program that wants the same port.
. "$(dirname "$0")/../lib.sh"

run host 'make -B addrbind'
start server './addrbind 127.0.0.1 8080'
observe 'the kernel confirms the address'   prints server '^bound to 127\.0\.0\.1:8080$'
run look1 'ss -aun'
observe 'ss shows the socket'               prints look1 ' 127\.0\.0\.1:8080 '
run client1 './addrbind 127.0.0.1 8080'
observe 'a second one is refused'           exits client1 1 '^addrbind: bind 127\.0\.0\.1:8080: Address already in use$'
type_line server ''
observe 'Enter ends the first'              exits server 0
observe 'and its socket is gone'            sockets host -aun ':8080 ' 0

start server './addrbind 0.0.0.0 8080'
observe 'bound to every address'            prints server '^bound to 0\.0\.0\.0:8080$'
run look1 'ss -aun'
observe 'ss shows the wildcard'             prints look1 ' 0\.0\.0\.0:8080 '
run client1 './addrbind 127.0.0.1 8080'
observe 'every address includes 127.0.0.1'  prints client1 'Address already in use$'
end_input server
observe 'C-d releases it, too'              exits server 0

start server './addrbind 127.0.0.1 0'
observe 'port 0 became a real one'          prints server '^bound to 127\.0\.0\.1:[1-9][0-9]*$'
port=$(sed -n 's/.*://p' "${log[server]}")
run look1 'cat /proc/sys/net/ipv4/ip_local_port_range'
read -r low high < "${log[look1]}"
observe 'an ephemeral one, from that range' [ "$low" -le "$port" -a "$port" -le "$high" ]
run look1 'ss -aun'
observe 'ss shows the same port'            prints look1 " 127\.0\.0\.1:$port "
end_input server
observe 'released'                          exits server 0
