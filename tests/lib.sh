# shellcheck shell=bash source=/dev/null disable=SC2004   # not with all it sources: lint would take twice as long
# The verbs in which the test scripts are written. Source it first: it moves the script into namespaces of
# its own, and what follows reads like the experiment that it is. For example:
#
#   lab_up
#   start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
#   capture wire    ns_server veth_srv_c1
#   run     client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080'
#   observe 'client 1 loses nothing'   last_line client1 '^10 sent, 10 received, 0% lost$'
#   end_capture wire
#   observe 'ten requests on the wire' packets wire 'udp.dstport == 8080' -eq 10
#
# A command is written as the README prints it. With `sudo` in it, it runs with all capabilities, which is
# what root has in a namespace; without, it runs with none, like an ordinary user's. ROLE is whose terminal
# it is typed in: host, server, client1, client2, wire (who watches the wire), or another one's.
#
# The verbs:  lab_up, quietly COMMAND    what the reader does not type; a failure ends the script
#             start, run                 commands in terminals; type_line, end_input (C-d), interrupt (C-c)
#             ready, finish              wait until a command has printed something, or ended; start and type_line
#                                        do so for a [REGEX] behind the rest
#             observe SENTENCE CHECK     waits for the check, $patience seconds; a [ ] is looked at once
#             checks                     exits, prints, never_prints, last_line, stamped, clean, sockets, lab_is_whole,
#                                        no_namespaces, total
#             capture, end_capture       records packets; then they can be counted, timed and drawn (captures.sh)
#             at HOST COMMAND            a look into a host, without a word in the story
#             say TITLE                  begins a part (narration.sh)
#             at_last CHECK              observes for ten times as long: the kernel's own timers
#             stays CHECK                holds, and goes on to hold for half a second: what must not happen
#             stopwatch, elapsed         $took milliseconds; $slack: by how much that may be late
#             need_netem, skip WHY       what the script cannot do without
#
# When the script ends well, the commands that it ran are held against the shell blocks of the README's
# section of the same name: each of them must have been run, in the README's order.
set -u
shopt -s extglob

name=${0##*/} name=${name%.sh}
began=${EPOCHREALTIME/[.,]/}

# ---- Entering

. "${BASH_SOURCE[0]%/*}/enter.sh"
enter "${LAB_LIMIT:-180}"

# The commands run in a directory of their own, a copy of the checkout's files and programs, in the tmpfs on /run.
lab=/run/lab
export HOME=$lab/home TMPDIR=$lab/tmp LC_ALL=C.UTF-8 TERM=xterm SHELL=$BASH   # no settings of the user's, nothing left in /tmp
mkdir -p $lab/work $lab/bin $HOME $TMPDIR && mkfifo $lab/keyboard.{1..40} || exit 1
binaries=()
for source in *.cpp; do [ ! -x "${source%.cpp}" ] || binaries+=("${source%.cpp}"); done
cp -Rp Makefile README.md ./*.h ./*.cpp ./*.sh tests "${binaries[@]}" $lab/work || exit 1
cd $lab/work || exit 1

# An ordinary user has no capabilities. In a user namespace that is all; as root, we become nobody as well.
ordinary_user=(setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all)
if [ $EUID = 0 ]; then
  ordinary_user+=(--reuid 65534 --regid 65534 --clear-groups)
  chown -R 65534:65534 $lab/work $HOME $TMPDIR
fi

# tcpdump, when no terminal reads its lines, is in no hurry: -l and --immediate-mode.
# It stands where a private lab has it, too.
install -D -m 755 /dev/stdin .bin/tcpdump <<< "#!/bin/sh
exec $(command -v tcpdump) -l --immediate-mode \"\$@\""
# LAB_NC names the netcat to be used: nc.openbsd, nc.traditional or ncat.
[ -z "${LAB_NC-}" ] || ln -s "$(command -v "$LAB_NC")" $lab/bin/nc || { echo "SKIP: $LAB_NC is not installed"; exit 77; }
PATH=$lab/bin:$lab/work/.bin:$PATH

. tests/narration.sh

# What to enter has cost tells how fast this machine is. Seconds until a condition counts as never met:
patience=${LAB_PATIENCE:-$((10 + (${EPOCHREALTIME/[.,]/} - began) / 4000))}

fault() {  # TEXT [DETAIL]: the end of the script
  settle
  paint fault "FAULT: $1"; echo
  [ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/    /'
  exit 1
}

skip() { echo "SKIP: $*"; exit 77; }

# ---- Commands in terminals

declare -A pid=() result=() ended_at=() keyboard=()
commands=() roles=()   # as typed, in order, and where
runs=0
exec {nothing}<> <(:)   # a pipe that never has anything to read: a clock to wait on

nap() { read -rt "$1" -u "$nothing" || true; }

# start ROLE COMMAND [REGEX]: types the command in that terminal, once what was typed there before has ended, and leaves
# it running, its keyboard at hand; with REGEX, once it has printed that.
start() {
  local role=$1 command=$2 plain=${2//sudo /} as_user=() fd
  [ -z "${pid[$role]-}" ] || finish "$role"
  settle
  if [ -n "${log_fd[$role]-}" ]; then fd=${log_fd[$role]}; exec {fd}<&-; unset "log_fd[$role]" "waiting[$role]"; fi
  commands+=("$command") roles+=("$role")
  name_terminal "$role" "$command"
  echo; line "$role" '$' "$command"
  step

  # shellcheck disable=SC2034   # narration.sh's, here and below
  log[$role]=$lab/log.$((++runs)) partial[$role]='' result[$role]=''
  # shellcheck disable=SC2034
  stamped[$role]='' moment[$role]=0 burst[$role]=0 shown[$role]=0
  : > "${log[$role]}"
  exec {fd}< "${log[$role]}"; log_fd[$role]=$fd
  [ -e $lab/keyboard.$runs ] || mkfifo $lab/keyboard.$runs
  exec {fd}<> $lab/keyboard.$runs
  [ "$plain" != "$command" ] || as_user=("${ordinary_user[@]}")
  [[ $plain == *[\|\&\;]* ]] || plain="exec $plain"
  painted[$role]=; [[ -z ${place[$role]-} || $plain != *' watch '* ]] || painted[$role]=1
  set -m   # a process group of its own, and no ignored SIGINT: what a terminal gives a command
  (
    for key in "${keyboard[@]}"; do exec {key}>&-; done
    exec < $lab/keyboard.$runs {fd}>&- 77>&-
    exec >> "${log[$role]}" 2>&1
    [ -z "${painted[$role]}" ] || exec >&"${place[$role]}" 2>&1
    exec "${as_user[@]}" bash -c "$plain"
  ) &
  set +m
  pid[$role]=$!
  keyboard[$role]=$fd
  [ $# = 2 ] || ready "$role" "$3"
}

# run ROLE COMMAND: start, and wait for its end.
run() { start "$1" "$2"; close_keyboard "$1"; finish "$1"; }

# ready ROLE REGEX: waits until the command has printed it. A step on the way, not an observation.
ready() {
  within "$patience" prints "$1" "$2" || fault "$1 has not printed '$2'" "$seen"
}

type_line() {  # ROLE LINE [REGEX]: types it; with REGEX, waits until the command has printed that
  settle
  line "$1" '<' "${2:-<Enter>}"
  step
  printf '%s\n' "$2" >> $lab/typed
  printf '%s\n' "$2" >&"${keyboard[$1]}"
  [ $# = 2 ] || ready "$1" "$3"
}
end_input() { settle; line "$1" '^' 'C-d'; step; close_keyboard "$1"; }
close_keyboard() {
  local fd=${keyboard[$1]-}
  [ -z "$fd" ] || exec {fd}>&-
  unset "keyboard[$1]"
}

# interrupt ROLE [SIGNAL]: C-c, or another signal.
interrupt() {
  settle
  line "$1" '^' "${2:-C-c}"
  step
  kill -s "${2:-INT}" -- "-${pid[$1]}" || fault "$1 has ended already"
  finish "$1"
}

# finish ROLE...: waits for the ends of their commands; the exit status is then in ${result[ROLE]}.
finish() {
  local role
  for role; do
    within $((12 * patience)) ended "$role" ||
      fault "$role does not end" "$(grep -E '^(Name|State|Pid|PPid):' "/proc/${pid[$role]}/status")"
    close_keyboard "$role"
  done
}

# A process that has ended exists until bash has waited for it, and bash, should a SIGCHLD escape it, does so only when
# the next one comes: so a zombie counts as ended, too (proc_pid_stat(5)).
ended() {
  local stat
  [ -n "${result[$1]}" ] && return 0
  if { read -r stat < "/proc/${pid[$1]}/stat"; } 2>/dev/null && [[ ${stat##*\)} != ' Z'* ]]; then return 1; fi
  wait "${pid[$1]}" 2>/dev/null
  # shellcheck disable=SC2034
  result[$1]=$? ended_at[$1]=$EPOCHREALTIME
  pid[$1]=
}

# at HOST COMMAND...: quietly runs it in that host's namespace; "host" is the machine itself.
at() { if [ "$1" = host ]; then "${@:2}"; else ip netns exec "$@"; fi 2>> $lab/quiet; }

# quietly COMMAND...: a step that the reader does not type.
quietly() { stirred=1; "$@" > $lab/quiet 2>&1 || fault "$*" "$(cat $lab/quiet)"; }
lab_up() { quietly ./two_clients.sh up; }
# compile PROGRAM SOURCE...: with the reader's compiler, which may be of several words: ccache g++
compile() { quietly sh -c "${CXX:-g++} -std=c++20 -I. -o \"\$@\"" - "$@"; }

# ---- Observations

# within SECONDS CHECK...: waits until the check holds. A check that returns 3 can hold no more. One that has waited for
# long can wait a little longer: it looks less and less often, as looking may take a process or two.
within() {
  local begin=${EPOCHREALTIME/[.,]/} limit=$1 waited pause; shift
  while :; do
    alive
    "$@"
    case $? in 0) pump; return 0 ;; 3) pump; return 1 ;; esac
    pump
    waited=$((${EPOCHREALTIME/[.,]/} - begin))
    [ $waited -lt $((limit * 1000000)) ] || return 1
    pause=$((waited < 80000 ? 20000 : waited > 800000 ? 200000 : waited / 4))
    printf -v pause 0.%06d $pause
    # shellcheck disable=SC2034
    stirred=1
    nap "$pause"
  done
}

# observe SENTENCE CHECK...: what the README says, and what shows it. Leaves what the check saw in $seen.
observe() {
  local sentence=$1 limit=$patience proof=; shift
  seen=
  [ "$1" != '[' ] || limit=0   # its words were put in when we were called: they will not change
  within "$limit" "$@" || fault "not seen: $sentence" "the check: $*
${seen:+it saw:
$seen}"
  settle
  put seen '  => ' "$sentence"
  [ -z "$brief" ] || evidence "$@"
}
# What has shown it, if that is not on the screen already: a packet, a socket, a line or a status. A check of a script's
# own that has such a thing leaves it in $proof.
evidence() {
  local text=$proof
  case $1 in
    at_last | stays) evidence "${@:2}"; return ;;
    exits) [ "$3" = 0 ] || [[ $sentence == *"exit status $3"* ]] || text=$seen
      [ "$3" -le 128 ] || text+=": SIG$(kill -l "$3")" ;;
    sockets) local how=-E; [[ $3 != *i* ]] || how=-oE   # of a long line, what matters
      [ "${5-1}" = 0 ] || text="ss: $(grep $how -m 1 -- "$4" <<< "$seen")" ;;
    packets) [ "${frame:-0}" = 0 ] || {
      text=$(tcpdump -n -r "$lab/$2.pcap" 2> /dev/null | sed -n "${frame}p"); shorten
      [ "$seen" = '1 packet' ] || text="$seen: $text"; } ;;
    doubling) text="gaps: ${seen% } s" ;;
    span) text="after $seen" ;;
  esac
  text=${text%%$'\n'*}; text=${text//+([[:blank:]])/ }; shorten
  [ -z "$text" ] || put dim '     ' "${text% }"
}

# at_last CHECK...: for what has to wait for a timer of the kernel's: ten times as long.
at_last() { within $((10 * patience)) "$@"; }

# stays CHECK...: it holds now, and for half a second.
stays() {
  local begin=${EPOCHREALTIME/[.,]/}
  while "$@"; do
    [ $((${EPOCHREALTIME/[.,]/} - begin)) -lt 500000 ] || return 0
    nap 0.05
  done
  return 3
}

# Between `stopwatch` and `elapsed` went by $took milliseconds. Begin before the event: nothing is early, and all may be
# late, by up to $slack, and on a slow machine more. What packets can tell, `span` tells better.
# shellcheck disable=SC2034   # for the scripts
slack=$((300 * patience))
stopwatch() { began=${EPOCHREALTIME/[.,]/}; }
# shellcheck disable=SC2034
elapsed() { took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000)); }

# The checks. (Any other command will do as well: observe '...' [ "$a" = "$b" ])

exits() {  # ROLE STATUS [REGEX]: it has ended with STATUS (128 + n: signal n ended it); its last line matches
  ended "$1" || { seen="still running"; return 1; }
  [ $# = 2 ] || last_line "$1" "$3" || return 3
  seen="exit status ${result[$1]}"
  [ "${result[$1]}" = "$2" ] || return 3
}

# prints ROLE REGEX [COUNT]: so many lines (at least one) match of what it has printed until now. A complete line is
# looked at once, and no process is started.
declare -A looked_at=() matched=()
prints() {
  local about="${log[$1]} $2" lines line count
  mapfile -s "${looked_at[$about]-0}" lines < "${log[$1]}"
  count=${matched[$about]-0}
  for line in "${lines[@]}"; do
    [[ ! ${line%$'\n'} =~ $2 ]] || ((++count))
    [[ $line != *$'\n' ]] || looked_at[$about]=$((${looked_at[$about]-0} + 1)) matched[$about]=$count
  done
  if [ $# = 3 ]; then [ "$count" = "$3" ]; else [ "$count" != 0 ]; fi || { seen=$(< "${log[$1]}"); false; }
}
never_prints() {  # ROLE REGEX: it has ended, and no line of it matches
  ended "$1" || { seen='still running'; return 1; }
  prints "$@" 0 || return 3
}
last_line() {  # ROLE REGEX
  local lines; mapfile -t lines < "${log[$1]}"
  [ ${#lines[@]} != 0 ] && seen=${lines[-1]} && [[ $seen =~ $2 ]]
}
stamped() {  # ROLE: each line of its log begins with the time of day (but a prompt)
  seen=$(grep -vE '^(([01][0-9]|2[0-3])(:[0-5][0-9]){2}\.[0-9]{6}|next:) ' "${log[$1]}"); [ -z "$seen" ]
}
total() {  # ROLE BYTES: its byte_sink has read so many in all
  seen=$(awk '/ recv\(\) = / { total += $4 } END { print total }' "${log[$1]}") proof=$seen; [ "$seen" = "$2" ]
}
clean() { seen=$(LC_ALL=C grep '[^[:print:]]' "${log[$1]}" | cat -v); [ -z "$seen" ]; }   # ROLE: no escape sequence

sockets() {  # HOST SS-OPTIONS REGEX [COUNT]: so many lines of ss (at least one) match
  local inside=(ip netns exec "$1"); [ "$1" != host ] || inside=()
  seen=$(exec "${inside[@]}" ss -H "$2" 2>> $lab/quiet) || return 3
  lines "${@:3}"
}
lines() {  # REGEX [COUNT]: so many lines of $seen (at least one) match
  local line count=0
  while IFS= read -r line; do [[ ! $line =~ $1 ]] || ((++count)); done <<< "$seen"
  if [ $# = 2 ]; then [ $count = "$2" ]; else [ $count != 0 ]; fi
}

lab_is_whole() { seen=$(./two_clients.sh status); }   # as `up` made it: nothing is left of an experiment
no_namespaces() { seen=$(ip netns list) || return 3; [ -z "$seen" ]; }

. tests/captures.sh

# ---- What the script needs, and its end

need_netem() {
  tc qdisc add dev lo root netem delay 0ms 2> $lab/quiet || skip "this kernel has no netem ($(head -n 1 $lab/quiet))"
  tc qdisc del dev lo root
}

compare_with_readme() {
  local line terminal command next=0
  for line in "${section[@]:1}"; do
    IFS=$'\t' read -r terminal command _ <<< "$line"
    while [ "$next" -lt ${#commands[@]} ] && [ "${commands[next]}" != "$command" ]; do ((++next)); done
    [ "$next" -lt ${#commands[@]} ] ||
      fault "the README's section '$name' has a command that this test did not run, or not in that order" "$command"
    [ "$terminal" = - ] || [ "$terminal" = "${roles[next]}" ] ||
      fault "the README's section '$name' has a command in another terminal than this test" \
        "$terminal, not ${roles[next]}: $command"
    ((++next))
  done

  # Its blocks of output: printed by what ran here, or typed. Other programs' words, and so these blocks, change with
  # the distribution: LAB_STRICT says that this is the one that the README was written on.
  [ -n "${LAB_STRICT-}" ] || return 0
  awk -f tests/readme.awk -v section="$name" -v kind=text README.md > $lab/claims
  seen=$(cat $lab/typed $lab/log.* 2>/dev/null | awk -f tests/output.awk - $lab/claims)
  [ -z "$seen" ] || fault "the README's section '$name' shows lines that nothing printed here" "$seen"
}

conclude() {
  local status=$?
  [ $status != 0 ] || compare_with_readme
  [ $status != 143 ] || { paint fault "FAULT: it has shown no sign of life for ${LAB_LIMIT:-180} seconds"; echo; }
  settle
  [ $status != 0 ] || end_story "${words[1]-}"
}
trap conclude EXIT
trap 'exit 143' TERM

# A verb that does not exist would otherwise be passed over. (bash calls the handler in a process of its own.)
trap 'fault "a command of this script does not exist (the line above)"' USR1
command_not_found_handle() { echo "$0: $1: command not found"; kill -s USR1 $$; return 127; }

# The README's section of this name: its heading, and its commands. (A test of no section has its own name only.)
mapfile -t section < <(awk -v section="$name" -v titled=1 -v terminals=1 -f tests/readme.awk README.md)
heading=${section[0]-$name}
[ -z "$brief" ] || mapfile -t words < <(awk -v section="$name" -v words=1 -f tests/readme.awk README.md)
begin_story "${heading##*$'\t'}" "${words[0]-}"
