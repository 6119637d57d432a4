#!/usr/bin/env bash
# The test runner itself: it works wherever a student's shell happens to be, and does not take silence for success.
. "$(dirname "$0")/../lib.sh"

mkdir $lab/shim
shim() { printf '#!/bin/bash\n%s\n' "$2" > "$lab/shim/$1"; chmod 755 $lab/shim $lab/shim/*; }
typed() {  # COMMAND: in a shell that finds the shims first; $out is what it prints, without colours
  out=$(unset LAB_COLOUR; PATH=$lab/shim:$PATH bash -c "$1" 2>&1 < /dev/null); status=$?
  seen="exit status $status"$'\n'$out
}
one_passed() { typed "$1"; [ "$status|${out##*$'\n'}" = '0|1 passed, 0 failed, 0 skipped' ]; }

# One that a user's command reads files in, and in which Ctrl-C ends another.
install -m 755 /dev/stdin tests/robustness/short.sh << 'SCRIPT'
#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
run     host    './addrconv 10.0.0.1'
observe 'its files can be read'                         exits host 0
start   server  'sudo sleep 1000'
interrupt server
observe 'Ctrl-C ends it'                                exits server 130
SCRIPT

say 'Where a script may find itself'
observe 'files that only their owner may read'          one_passed 'umask 077; tests/run short'
observe 'SIGINT ignored: Ctrl-C ends a program still'   one_passed 'trap "" INT QUIT; tests/run short'
# Signals 1 to 28. (GNU make leaves 32 and 33 ignored, which the C library keeps to itself.)
printf '. tests/enter.sh; enter 10; exec grep -qx "SigIgn:.*0000000" /proc/self/status\n' > tests/robustness/signals.sh
observe 'no signal that is ignored outside is inside'   one_passed 'trap "" HUP INT QUIT TERM PIPE USR1; tests/run signals'
mkdir -p $lab/elsewhere/tests/exercises
observe 'CDPATH leads to another directory tests'       one_passed "CDPATH=$lab/elsewhere tests/run short"
typed "CDPATH=$lab/elsewhere tests/exercises/run --list"
observe 'and tests/exercises'                           grep -qx 'networks' <<< "$out"
typed "CDPATH=$lab/elsewhere tests/stage nothing"
observe 'and the stage finds tests, too'                grep -q 'no test is called nothing' <<< "$out"
for hidden in /sys/firmware /proc/fs; do   # as containers hide them: in a user namespace none of the two can be mounted
  hide="unshare --mount bash -c 'mount -t tmpfs tmpfs $hidden && \"\$@\"' - ${ordinary_user[*]}"
  typed "$hide tests/robustness/short.sh"
  observe "$hidden is hidden: a skip, with the reason"  [ "$status|$(grep -c '^SKIP: .*(a part of /proc or /sys is hidden' <<< "$out")" = '77|1' ]
done
shim sudo 'echo through sudo'
typed "$hide tests/run short; $hide tests/exercises/run networks"
observe 'unless there is sudo'                          [ "$(grep -c '^through sudo$' <<< "$out")" = 2 ]
rm $lab/shim/sudo
typed "unshare --mount --pid --fork bash -c 'mount -t proc -o hidepid=2 proc /proc && \"\$@\"; exit' - ${ordinary_user[*]} tests/robustness/short.sh"
observe 'others'"'"' processes are hidden: not a word'      [ "$status|${out%%$'\n'*}" = '0|=== short ===' ]

say 'What is no success'
as_root=(); [ "$(id -u)" = 0 ] || as_root=("$(command -v unshare)" --user --map-root-user)   # who does not try sudo
shim unshare 'exit 1'
typed "${as_root[*]} make check TESTS='loopback truncation'"
observe 'nothing could be run: so it says'              grep -q '^tests/run: nothing could be run' <<< "$out"
observe 'and fails'                                     [ "$status|$(grep -c '^0 passed, 0 failed, 2 skipped$' <<< "$out")" = '2|1' ]
rm $lab/shim/unshare
typed 'LAB_NC=no-such-netcat tests/run loopback'
observe 'a tool is not installed: so it says, once'     [ "$status|$out" = '1|tests/run: not installed: no-such-netcat (see "What it needs" in README.md)' ]
typed 'tests/run short >&-'
observe 'no standard output'                            [ "$status|$out" = '1|tests/run: standard output is closed' ]
typed 'tests/run short > /dev/full'
observe 'or none that can be written'                   [ "$status" = 1 ]
for code in 125 126 127; do
  printf '#!/bin/bash\nexit %s\n' $code > tests/robustness/stillborn.sh
  typed 'tests/run stillborn'
  observe "a script that ends with $code, without a word"  [ "$status|$(grep -c "it has told nothing\$\|exit status $code is none of the script's" <<< "$out")" = '1|2' ]
done
