#!/usr/bin/env bash
# Half a request holds the iterative server up, until its sender is gone.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./kv_store' ' serving on '
start   client1 'sudo ip netns exec ns_client1 nc 10.0.1.1 8085'
ready   server  ' 10\.0\.1\.2:[0-9]+ connected$'
line    client1 '<' 'GET a (Ctrl-D)'
printf 'GET a' >&"${keyboard[client1]}"
observe 'half a request has arrived'                    sockets ns_server -tinO ' bytes_received:5 '
start   client2 'sudo ip netns exec ns_client2 ./kv_client 10.0.2.1 8085 -t 2'
stopwatch
type_line client2 'ping'
observe 'client 2 loses its patience'                   prints client2 '^kv_client: no reply from 10\.0\.2\.1:8085 within 2 s$'
elapsed
observe "after two seconds ($took ms)"                  [ "$took" -ge 2000 -a "$took" -le $((2000 + slack)) ]
observe 'with exit status 1'                            exits client2 1
start   client2 'sudo ip netns exec ns_client2 ./kv_client 10.0.2.1 8085'
type_line client2 'ping'
observe 'the server reads, and waits'                   sockets ns_server -tan '^ESTAB +14 +0 +10\.0\.2\.1:8085 '
observe 'and has read the first half'                   sockets ns_server -tan '^ESTAB +0 +0 +10\.0\.1\.1:8085 '
interrupt client1
observe 'the server drops the half'                     prints server ' 10\.0\.1\.2:[0-9]+ disconnected in the middle of a request$'
observe 'and serves client 2'                           prints client2 '^PONG$'
observe 'the first ping was answered, too'              prints server ' 10\.0\.2\.2:[0-9]+ request ping$' 2
only_then() { seen=$(sed '/ in the middle of a request$/q' "${log[server]}"); lines ' 10\.0\.2\.2:' 0 || return 3; }
observe 'but not before the half was dropped'           only_then
observe 'the half was never executed'                   prints server GET 0
