#!/usr/bin/env bash
# two_clients.sh up gives exactly the diagram, and the four pings find their way.
. "$(dirname "$0")/../lib.sh"

addresses() {  # HOST NAME ADDRESS...: its interfaces, all up, with all their addresses; so it has none of IPv6
  local name address found=
  seen=$(at "$1" ip -br link show type veth)
  [ "$(wc -l <<< "$seen")" = $((($# - 3) / 2)) ] || return 3
  seen=$(at "$1" ip -br address show up)
  while read -r name _ address; do found+="${name%@*} $address "; done <<< "$seen"
  proof=$found; [ "$found" = "${*:2} " ]
}
gateway() { seen=$(at "$1" ip route show default) || return 3; proof=$seen; [ "${seen% }" = "$2" ]; }
forwards() { seen=$(at "$1" sysctl -n net.ipv4.ip_forward); [ "$seen" = "$2" ]; }
answers() { at "$1" ping -q -c 1 -W 1 127.0.0.1 > $lab/quiet; }

run host 'sudo ./two_clients.sh up'
observe 'the lab is up'                        exits host 0
observe 'three namespaces and no more'         [ "$(ip netns list | sed 's/ .*//' | sort | xargs)" = 'ns_client1 ns_client2 ns_server' ]
observe 'client 1: one cable'                  addresses ns_client1 lo 127.0.0.1/8 veth_c1 10.0.1.2/24
observe 'the server: two cables'               addresses ns_server lo 127.0.0.1/8 veth_srv_c1 10.0.1.1/24 veth_srv_c2 10.0.2.1/24
observe 'client 2: one cable'                  addresses ns_client2 lo 127.0.0.1/8 veth_c2 10.0.2.2/24
observe 'client 1 leaves through the server'   gateway ns_client1 'default via 10.0.1.1 dev veth_c1'
observe 'client 2 leaves through the server'   gateway ns_client2 'default via 10.0.2.1 dev veth_c2'
observe 'the server has no way out'            gateway ns_server ''
observe 'the server forwards'                  forwards ns_server 1
observe 'client 1 does not'                    forwards ns_client1 0
observe 'nor does client 2'                    forwards ns_client2 0
for host in ns_client1 ns_server ns_client2; do
  observe "$host answers itself on its loopback"   answers "$host"
done
observe 'nothing was added to the machine itself'  [ "$(ip -br link show type veth && echo none)" = none ]

run host 'sudo ./two_clients.sh status'
observe 'status says whose lab it is'          prints host "^the machine's lab\$"
observe 'shows addresses'                      prints host '^  address +veth_srv_c2@.* 10\.0\.2\.1/24'
observe 'and routes'                           prints host '^  route +default via 10\.0\.1\.1 dev veth_c1'
observe 'and queueing disciplines'             prints host '^  qdisc +qdisc noqueue .* dev veth_srv_c1 '
observe 'and that no host has a server'        prints host '^  socket +none listens$' 3
observe 'and calls the lab complete'           exits host 0 '^the lab is complete$'

capture near ns_client1 veth_c1
capture far  ns_client2 veth_c2
run client1 'sudo ip netns exec ns_client1 ping -c 2 10.0.1.1'
observe 'the server answers client 1: TTL 64'  prints client1 '^64 bytes from 10\.0\.1\.1: .*ttl=64 ' 2
run client2 'sudo ip netns exec ns_client2 ping -c 2 10.0.2.1'
observe 'and client 2'                         prints client2 '^64 bytes from 10\.0\.2\.1: .*ttl=64 ' 2
run client1 'sudo ip netns exec ns_client1 ping -c 2 10.0.2.2'
observe 'client 2 answers client 1: TTL 63'    prints client1 '^64 bytes from 10\.0\.2\.2: .*ttl=63 ' 2
run client2 'sudo ip netns exec ns_client2 ping -c 2 10.0.1.2'
observe 'and client 1 client 2'                prints client2 '^64 bytes from 10\.0\.1\.2: .*ttl=63 ' 2
end_capture near far
observe 'on the way there, too, one is taken off'  packets far 'icmp.type == 8 && ip.src == 10.0.1.2 && ip.ttl == 63' -eq 2
observe 'nothing else on the cable but ARP'    packets near '!icmp && !arp' -eq 0
ladder icmp near far

lab_is() { ip netns exec ns_server ip -o link | grep -o 'link/.*'; stat -Lc %i /run/netns/ns_{client1,server,client2}; }
before=$(lab_is)
run host 'sudo ./two_clients.sh up'
observe 'the lab is already up'                prints host '^the lab is already up$'
observe 'up again changes nothing'             [ "$(lab_is)" = "$before" ]
run host 'sudo ./two_clients.sh down'
observe 'the lab is down'                      exits host 0
observe 'no namespace is left'                 no_namespaces
run host 'sudo ./two_clients.sh status'
observe 'status says so'                       exits host 1
run host 'sudo ./two_clients.sh down'
observe 'down again is no error'               exits host 0
