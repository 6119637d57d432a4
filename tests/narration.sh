# shellcheck shell=bash
# How lib.sh tells its story: what is typed, what is printed, and in a demo at the pace of those who watch.
#
# None of this starts a process: where that is slow, the story of a hundred datagrams would take longer than they. The
# demo sets LAB_BRIEF, which shows less of what repeats itself and more of what proves a claim, and LAB_WIDTH, the
# terminal's; LAB_VERBOSE asks for whole lines, and all of them.
declare -A colours=([server]='1;36' [client1]='1;32' [client2]='1;35' [wire]=33 [seen]='1;32' [dim]=2 [fault]='1;31' [title]=1)
declare -A log=() log_fd=() partial=()   # by ROLE: the file with its output, a descriptor to read it by, half a line
declare -A label=() style=() waiting=() stamp=() stamped=() moment=() times=() burst=() shown=() cut=()
held=() holders=()   # the lines that are held back, and whose they are
brief=${LAB_BRIEF-} stirred=; [ -z "${LAB_VERBOSE-}" ] || brief=
# A stage has a place for each terminal, and this the rest, the story. LAB_STAGE names them, as ROLE=COLUMNS,DESCRIPTOR; to
# that of "typed" goes the name of a terminal when something is typed there.
declare -A place=() columns=() painted=() fresh=()   # its program paints there itself; something is new there
story_width=${LAB_WIDTH:-100000}
for word in ${LAB_STAGE-}; do
  IFS='=,' read -r role width descriptor <<< "$word"
  columns[$role]=$width place[$role]=$descriptor
done
unset LAB_STAGE
paint() {  # STYLE TEXT
  if [ -n "${LAB_COLOUR-}" ]; then printf '\e[%sm%s\e[0m' "${colours[$1]-0}" "$2"; else printf %s "$2"; fi
}

# name_terminal ROLE COMMAND: its lines begin with the name of the host that the command runs on, or with "wire" for
# tcpdump; a mark tells a second terminal there from the first.
name_terminal() {
  local host=$1
  case "$1 $2" in
    *'netns exec ns_'*' tcpdump '*) host=wire ;;
    *'netns exec ns_client1 '*) host=client1 ;;
    *'netns exec ns_client2 '*) host=client2 ;;
    *'netns exec ns_'* | server?\ *) host=server ;;
    host?\ *) host=host ;;
  esac
  style[$1]=$host label[$1]=${host/client/client }
  [ "$host" = "$1" ] || label[$1]+=\'
  [ -z "${place[$1]-}" ] || label[$1]=${1/%[12]/ ${1: -1}}
}
line() {  # ROLE MARK TEXT: a line of that terminal; on a stage, what is typed is told in the story, too
  local head text=${3//[^[:print:]$'\t']/?} out=${place[$1]-1} LAB_WIDTH=${columns[$1]-${LAB_WIDTH:-100000}}
  [ -n "${label[$1]-}" ] || name_terminal "$1" ''
  printf -v head '%-9s%s ' "${label[$1]}" "$2"
  text=${text//$'\t'/    }
  if [ "$out" != 1 ]; then
    fresh[$1]=1
    if [ "$2" = '|' ]; then head=''
    else
      LAB_WIDTH=$story_width put "${style[$1]}" "$head" "${text//sudo ip netns exec ns_/}"
      head="$2 "
      [ -z "${place[typed]-}" ] || echo "${label[$1]}" >&"${place[typed]}"
    fi
  fi
  [ -z "$brief" ] || [ "$2" != '|' ] || shorten $((LAB_WIDTH - ${#head}))
  put "${style[$1]}" "$head" "$text" >&"$out"
}
put() {  # STYLE HEAD TEXT: in lines that are not wider than the terminal, TEXT indented by HEAD
  local text=$3 room=$((${LAB_WIDTH:-100000} - ${#2})) part
  paint "$1" "$2"
  while [ ${#text} -gt $room ]; do
    part=${text:0:room}; [[ ${text:room:1} == ' ' || $part != *' '* ]] || part=${part% *}
    printf '%s\n%*s' "$part" ${#2} ''
    text=${text:${#part}}; text=${text# }
  done
  printf '%s\n' "$text"
}
# shorten [ROOM]: $text, if it is a line of tcpdump's, to its time, from > to, flags, numbers of the bytes, and how many;
# else to two lines of ROOM columns.
shorten() {
  local flags rest=${text#*: Flags } bytes
  [[ $text != ?('tcpdump: ')'listening on '* ]] || text=${text%%,*}
  if [[ $text != [0-2][0-9]:*' IP '* ]]; then
    [[ $text != [0-2][0-9]:*' ARP, '* ]] || text=${text%, length *}
    [ ${#text} -le $((2 * ${1-100000})) ] || text="${text:0:$((2 * $1 - 12))}..."
    return
  fi
  text=${text/ IP / }
  [[ $text == *': Flags '* ]] || { [ ${#text} -le "${1-70}" ] || text=${text%, length *}; return 0; }
  flags=${rest%%, *} bytes=${rest##*, length }
  [[ $rest != *', win 0,'* || $flags == *R* ]] || flags+=' win 0'
  if [[ $rest =~ ', seq '([0-9]+:[0-9]+) ]]; then flags+=" ${BASH_REMATCH[1]} (${bytes%%[!0-9]*})"
  elif [[ $rest =~ ^'[.]'.*' ack '([0-9]+) ]]; then flags+=" ack ${BASH_REMATCH[1]}"; fi
  text="${text%%: Flags *}: $flags"
}
# pump: shows what the running commands have printed since the last time, in the order of the time of day with which
# lines begin. A line without one goes with the line before it. A demo waits with a line until all that happened before
# has come in: a moment, and where somebody is about to print, longer.
pump() {  # [all]: and does not wait
  local role next now=${EPOCHREALTIME/.} horizon='99:'
  if [ -n "$brief" ] && [ $# = 0 ]; then
    if busy; then ((now -= 1000000)); else ((now -= 20000)); fi
    printf -v horizon '%(%T)T.%06d' $((now / 1000000)) $((now % 1000000))
  fi
  for role in "${!log_fd[@]}"; do [ -n "${waiting[$role]+yes}" ] || next_line "$role"; done
  while :; do
    next=
    for role in "${!waiting[@]}"; do [ -n "$next" ] && [[ ! ${stamp[$role]} < ${stamp[$next]} ]] || next=$role; done
    [ -n "$next" ] && [[ ! ${stamp[$next]} > $horizon ]] || return 0
    tell "$next" "${waiting[$next]}"
    unset "waiting[$next]"
    next_line "$next"
  done
}
# Does one of the processes in here have something to do? This shell does not count.
busy() {
  local stat
  for stat in /proc/[0-9]*/stat; do
    { read -r stat < "$stat"; } 2> /dev/null || continue
    [[ ${stat##*) } != [RD]* || $stat == "$BASHPID "* ]] || return 0
  done
  return 1
}
next_line() {
  local text
  IFS= read -r text <&"${log_fd[$1]}" || { partial[$1]+=$text; return 0; }
  waiting[$1]=${partial[$1]}$text partial[$1]=
  if [[ ${waiting[$1]} == [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9]* ]]; then stamp[$1]=${waiting[$1]:0:15} stamped[$1]=1
  elif [ -z "${stamped[$1]}" ]; then printf -v "stamp[$1]" '%(%T)T.%s' -1 "${EPOCHREALTIME#*.}"; fi
}
# In brief, what has come three times already, and what comes behind 24 lines, is held back until something else is told,
# unless it is among the first of them after a pause; of many the last two are shown.
tell() {  # ROLE TEXT
  local kind=${log[$1]}${2//[0-9]/} time=${stamp[$1]} before=${moment[$1]}
  [ -n "$brief" ] || { line "$1" '|' "$2"; return; }
  case $2 in
    'tcpdump: verbose output'* | *' received by filter' | *' dropped by kernel') return ;;
    *' ICMP echo '*', length 31'*) return ;;   # of end_capture; nobody has typed it
  esac
  moment[$1]=$((10#${time:0:2} * 3600 + 10#${time:3:2} * 60 + 10#${time:6:2}))${time:9:6}
  [ $((10#${moment[$1]} - 10#$before)) -le 100000 ] || burst[$1]=0
  times[$kind]=$((${times[$kind]-0} + 1)) shown[$1]=$((${shown[$1]-0} + 1)) burst[$1]=$((burst[$1] + 1))
  if [[ ${times[$kind]} -le 3 && ${shown[$1]} -le 24 || ${burst[$1]} -le 4 ]]; then
    release
    line "$1" '|' "$2"
  else
    held+=("$2") holders+=("$1") cut[$1]=$((${cut[$1]-0} + 1))
  fi
}
release() {
  local i role
  local -A seen_of=()
  for i in "${!held[@]}"; do
    role=${holders[i]} seen_of[$role]=$((${seen_of[$role]-0} + 1))
    if [ "${cut[$role]}" -le 4 ] || [ $((cut[$role] - seen_of[$role])) -lt 2 ]; then line "$role" '|' "${held[i]}"
    elif [ "${seen_of[$role]}" = 1 ]; then line "$role" '|' "... ($((cut[$role] - 2)) lines more)"; fi
  done
  held=() holders=() cut=()
}
# Before something else is told, all that led to it is. In a demo it gets the time to arrive, if since the last time
# something was done, or waited for ($stirred): a moment for what the kernel delays, and until nobody is busy.
settle() {
  local deadline
  if [ -n "$brief" ] && [ -n "$stirred" ]; then
    nap 0.05
    deadline=$((${EPOCHREALTIME/.} + 1000000))
    while busy && [ ${EPOCHREALTIME/.} -lt $deadline ]; do nap 0.01; done
  fi
  stirred=
  pump all
  release
}
begin_story() {  # HEADING QUESTION
  paint title "=== $1 ==="; echo
  [ -n "$brief" ] && [ -n "$2" ] || return 0
  echo; put title 'Question: ' "${2#*: }"
  step
}
end_story() {  # SENTENCE
  [ -z "$brief" ] || [ -z "$1" ] || { echo; put title 'Remember: ' "${1#*: }"; }
}
say() {
  local role rule
  settle; echo; paint title "# $*"; echo
  for role in "${!fresh[@]}"; do   # ruled off, if something stands there
    [ -z "${painted[$role]-}" ] || continue
    printf -v rule '%*s' "${columns[$role]}" ''
    { paint dim "${rule// /-}"; echo; } >&"${place[$role]}"
  done
  fresh=()
  times=() shown=()   # what came often in the part before is new in this one
}

# In a demo that pauses: waits before the next step, for Enter (LAB_PAUSE=1) or for so many seconds. Enters that were
# typed before do not count.
step() {
  stirred=1
  case ${LAB_PAUSE:-0} in
    0) return 0 ;;
    1) [ -t 0 ] || return 0
      while read -t 0; do read -rst 0.1 || break; done
      paint dim '        (Enter)'
      until read -t 0; do   # is there a line? (read -t 0.2 may have taken it when it finds that its time is up)
        nap 0.1
        printf '\r%15s\r' ''; pump; paint dim '        (Enter)'
      done
      read -rs
      printf '\r%15s\r' '' ;;
    *) nap "$LAB_PAUSE" ;;
  esac
  settle
  stirred=1
}
