# shellcheck shell=bash disable=SC2034,SC2086,SC2154   # what lib.sh has, and uses; $lab has no blanks
# Captures, for packets as evidence: a part of lib.sh, which explains the verbs of the tests.
#
#             capture, end_capture       begin, and end it once all that passed until then is in it. After that:
#             checks                     packets, span, doubling, pictured
#             ladder FILTER NAME...      in a demo, draws what captures hold
#             fields, gaps, time_messages   data
#
# A FILTER is one of tshark's, as in: tcp.dstport == 8085 && tcp.len > 0

declare -A capture_pid=() capture_place=() counted=()

# capture NAME HOST INTERFACE: begins to record what passes there.
capture() {
  : > "$lab/$1.err"
  ip netns exec "$2" tcpdump --immediate-mode -U -s 2048 -B 16384 -i "$3" -w "$lab/$1.pcap" 2>> "$lab/$1.err" &
  capture_pid[$1]=$! capture_place[$1]="$2 $3"
  within "$patience" noted "$1" 'listening on' || fault "no capture on $3" "$(cat "$lab/$1.err")"
}

# end_capture NAME...: ends it, once all that passed until now is in the file. A ping of a size of its own follows to
# mark the end; more than one on a link that may lose it. The cable must be whole by then, and one of two_clients.sh's.
end_capture() {
  local name host interface peer
  [ $# = 1 ] || { for name; do end_capture "$name"; done; return; }
  counted=()
  read -r host interface <<< "${capture_place[$1]}"
  case $interface in
    veth_c1 | veth_c2) peer=10.0.${interface#veth_c}.1 ;;
    veth_srv_*) peer=10.0.${interface#veth_srv_c}.2 ;;
    *) peer=127.0.0.1 ;;
  esac
  within "$patience" marked "$1" "$host" "$peer" || fault "the capture $1 is not complete"
  kill "${capture_pid[$1]}"
  wait "${capture_pid[$1]}"
  noted "$1" $'\n0 packets dropped by kernel' || fault "the capture $1 has lost packets" "$(cat "$lab/$1.err")"
}
noted() { [[ $(< "$lab/$1.err") == *"$2"* ]]; }   # NAME TEXT: tcpdump has said it
marked() {  # NAME HOST PEER
  ip netns exec "$2" ping -q -c 1 -s 23 -W 0.1 "$3" > /dev/null
  [ -n "$(tcpdump -n -r "$lab/$1.pcap" 'icmp[icmptype] == icmp-echo and ip[2:2] == 51' 2>/dev/null)" ]
}

# fields NAME FILTER FIELD...: of an ended capture, the fields of the packets that match, tabs between them.
fields() {
  local file=$lab/$1.pcap filter="($2) && !(icmp && ip.len == 51)" arguments=() field; shift 2
  for field; do arguments+=(-e "$field"); done
  tshark -n -r "$file" -Y "$filter" -T fields "${arguments[@]}" 2> $lab/tshark.err
}

# gaps NAME FILTER: of an ended capture, the seconds between one packet that matches and the next, in a line.
gaps() { fields "$1" "$2" frame.time_relative | awk 'NR > 1 { printf "%.3f ", $1 - last } { last = $1 }'; }

# span NAME FILTER LEAST MOST: so many seconds from the first packet that matches to the last.
span() {
  seen=$(fields "$1" "$2" frame.time_relative | awk -v least="$3" -v most="$4" '
    NR == 1 { first = $1 }
    { took = $1 - first }
    END { printf "%.3f s", took; exit NR < 2 || took < least || took > most }') || return 3
}

# doubling NAME FILTER LEAST: at least so many gaps, and each but the first about twice the one before. (The first ends
# with a probe, RFC 8985.) On a loaded machine a timer is late, up to 0.1 s, and the next begins when it expires.
doubling() {
  seen=$(gaps "$1" "$2")
  awk -v least="$3" '{
    for (i = 3; i <= NF; i++) if ($i < 1.6 * $(i - 1) - 0.1 || $i > 2.5 * $(i - 1) + 0.1) exit 1
    exit NF < least }' <<< "$seen" || return 3
}

# packets NAME FILTER OPERATOR NUMBER: so many packets match, as in: packets wire 'icmp.type == 3' -ge 1
packets() {
  [ -n "${counted[$1 $2]-}" ] || count_packets "$1" "$2"
  local count
  read -r count frame <<< "${counted[$1 $2]}"
  seen="$count packet"; [ "$count" = 1 ] || seen+=s
  test "$count" "$3" "$4" && return
  seen+=" match $2"$'\n'$(tcpdump -n -r "$lab/$1.pcap" 2>/dev/null | tail -n 50)
  return 3
}
# count_packets NAME FILTER: fills counted[NAME FILTER]: how many, and the first one's number. tshark takes longer to begin
# than to look, so all that the script asks of this capture in quotes is asked at once. (A filter has no comma in it.)
count_packets() {
  local filter filters=("$2") text tap=io,stat,0 table row
  text=$(< "$0")
  while [[ $text =~ "packets $1 '"([^\']*)\'(.*) ]]; do filters+=("${BASH_REMATCH[1]}") text=${BASH_REMATCH[2]}; done
  for filter in "${filters[@]}"; do
    filter="($filter) && !(icmp && ip.len == 51)"
    tap+=",$filter,MIN(frame.number)frame.number && $filter"
  done
  table=$(tshark -q -n -r "$lab/$1.pcap" -z "$tap" 2> $lab/tshark.err) || fault "tshark: $2" "$(cat $lab/tshark.err)"
  if [[ $table != *'<>'* ]]; then   # no time passes in it, so tshark counts nothing: not a packet, or a single one
    text=$(fields "$1" "$2" frame.number)
    counted[$1 $2]="$(grep -c . <<< "$text") ${text%%$'\n'*}"
    return
  fi
  IFS='|' read -ra row <<< "${table##*<>}"
  for filter in "${!filters[@]}"; do
    counted[$1 ${filters[filter]}]="${row[1 + 3 * filter]-0} ${row[3 + 3 * filter]-0}"
  done
}

# time_messages NAME: of an ended capture, "request N" or "reply N" for each message of time_protocol.h.
time_messages() {
  local payload payloads kinds=(? request reply)
  payloads=$(fields "$1" 'udp.port == 8080 && !icmp' udp.payload) || fault tshark "$(cat $lab/tshark.err)"
  for payload in $payloads; do
    echo "${kinds[16#${payload:8:8}]} $((16#${payload:16:8}))"
  done
}

# draw FILTER NAME...: the ladder of ended captures, with the logs of the programs that were started last on the hosts.
draw() {
  local name role status files=() logs=()
  for name in "${@:2}"; do files+=("$lab/$name.pcap"); done
  for role in server client1 client2; do
    [[ ${style[$role]-} = "$role" && -n ${log[$role]-} ]] || continue
    cp "${log[$role]}" $lab/$role.log; logs+=("$role=$lab/$role.log")
    status=${result[$role]:-0}   # above 128: a signal has ended it
    [ "$status" -le 128 ] ||
      printf '%(%T)T.%s X SIG%s, status %s\n' "${ended_at[$role]%.*}" "${ended_at[$role]#*.}" "$(kill -l "$status")" "$status" >> $lab/$role.log
  done
  # That a log has no line to draw is nothing to be told here.
  tests/ladder -Y "($1) && !arp && !(icmp && ip.len == 51)" "${files[@]}" "${logs[@]}" 2> $lab/quiet || cat $lab/quiet
}
# ladder FILTER NAME...: in a demo, draws it.
ladder() { [ -z "${LAB_BRIEF-}" ] || { settle; echo; draw "$@"; }; }
# pictured FILTER NAME... < PICTURE: that is the ladder, but for times, clients' ports, repetitions, the lines of logs, and
# what may come or not: bare acknowledgements and gaps in time.
pictured() {
  draw "$@" > $lab/log.picture
  seen=$(sed -E '/^[0-9. ]{10}[|X]/{/--/!d}; /[|<]-+ ACK -/d; /^ *\+[0-9.]+ s /d
    s/^[0-9.]{9} /SS.UUUUUU /; s/:[3-6][0-9]{4}/:PORT /' $lab/log.picture | uniq)
  [ "$seen" = "$(cat)" ] || return 3
}
