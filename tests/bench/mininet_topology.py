#!/usr/bin/python3
"""The lab's three hosts in Mininet: same names of interfaces, same addresses, same routes (two_clients.sh).

Prints `up` when they are, and takes them down at the end of its standard input. Then it prints `down`.
"""
import sys

from mininet.link import Link
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Node

# Mininet begins with raising limits of the whole machine (kernel.pty.max, fs.file-max). It need not, for three hosts.
Mininet.inited = True
setLogLevel('error')

net = Mininet(controller=None)
client1 = net.addHost('ns_client1', cls=Node, ip=None)
server = net.addHost('ns_server', cls=Node, ip=None)
client2 = net.addHost('ns_client2', cls=Node, ip=None)
Link(client1, server, intfName1='veth_c1', intfName2='veth_srv_c1')
Link(client2, server, intfName1='veth_c2', intfName2='veth_srv_c2')
net.build()
for host, interface, address in ((client1, 'veth_c1', '10.0.1.2/24'), (server, 'veth_srv_c1', '10.0.1.1/24'),
                                 (client2, 'veth_c2', '10.0.2.2/24'), (server, 'veth_srv_c2', '10.0.2.1/24')):
    host.setIP(address, intf=interface)
server.cmd('sysctl -qw net.ipv4.ip_forward=1')
client1.cmd('ip route add default via 10.0.1.1')
client2.cmd('ip route add default via 10.0.2.1')
if len(sys.argv) > 1:  # a check, for those who doubt: mininet_topology.py ping
    print(client1.cmd('ping -c 1 10.0.2.2'), file=sys.stderr)
print('up', flush=True)
sys.stdin.read()
net.stop()
print('down', flush=True)
