#!/usr/bin/env bash
# Text to bytes to number and back; what is no address is refused.
. "$(dirname "$0")/../lib.sh"

run host 'make -B addrconv'
observe 'addrconv is built'                   exits host 0

run host './addrconv 192.168.1.100'
observe 'four bytes, the most significant first' prints host 'network order +c0 a8 01 64$'
observe 'one number, hexadecimal and decimal' prints host 'host order +0xc0a80164 = 3232235876$'
observe 'and the text again'                  exits host 0 'text +192\.168\.1\.100$'

run host './addrconv 127.0.0.1'
observe 'localhost in bytes'                  prints host 'network order +7f 00 00 01$'
observe 'localhost as a number'               prints host 'host order +0x7f000001 = 2130706433$'
observe 'and the text again'                  prints host 'text +127\.0\.0\.1$'

run host './addrconv 256.0.0.1'
observe '256 does not fit into a byte'        exits host 1 '^addrconv: 256\.0\.0\.1: not an IPv4 address$'

run host './addrconv abrakadabra'
observe 'a word is no address'                exits host 1 '^addrconv: abrakadabra: not an IPv4 address$'

run host './addrconv 127.1 010.0.0.1 10.0.0.1'
observe 'neither short forms'                 prints host '^addrconv: 127\.1: not'
observe 'nor leading zeros'                   prints host '^addrconv: 010\.0\.0\.1: not'
observe 'the rest is still converted'         prints host 'network order +0a 00 00 01$'
observe 'and the status tells of the others'  exits host 1
quietly ip address add 10.9.9.9/32 dev lo   # or getent, on a host without an address, says nothing
octal() { seen=$(getent ahostsv4 010.0.0.1); [[ $seen == 8.0.0.1[[:blank:]]* ]]; }
observe 'to getent, 010 is octal'             octal
