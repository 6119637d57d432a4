#!/usr/bin/env bash
# Signals end the programs as one expects, however they were started: in a script's background, say, or by a program
# that ignores SIGPIPE.
. "$(dirname "$0")/../lib.sh"

badly='env --ignore-signal=INT,TERM,PIPE --block-signal=INT,TERM,PIPE'
for server in 'time_server 127.0.0.1 8080' echo_server byte_sink kv_store; do
  for signal in INT TERM PIPE; do
    start server "$badly ./$server" '(serving on|bound to) '
    interrupt server $signal
    observe "SIG$signal ends ${server%% *}"        exits server $((128 + $(kill -l $signal)))
  done
done

start   server  ./kv_store 'serving on'
start   client1 "$badly ./simple_nc 127.0.0.1 8085"
observe 'a client'                                 sockets host -tn '^ESTAB .* 127\.0\.0\.1:8085 *$'
interrupt client1 PIPE
observe 'SIGPIPE ends simple_nc'                   exits client1 141

start   client2 "$badly ./time_client 127.0.0.1 8080 -i 600"
observe 'another'                                  sockets host -un '127\.0\.0\.1:8080'
interrupt client2
observe 'Ctrl-C ends time_client with its last line' exits client2 1 '^1 sent, 0 received, 100% lost$'
