#!/usr/bin/env bash
# Exercise: addrconv ADDRESS/LENGTH shows the network's address, its broadcast address, its hosts.
. "$(dirname "$0")/exercise.lib"

task addrconv ADDRESS/LENGTH 10.0.1.2/24

# converts STATUS OUTPUT ERRORS: two patterns
converts() {
  seen=$(cat "${log[host]}" errors)
  # shellcheck disable=SC2053
  [[ $(< "${log[host]}") == $2 && $(< errors) == $3 ]] && exits host "$1" || return 3
}

scene 'An address without a length' 'Without the option all is as before'
run host './addrconv 10.0.1.2 300.0.1.1 2> errors'
expect '10.0.1.2 is converted as before, 300.0.1.1 is refused' converts 1 '10.0.1.2
    bytes in network order   0a 00 01 02
    number in host order     0x0a000102 = 167772418
    back to text             10.0.1.2' 'addrconv: 300.0.1.1: not an IPv4 address'

say 'Networks of many sizes'
while read -r argument network broadcast hosts; do
  rule 'prints three lines behind those'
  [[ $argument != */+(1|0|12) ]] || rule 'The hosts are all addresses'
  [[ $argument != */3[12] ]] || rule 'A /31 has two hosts'
  run host "./addrconv $argument 2> errors"
  expect "$argument: network $network, broadcast $broadcast, hosts $hosts" converts 0 "$argument
$(./addrconv "${argument%/*}" | tail -n +2)
    network address          $network
    broadcast address        $broadcast
    hosts                    $hosts" ''
done <<'TABLE'
10.0.1.2/24       10.0.1.0      10.0.1.255       254
192.168.1.100/26  192.168.1.64  192.168.1.127    62
10.0.1.1/30       10.0.1.0      10.0.1.3         2
172.31.5.4/12     172.16.0.0    172.31.255.255   1048574
200.1.2.3/1       128.0.0.0     255.255.255.255  2147483646
10.0.1.2/0        0.0.0.0       255.255.255.255  4294967294
10.0.1.3/31       10.0.1.2      none             2
10.0.1.3/32       10.0.1.3      none             1
TABLE

scene 'What is no network' 'What is no LENGTH'
for argument in 10.0.1.2/{33,-1,'',24x,' 24',+24,0x18,4294967320,24/24} 10.0.1/24 /24; do
  run host "./addrconv '$argument' 10.0.2.2/24 2> errors"
  expect "'$argument': named on standard error, and exit status 1; the next argument is still shown" \
    converts 1 $'10.0.2.2/24\n*' "addrconv: $argument: not *"
done
