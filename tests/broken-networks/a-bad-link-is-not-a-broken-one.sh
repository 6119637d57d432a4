#!/usr/bin/env bash
# Loss, duplication, reordering, corruption: TCP delivers every byte all the same, and datagrams show what the link does.
. "$(dirname "$0")/../lib.sh"
need_netem
lab_up

counter() { at "$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'; }
transfer() {  # as the README has it: the file arrives as it was sent
  start   server  'sudo ip netns exec ns_server nc -l -p 9000 > received'
  observe 'nc listens'                                  sockets ns_server -tln ':9000 '
  start   client2 'sudo ip netns exec ns_client2 ./simple_nc 10.0.2.1 9000 < random'
  observe 'the transfer comes to its end'               at_last exits client2 0
  observe 'and nc has it all'                           at_last exits server 0
  run     look1   'sha256sum random received'
  observe 'the checksums are the same'                  [ "$(cut -d' ' -f1 "${log[look1]}" | sort -u | wc -l)" = 1 ]
}
burst() {
  run     client2 'sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080 -c 100'
  observe "$1"                                          last_line client2 "$2"
}

run     host    'head -c 3000000 /dev/urandom > random'
transfer   # over the link as it is, to compare
run     look1 'sudo ip netns exec ns_client2 tc qdisc replace dev veth_c2 root netem loss 10%'
before=$(counter ns_client2 TcpRetransSegs)
transfer
run     look1 'sudo ip netns exec ns_client2 nstat -asz TcpRetransSegs'
observe 'paid for with retransmissions'                 [ "$(counter ns_client2 TcpRetransSegs)" -gt "$before" ]
start   look2   'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
burst   'of the datagrams, some are lost'               '^100 sent, [0-9]+ received, [1-9][0-9.]*% lost, '

say 'Duplicates'
run     look1 'sudo ip netns exec ns_client2 tc qdisc replace dev veth_c2 root netem duplicate 20%'
before=$(counter ns_server TcpExtTCPDSACKOldSent)
transfer
observe 'the server has thrown duplicates away'         [ "$(counter ns_server TcpExtTCPDSACKOldSent)" -gt "$before" ]
burst   'datagrams are duplicated'                      '^100 sent, 100 received, 0% lost, [0-9]+ reordered, [1-9][0-9]* duplicated$'

say 'Reordering'
run     look1 'sudo ip netns exec ns_client2 tc qdisc replace dev veth_c2 root netem delay 5ms reorder 50%'
before=$(counter ns_server TcpExtTCPOFOQueue)
transfer
observe 'the server has put segments in order'          [ "$(counter ns_server TcpExtTCPOFOQueue)" -gt "$before" ]
burst   'datagrams come in another order'               '^100 sent, 100 received, 0% lost, [1-9][0-9]* reordered, '

say 'Corruption'
run     look1 'sudo ip netns exec ns_client2 tc qdisc replace dev veth_c2 root netem corrupt 10%'
before=$(counter ns_server TcpInCsumErrors)
transfer
observe 'corrupt segments were dropped, and counted'    [ "$(counter ns_server TcpInCsumErrors)" -gt "$before" ]
burst   'corrupt datagrams count as lost'               '^100 sent, [0-9]+ received, [1-9][0-9.]*% lost, '
# A hundred would, once in 1500 times, leave all checksums of UDP alone; this many will not.
quietly at ns_client2 ./time_burst_client 10.0.2.1 8080 -c 1000 -W 1

say 'All of it'
run     look1 'sudo ip netns exec ns_client2 tc qdisc replace dev veth_c2 root netem loss 5% duplicate 5% corrupt 5% delay 5ms reorder 50%'
before=$(counter ns_client2 TcpRetransSegs)
timeouts=$(counter ns_client2 TcpExtTCPTimeouts)
transfer
observe 'paid for with retransmissions'                 [ "$(counter ns_client2 TcpRetransSegs)" -gt "$before" ]
observe 'and with time: the timer ran out, often'       [ "$(counter ns_client2 TcpExtTCPTimeouts)" -gt $((timeouts + 3)) ]
burst   'datagrams show it all'                         '^100 sent, [0-9]+ received, [1-9][0-9.]*% lost, [1-9][0-9]* reordered, [0-9]+ duplicated$'
run     look1   'sudo ip netns exec ns_server nstat -asz TcpInCsumErrors UdpInCsumErrors IpExtInCsumErrors'
observe 'the counters tell'                             prints look1 '^TcpInCsumErrors +[1-9]'
observe 'for the IP header'                             prints look1 '^IpExtInCsumErrors +[0-9]'
observe 'for UDP, too'                                  prints look1 '^UdpInCsumErrors +[1-9]'
run     look1 'sudo ip netns exec ns_client2 nstat -asz TcpExtTCPTimeouts'
observe 'and how often there was a wait'                prints look1 '^TcpExtTCPTimeouts +[1-9]'
run     look1 'sudo ip netns exec ns_client2 tc qdisc del dev veth_c2 root'
observe 'the link is as before'                         lab_is_whole
