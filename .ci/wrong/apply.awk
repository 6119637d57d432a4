# awk -v title=TITLE -f apply.awk SOLUTIONS SOURCE: the source with one of the solutions applied.
#
# A solution begins with "wrong TITLE => WORDS", of the sentence of the task that refuses it, or with
# "right TITLE". What follows is a diff without line numbers and indentation: lines that stay, "-"
# lines that go, "+" lines that come. Other lines stand between its pieces. Each piece is found once.
function bare(text) { gsub(/^[ \t]+/, "", text); return text }
function flush(  at, i, found) {
  if (!olds && !added) return
  for (at = 1; at + olds - 1 <= lines; ++at) {
    for (i = 1; i <= olds && bare(line[at + i - 1]) == old[i]; ++i);
    if (i > olds) { ++found; start = at }
  }
  if (found != 1) {
    print FILENAME ": found " found + 0 " times: " old[1] > "/dev/stderr"
    exit failed = 1
  }
  for (i = 1; i <= olds; ++i) drop[start + i - 1] = mark[i] == "-"
  for (i in add) before[start + i] = before[start + i] add[i]
  olds = added = 0; delete add
}
FNR == NR { text[++all] = $0; next }
{ line[++lines] = $0 }
END {
  for (n = 1; n <= all; ++n) {
    if (text[n] ~ /^(wrong|right) /) {
      flush()
      on = substr(text[n], 7) == title || index(text[n], " " title " => ") == 6
      known += on
    } else if (!on || text[n] !~ /^[-+ ]/) {
      flush()
    } else if (text[n] ~ /^[+]/) {
      add[olds] = add[olds] substr(text[n], 2) "\n"; added = 1
    } else {
      old[++olds] = bare(substr(text[n], 2)); mark[olds] = substr(text[n], 1, 1)
    }
  }
  flush()
  if (failed || known != 1) exit 1
  for (n = 1; n <= lines + 1; ++n) {
    printf "%s", before[n]
    if (n <= lines && !drop[n]) print line[n]
  }
}
