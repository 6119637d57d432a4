#!/usr/bin/env bash
# One request, captured, and its bytes read with time_protocol.h beside it.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080'
ready   server  'serving on'
start   wire    'sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n -c 1 -v -XX -w udp.pcap --print udp port 8080'
ready   wire    'listening on'
run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080 -c 1'
observe 'the client is served meanwhile'           exits client1 0
observe 'one packet, and tcpdump ends by itself'   exits wire 0
observe 'tcpdump names both ends'                  prints wire '10\.0\.1\.2\.[0-9]+ > 10\.0\.1\.1\.8080: .*UDP, length 24'
observe 'the word TIME is in the dump'             prints wire 'TIME'

run     look1   'tshark -r udp.pcap -V -x'
observe 'tshark takes it apart'                    exits look1 0
observe 'Ethernet, IP, UDP'                        prints look1 '^User Datagram Protocol, Src Port: [0-9]+, Dst Port: 8080$'
observe '24 bytes of data are ours'                prints look1 '^ +\[Length: 24\]$'
run     host    'tcpdump -r udp.pcap -n -vv'
observe 'with -vv, the checksum is found wrong'    prints host '\[bad udp cksum 0x[0-9a-f]{4} -> 0x[0-9a-f]{4}!\]'

cp udp.pcap $lab/one.pcap
observe 'the file holds that packet alone'         packets one 'udp.dstport == 8080' -eq 1
payload=$(fields one udp udp.payload)
observe 'the magic number'                         [ "${payload:0:8}" = 54494d45 ]
observe 'the kind: 1, a request'                   [ "${payload:8:8}" = 00000001 ]
observe 'the sequence number: 1'                   [ "${payload:16:8}" = 00000001 ]
observe 'nanoseconds below a second'               [ $((16#${payload:24:8})) -lt 1000000000 ]
taken=$(fields one udp frame.time_epoch)
age=$((${taken%.*} - 16#${payload:32:16}))
observe 'seconds since 1970: when it was captured' [ $age -ge 0 -a $age -le 5 ]
observe 'and nothing more'                         [ ${#payload} = 48 ]
