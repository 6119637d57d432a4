# What tests/ladder draws. A row is a packet or a line of a log: at[], from[], to[], what[].
BEGIN {
  split("10.0.1.2,client 1,10.0.1.1,server,10.0.2.1,server,10.0.2.2,client 2", lab, ",")
  for (i = 1; i < 8; i += 2) name[lab[i]] = lab[i + 1]
  name["client1"] = "client 1"; name["client2"] = "client 2"
  for (i = 32; i < 127; ++i) character[sprintf("%02x", i)] = sprintf("%c", i)
  character["0a"] = "\\n"; character["0d"] = "\\r"
  split("net,host,protocol,port", unreachable, ",")
  name[""] = "?"; protocol[""] = "IP"   # cut off before that
  protocol[1] = "ICMP"; protocol[6] = "TCP"; protocol[17] = "UDP"
}
function host(address) { sub(/:0$/, " ", address); return address in name ? name[address] : address }
function number(hex,  i, n) {
  for (i = 1; i <= length(hex); ++i) n = n * 16 + index("123456789abcdef", substr(hex, i, 1))
  return n + 0
}

# ---- What a packet is

function bytes(n, hex,  i, c, s, cut) {   # and its text, if it is one; of the KV protocol, the words
  if (length(hex) < 2 * n) cut = "..."    # by tcpdump -s
  n = n (n == 1 ? " byte" : " bytes")
  for (i = 1; i < length(hex) && i < 200; i += 2) {
    if (!((c = substr(hex, i, 2)) in character)) return n
    s = s character[c]
  }
  if (s == "") return n
  if (s !~ /^[*$+:-].*\\r\\n/) return n ": \"" s "\"" cut
  gsub(/\$-1\\r\\n/, "nil\\r\\n", s); gsub(/\$[0-9]+\\r\\n/, "", s)
  gsub(/\\r\\n\*[0-9]+\\r\\n/, ", ", s); sub(/^\*[0-9]+\\r\\n/, "", s)
  sub(/\\r\\n$/, "", s); gsub(/\\r\\n/, " ", s)
  return n ": " s cut
}
function tcp(  flags, syn, fin, stream, next_one, size, s) {
  flags = number(substr($20, length($20) - 1)); fin = flags % 2; syn = int(flags / 2) % 2
  if (int(flags / 4) % 2) return "RST"
  stream = $2 $3 "," $4 "," $16 "," $17 "," $19; next_one = next_number[stream]; size = syn + fin + $22
  s = syn ? flags >= 16 ? "SYN ACK" : "SYN" : fin ? "FIN" : $22 ? "" : "ACK"
  if ($22) s = s (s == "" ? "" : ", ") bytes($22, $18)
  if (size && $21 < next_one) s = "again: " s
  if ($21 == next_one - 1 && !syn && !fin && $22 < 2) s = "probe"   # of the peer, or its window
  if ($21 + size > next_one) next_number[stream] = $21 + size
  return s ($23 ? "" : ", window 0")
}
function udp() {   # of time_protocol.h, if it looks like that
  if ($15 !~ /^54494d450000000[12]/ || length($15) != 48) return bytes($14 - 8, $15)
  return (substr($15, 16, 1) == 1 ? "request " : "reply ") number(substr($15, 17, 8))
}
function icmp() {
  if ($8 == 8 || $8 == 0) return ($8 ? "echo request " : "echo reply ") $10
  if ($8 == 3 && $9 == 4) return "ICMP: too big, mtu " $11
  if ($8 == 3 && $9 < 4) return "ICMP: " unreachable[$9 + 1] " unreachable"
  return $8 == 11 ? "ICMP: time exceeded" : "ICMP: type " $8 ", code " $9
}
function transport() {   # Is its header there? tshark has the whole of a fragmented packet in the last fragment.
  if ($24 == 1 && $9 != "") return icmp()
  if ($24 == 6 && $23 != "") return tcp()
  if ($24 == 17 && $14 != "") return udp()
  if ($26 >= $25 && $24 ~ /^(1|6|17)$/) return "a fragment"
  return ($24 in protocol ? protocol[$24] : "IP protocol " $24) ($26 < $25 ? ", cut off" : "")
}
function port_of(datagram, segment) {   # not of what is in a tunnel; of ICMP, in what it quotes
  return $24 !~ /^(1|6|17)$/ ? 0 : ($24 == 6 || datagram == "" ? segment : datagram) + 0
}

# ---- Reading

function seconds(clock) { return substr(clock, 1, 2) * 3600 + substr(clock, 4, 2) * 60 + substr(clock, 7, 9) }
function insert(time, source, target, label,  i) {   # behind all rows that are not later
  ++rows; at[rows] = time + 0; from[rows] = source; to[rows] = target; what[rows] = label
  for (i = rows; i > 1 && at[order[i - 1]] > time; --i) order[i] = order[i - 1]
  order[i] = rows
}
function end_point(address, port,  h) {   # for the heads of the columns
  h = host(address)
  if (!(h in its_address)) its_address[h] = address
  if (its_address[h] != address) its_address[h] = ""   # it has several
  if (port && !((h, port) in known)) { known[h, port]; ++ports[h]; its_port[h] = port }
}
# A packet, with the fields in the order in which tests/ladder asks for them.
host_of_log == "" {
  if ($24 == "" && $5 != "") insert($1, host($6), host($7), $5 == 1 ? "who has " $7 "?" : "I have " $6)
  else {
    source = $2; target = $3; here = port_of($12, $16); there = port_of($13, $17)
    if (source != "" && source == target) {   # the loopback: a server has the lower port; ICMP quotes what it answers
      if ($8 == "" ? here >= there : $8 == 8) target = target ":" there
      else source = source ":" ($8 == "" ? here : there)
    }
    if ($24 == 1) here = there = 0
    end_point(source, here); end_point(target, there)
    insert($1, host(source), host(target), transport()); source_of[rows] = source; target_of[rows] = target
    whole[rows] = $4 % 64 == 0 || $4 == 255   # its time to live: it has met no router yet
    client_port[rows] = here > there ? here : there
  }
  packets = rows
  next
}
# A line of a log.
/^[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]+ / {
  time = int(at[1]) + seconds($0) - seconds(clock)
  for (i = 1; i <= packets; ++i) {   # its day is that of the nearest packet
    away = (time - at[i]) % 86400; away -= 86400 * int(away / 43200)
    if (i == 1 || away * away < nearest * nearest) { nearest = away; day = i }
  }
  time = at[day] + nearest
  if (time < at[1] || time > at[packets] + 1) next
  drawn[FILENAME]
  label = substr($0, index($0, " ") + 1); who = ""
  if (match(label, /^[0-9.]+:[0-9]+ /)) {
    who = host(substr(label, 1, index(label, ":") - 1)); label = substr(label, RLENGTH + 1)
    if (!(who in peers)) { peers[who]; ++peers_count }
  }
  insert(time, host(host_of_log), host(host_of_log), label)
  peer[rows] = who
}

# ---- Drawing

function put(row, column, text) {
  row = sprintf("%-79s", row)
  return substr(row, 1, column - 1) text substr(row, column + length(text))
}
function bars(row, mark,  i) {
  for (i = 1; i <= hosts; ++i) row = put(row, place[i], mark)
  return row
}
function draw(row) { row = substr(row, 1, 79); sub(/ +$/, "", row); print row }
function arrow(row, a, b, label,  room, line) {
  room = (a < b ? b - a : a - b) - 1
  if (room < 30) sub(/[0-9]+ bytes?: |ICMP: /, "", label)
  if (length(label) > room - 6) label = substr(label, 1, room - 9) "..."
  line = sprintf("%" (room - length(label) - 5) "s", ""); gsub(/ /, "-", line)
  if (a < b) return put(row, a + 1, "-- " label " " line ">")
  return put(row, b + 1, "<" line " " label " --")
}
function add(h) { if (!(h in number_of)) { head[++hosts] = h; number_of[h] = hosts } }
END {
  for (i = 3; i < ARGC; i += 2) if (!(ARGV[i] in drawn))
    print "ladder: " ARGV[i] ": no line begins with a time of day of these packets" > "/dev/stderr"
  # What the clients send each other goes through the router. Is it seen on both sides?
  for (i = 1; i <= rows; ++i)
    if (i in whole && (from[i] to[i]) ~ /^client .client .$/) { side[i] = whole[i]; sides[side[i]] }
  if (routed || (0 in sides && 1 in sides))
    for (i in side) { if (side[i]) to[i] = "server"; else from[i] = "server" }
  for (i = 1; i <= rows; ++i) { seen[from[i]]; seen[to[i]] }
  for (h in seen) ++count
  if (count > 5) { print "ladder: " count " hosts, too many: see -Y" > "/dev/stderr"; exit 1 }
  for (i = 2; i <= 8 && count > 2; i += 2) if (lab[i] in seen) add(lab[i])   # as in the diagram
  for (i = 1; i <= rows; ++i) { add(from[order[i]]); add(to[order[i]]) }
  for (i = 1; i <= hosts; ++i) {
    h = head[i]; place[i] = 11 + (i - 1) * int(hosts < 3 ? 42 : 80 / hosts - 1)
    heads = put(heads, place[i], h == "server" && !(h in its_address) ? "router" : h)
    below = h ~ /^[0-9]/ ? "" : its_address[h]
    if (ports[h] == 1 && h !~ /:/) below = below ":" its_port[h]
    addresses = put(addresses, place[i], below)
  }
  draw(heads); draw(addresses)

  for (i = 1; i <= rows; ++i) {   # what has come three times is left out, but the last two
    kind = from[order[i]] to[order[i]] what[order[i]]; gsub(/[0-9]+/, "N", kind)
    repeated[i] = !all && kind !~ /again|probe|window|SYN|FIN|RST/ && ++times[kind] > 3
  }
  for (i = 1; i <= rows; ++i) {
    k = order[i]; gap = i > 1 ? at[k] - at[order[i - 1]] : 0; text = what[k]
    if (repeated[i] && repeated[i + 1] && repeated[i + 2]) { ++left_out; continue }
    if (left_out) draw(put(bars("", ":"), 14, "... " left_out " more"))
    else if (gap >= 0.1) draw(bars(gap < 1e4 ? sprintf("%+7.2f s", gap) : sprintf("%+7.2f h", gap / 3600), ":"))
    left_out = 0
    if (peer[k] != "" && (peers_count > 1 || !(peer[k] in seen))) text = peer[k] ": " text
    if (client_port[k] && hosts < 4 && (ports[from[k]] > 1 || ports[to[k]] > 1))
      text = text " (:" client_port[k] ")"
    if (hosts == 2 && source_of[k] && its_address[from[k]] == "") text = text ", from " source_of[k]
    if (hosts == 2 && target_of[k] && its_address[to[k]] == "") text = text ", to " target_of[k]
    row = bars(sprintf("%09.6f", at[k] % 60), "|")
    a = place[number_of[from[k]]]; b = place[number_of[to[k]]]
    if (a != b) draw(arrow(row, a, b, text))
    else draw(text ~ /^X / ? put(bars("", "|"), a, text) : put(row, a + 2, text))   # X: the end of a program
  }
}
