#!/usr/bin/env bash
# Exercise: addrconv ADDRESS/LENGTH shows the network's address, its broadcast address, its hosts.
. "$(dirname "$0")/exercise.lib"

task addrconv ADDRESS/LENGTH 10.0.1.2/24

shows() {  # WHAT VALUE: the program has one line of that name, and it ends with the value
  seen=$(grep -E "^ +$1 " "${log[host]}")
  [ -n "$seen" ] ||
    seen="no line '    $1   $2' in this:"$'\n'$(cat "${log[host]}")
  [[ $seen =~ ^\ +$1\ +(.*)$ && ${BASH_REMATCH[1]} = "$2" ]] || return 3
}
all_of_it() {
  exits host 0 && shows 'back to text' "$address" && shows 'network address' "$network" &&
    shows 'broadcast address' "$broadcast" && shows hosts "$hosts" || return 3
}
refused() {
  prints host "^addrconv: $argument: not " && shows 'network address' 10.0.2.0 && exits host 1 ||
    return 3
}

say 'Networks of many sizes'
while read -r argument address network broadcast hosts; do
  run host "./addrconv $argument"
  expect "$argument: network $network, broadcast $broadcast, hosts $hosts" all_of_it
done <<'TABLE'
10.0.1.2/24        10.0.1.2        10.0.1.0         10.0.1.255       254
192.168.1.100/26   192.168.1.100   192.168.1.64     192.168.1.127    62
172.31.5.4/12      172.31.5.4      172.16.0.0       172.31.255.255   1048574
10.0.1.1/30        10.0.1.1        10.0.1.0         10.0.1.3         2
200.1.2.3/1        200.1.2.3       128.0.0.0        255.255.255.255  2147483646
10.0.1.2/0         10.0.1.2        0.0.0.0          255.255.255.255  4294967294
10.0.1.3/31        10.0.1.3        10.0.1.2         none             2
10.0.1.3/32        10.0.1.3        10.0.1.3         none             1
TABLE

say 'What is no network'
for argument in 10.0.1.2/{33,-1,'',24x,' 24',0x18,4294967320,24/24} 10.0.1/24 /24; do
  run host "./addrconv '$argument' 10.0.2.2/24"
  expect "'$argument': refused and named, the next argument is still shown, exit status 1" refused
done

say 'An address without a length'
run host './addrconv 10.0.1.2'
as_before() {
  seen=$(cat "${log[host]}")
  [ "$seen" = '10.0.1.2
    bytes in network order   0a 00 01 02
    number in host order     0x0a000102 = 167772418
    back to text             10.0.1.2' ] || return 3
}
expect '10.0.1.2 is converted as before; nothing is said of a network' as_before
