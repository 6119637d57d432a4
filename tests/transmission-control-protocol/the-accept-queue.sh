#!/usr/bin/env bash
# What happens before accept() waits for it: bytes, a whole stream, and as many clients as the backlog lets in.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./byte_sink' '^next: listen'
type_line server '' '^next: accept'

say 'Data, and the end of the stream, before accept()'
start   client1 'sudo ip netns exec ns_client1 nc -nv 10.0.1.1 8080' '[sS]ucceeded|[cC]onnected|open'
type_line client1 'I was early'
observe 'the bytes wait in Recv-Q'                      sockets ns_server -tan '^ESTAB +12 '
interrupt client1
observe 'the client has gone: CLOSE-WAIT'               sockets ns_server -tan '^CLOSE-WAIT '
type_line server ''
observe 'it is accepted all the same'                   prints server ' accept\(\) = [0-9]+: connection from 10\.0\.1\.2:'
type_line server ''
observe 'its bytes are there'                           prints server ' recv\(\) = 12: "I was early\\n"$'
type_line server ''
observe 'and then the end of the stream'                prints server ' recv\(\) = 0: the end of the stream'

say 'More clients than the queue holds'
capture cable1 ns_server veth_srv_c1
count=0
for client in client1 client2 wire look1; do
  start $client 'sudo ip netns exec ns_client1 nc -nv 10.0.1.1 8080'
  [ $client = look1 ] || ready $client '[sS]ucceeded|[cC]onnected|open'
  type_line $client "I am number $((++count))"
done
observe 'the fourth gets no answer: SYN-SENT, it alone' sockets ns_client1 -tan '^SYN-SENT ' 1
observe 'three are ESTAB, their bytes received'         sockets ns_server -tan '^ESTAB +14 ' 3
run     look2 'sudo ip netns exec ns_server ss -tln'
observe 'three wait in the queue, with a limit of two'  prints look2 '^LISTEN +3 +2 +0\.0\.0\.0:8080 '
run     look2 'sudo ip netns exec ns_client1 ss -tan'
observe 'which ss shows'                                prints look2 '^SYN-SENT '
again() {  # a SYN from a port that one has come from before
  seen=$(tcpdump -n -r $lab/cable1.pcap 'tcp[tcpflags] == tcp-syn' 2> /dev/null | awk 'known[$3]++') proof=$seen; [ -n "$seen" ]
}
observe 'it tries again'                                again
type_line server ''
observe 'accept() takes the first of the queue'         prints server ' accept\(\) = [0-9]+: connection from 10\.0\.1\.2:' 2
observe 'now the fourth gets in'                        at_last sockets ns_client1 -tan '^SYN-SENT ' 0
observe 'four connections'                              sockets ns_server -tan '^ESTAB +14 ' 4
end_capture cable1
observe 'its SYN was dropped, and never refused'        packets cable1 'tcp.flags.reset == 1' -eq 0
ladder  tcp cable1
type_line server ''
observe 'they are served in the order of their coming'  prints server ' recv\(\) = 14: "I am number 1\\n"$'
interrupt client1
type_line server ''
type_line server ''
type_line server ''
observe 'the second after the first'                    prints server ' recv\(\) = 14: "I am number 2\\n"$'
