#!/usr/bin/env bash
# A port can be bound once on an address; other addresses have ports of their own.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
run     client1 'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'
observe 'the second server is refused' \
  exits client1 1 '^time_server: bind 0\.0\.0\.0:8080: Address already in use$'
run     look1 'sudo ip netns exec ns_server ss -aun'
observe 'ss shows who holds the port'              prints look1 '^UNCONN +0 +0 +0\.0\.0\.0:8080 +0\.0\.0\.0:\* *$'
observe 'and with -p, which program that is'       sockets ns_server -aunp ' 0\.0\.0\.0:8080 .*"time_server"'
run     client1 'sudo ip netns exec ns_server ./time_server 10.0.1.1 8080'
observe '0.0.0.0 holds it on every address'        prints client1 '^time_server: bind 10\.0\.1\.1:8080: Address already in use$'
interrupt server

start   server  'sudo ip netns exec ns_server ./time_server 10.0.1.1 8080'
start   wire 'sudo ip netns exec ns_server ./time_server 10.0.2.1 8080'
ready   server  'serving on 10.0.1.1:8080'
observe 'two servers, two addresses, one port'     prints wire 'serving on 10\.0\.2\.1:8080$'
run     look1 'sudo ip netns exec ns_server ss -aun'
observe 'ss shows the first'                       prints look1 ' 10\.0\.1\.1:8080 '
observe 'and the second'                           prints look1 ' 10\.0\.2\.1:8080 '
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 3'
start   client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080 -c 3'
finish  client1 client2
observe 'client 1 is served'                       last_line client1 '^3 sent, 3 received, 0% lost$'
observe 'by the first server'                      prints server ' 10\.0\.1\.2:[0-9]+ request 3$'
observe 'client 2 is served'                       last_line client2 '^3 sent, 3 received, 0% lost$'
observe 'by the second'                            prints wire ' 10\.0\.2\.2:[0-9]+ request 3$'
interrupt server
interrupt wire
observe 'neither sees the other client'            never_prints server ' 10\.0\.2\.2:'
observe 'nor does the second'                      never_prints wire ' 10\.0\.1\.2:'
