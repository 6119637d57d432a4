#!/usr/bin/env bash
# One request, captured, and its bytes read with time_protocol.h beside it.
. "$(dirname "$0")/../lib.sh"
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
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
observe '24 bytes of data are ours'                prints look1 '^Data .*24 bytes'
run     host    'tcpdump -r udp.pcap -n -vv'
observe 'with -vv, the checksum is found wrong'    prints host '\[bad udp cksum 0x[0-9a-f]{4} -> 0x[0-9a-f]{4}!\]'

# Behind the 24 bytes of the file's header: seconds, microseconds, two lengths, and the packet.
read -r captured _ < <(od -An -v -tu4 -j24 -N8 udp.pcap)
bytes=$(od -An -v -tx1 -j40 udp.pcap | tr -d ' \n')
layer() {  # REGEX: it takes so many bytes off the front, in hexadecimal
  seen=$bytes; [[ $bytes =~ ^($1) ]] || return 3
  proof=${BASH_REMATCH[1]} bytes=${bytes:${#proof}}
}
observe '14 bytes of Ethernet: IPv4 follows'       layer '[0-9a-f]{24}0800'
observe '20 of IP: from 10.0.1.2 to 10.0.1.1'      layer '45[0-9a-f]{22}0a0001020a000101'
observe '8 of UDP: to port 8080, 32 bytes'         layer '[0-9a-f]{4}1f900020[0-9a-f]{4}'
observe '24 of ours: TIME, a request, number 1'    layer '54494d450000000100000001'
observe 'nanoseconds below a second'               [ $((16#${bytes:0:8})) -lt 1000000000 ]
age=$((captured - 16#${bytes:8:16}))
observe 'seconds since 1970: when it was captured' [ $age -ge 0 -a $age -le 5 ]
observe 'and nothing more'                         [ ${#bytes} = 24 ]
