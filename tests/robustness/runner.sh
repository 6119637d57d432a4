#!/usr/bin/env bash
# The test runner itself: it works wherever a student's shell happens to be, and does not take silence for success.
. "$(dirname "$0")/../lib.sh"

mkdir $lab/shim
shim() { printf '#!/bin/bash\n%s\n' "$2" > "$lab/shim/$1"; chmod 755 $lab/shim $lab/shim/*; }
typed() {  # COMMAND: in a shell that finds the shims first; $out is what it prints
  out=$(PATH=$lab/shim:$PATH bash -c "$1" 2>&1 < /dev/null); status=$?
  seen="exit status $status"$'\n'$out
}
one_passed() { typed "$1"; [ "$status|${out##*$'\n'}" = '0|1 passed, 0 failed, 0 skipped' ]; }

say 'Where a script may find itself'
observe 'files that only their owner may read'          one_passed 'umask 077; tests/run converting-addresses'
observe 'SIGINT ignored: Ctrl-C ends a server still'    one_passed 'trap "" INT QUIT; tests/run bound-to-one-address'
# Signals 1 to 28. (GNU make leaves 32 and 33 ignored, which the C library keeps to itself.)
printf '. tests/enter.sh; enter 10; exec grep -qx "SigIgn:.*0000000" /proc/self/status\n' > tests/robustness/signals.sh
observe 'no signal that is ignored outside is inside'   one_passed 'trap "" HUP INT QUIT TERM PIPE USR1; tests/run signals'
mkdir -p $lab/elsewhere/tests/exercises
observe 'CDPATH leads to another directory tests'       one_passed "CDPATH=$lab/elsewhere tests/run converting-addresses"
typed "CDPATH=$lab/elsewhere tests/exercises/run no-such-exercise; CDPATH=$lab/elsewhere tests/exercises/run networks"
observe 'and tests/exercises'                           [ "$(grep -c 'no exercise is called' <<< "$out")" = 1 ]
typed "CDPATH=$lab/elsewhere tests/stage nothing"
observe 'and the stage finds tests, too'                [ "$(grep -c 'no test is called nothing' <<< "$out")" = 1 ]
shim sudo 'echo through sudo'
for hidden in /sys/firmware /proc/fs; do   # as containers hide them: in a user namespace none of the two can be mounted
  hide="unshare --mount bash -c 'mount -t tmpfs tmpfs $hidden && \"\$@\"' - ${ordinary_user[*]}"
  typed "$hide tests/addresses/converting-addresses.sh"
  observe "$hidden is hidden: a skip, with the reason"  [ "$status|$(grep -c '^SKIP: .*(a part of /proc or /sys is hidden' <<< "$out")" = '77|1' ]
  typed "$hide tests/run converting-addresses; $hide tests/exercises/run networks"
  observe 'unless there is sudo'                        [ "$(grep -c '^through sudo$' <<< "$out")" = 2 ]
done
rm $lab/shim/sudo
typed "unshare --mount --pid --fork bash -c 'mount -t proc -o hidepid=2 proc /proc && \"\$@\"; exit' - ${ordinary_user[*]} tests/addresses/converting-addresses.sh"
observe 'others'"'"' processes are hidden: not a word'      [ "$status|$(head -n 1 <<< "$out")" = '0|=== Converting addresses ===' ]
for variable in LAB_INSIDE INJECT_INSIDE BENCH_INSIDE; do
  typed "$variable=1 tests/addresses/converting-addresses.sh"
  observe "$variable decides nothing"                   [ "$status|$(mountpoint -q /run && [ -d $lab/work ] && echo whole)" = '0|whole' ]
done

say 'What is no success'
as_root=(); [ "$(id -u)" = 0 ] || as_root=("$(command -v unshare)" --user --map-root-user)   # who does not try sudo
shim unshare 'exit 1'
typed "${as_root[*]} make check TESTS='loopback truncation'"
observe 'nothing could be run: so it says'              grep -q '^tests/run: nothing could be run' <<< "$out"
observe 'and fails'                                     [ "$status|$(grep -c '^0 passed, 0 failed, 2 skipped$' <<< "$out")" = '2|1' ]
rm $lab/shim/unshare
typed 'LAB_NC=no-such-netcat tests/run loopback'
observe 'a tool is not installed: so it says, once'     [ "$status|$out" = '1|tests/run: not installed: no-such-netcat (see "What it needs" in README.md)' ]
typed 'tests/run converting-addresses >&-'
observe 'no standard output'                            [ "$status|$out" = '1|tests/run: standard output is closed' ]
typed 'tests/run converting-addresses > /dev/full'
observe 'or none that can be written'                   [ "$status" = 1 ]
for code in 125 126 127; do
  printf '#!/bin/bash\nexit %s\n' $code > tests/robustness/stillborn.sh
  typed 'tests/run stillborn'
  observe "a script that ends with $code, without a word"  [ "$status|$(grep -c "it has told nothing\$\|exit status $code is none of the script's" <<< "$out")" = '1|2' ]
done
