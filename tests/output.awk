# awk -f output.awk PRINTED README-LINES: prints the lines of the README's blocks of output that nobody has printed. Both
# are compared without what changes from run to run: times, numbers, blanks between columns. "..." in the README
# stands for anything.
function normal(line,    address, out) {
  sub(/^[ \t]*[0-9.]+:[0-9]+> /, "", line)                            # kv_client's prompt
  if (line ~ /^[ \t]*0x[0-9a-f]+: /) return "hexdump"
  gsub(/[0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]+)?/, "TIME", line)
  while (match(line, /(10\.[0-9]+|127\.0|0\.0)\.[0-9]+\.[0-9]+/)) {    # the lab's addresses stay
    address = substr(line, RSTART, RLENGTH)
    out = out numbers(substr(line, 1, RSTART - 1)) address
    line = substr(line, RSTART + RLENGTH)
  }
  line = out numbers(line)
  gsub(/[ \t\r]+/, " ", line); sub(/^ /, "", line); sub(/ $/, "", line)
  sub(/ ?Process$/, "", line)                                         # of ss, glued to its neighbour or far from it
  return line
}
function numbers(text) { gsub(/[0-9]+(\.[0-9]+)?/, "N", text); return text }

NR == FNR { if ((line = normal($0)) != "") printed[line]; next }
{
  line = normal($0)
  if (line == "" || line == "..." || line in printed) next
  if ((count = split(line, parts, / ?\.\.\. ?/)) > 1) {
    for (candidate in printed) {
      rest = candidate
      for (i = 1; i <= count; i++) {
        at = index(rest, parts[i])
        if (!at && parts[i] != "" || i == 1 && at > 1) break
        rest = substr(rest, at + length(parts[i]))
      }
      if (i > count) next
    }
  }
  print
}
