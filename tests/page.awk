# A section of the README as a page to be read beside the terminals:
#   awk -v section=NAME -v width=COLUMNS -v quiet=1 -f tests/readme.awk -f tests/page.awk README.md
# Paragraphs, list items, rows of tables and commands are wrapped, other blocks are cut; a command begins with its
# terminal. Answers and hints are left out, as is the heading. Before each line stands the number of the command that it
# shows, or 0, and a tab.
function put(number, line) {
  if (line == "" && (last == "" || !begun_page)) return
  begun_page = 1; last = line
  line = (bold ? BOLD : "") line
  while (sub(/\001/, bold ? PLAIN : BOLD, line)) bold = !bold
  print number "\t" line (bold ? PLAIN : "")
}
function wrap(number, text, hang,    words, n, i, word, line, used) {
  n = split(text, words, " ")
  for (i = 1; i <= n; i++) {
    word = words[i]; gsub(/\001/, "", word)
    if (used && used + 1 + length(word) > width) { put(number, line); line = sprintf("%*s", hang, ""); used = hang }
    else if (used) { line = line " "; used++ }
    line = line words[i]; used += length(word)
  }
  put(number, line)
  bold = 0
}
function flush() { if (text != "") wrap(0, text, hang); text = "" }

BEGIN { BOLD = "\033[1m"; PLAIN = "\033[0m" }
name != section { flush(); next }
/^<details>/ { flush(); folded = 1 }
/^<\/details>/ { folded = 0; next }
folded || (block == "" && /^#/) { next }
block == "sh" {
  flush()
  if (command != "") wrap(++commands, (terminal != "-" ? "\001" terminal "\001 " : "") "$ " command, 4)
  next
}
block != "" { flush(); put(0, substr($0, 1, width)); next }
/^ *$/ { flush(); put(0, ""); next }
/^\|[ |-]*$/ { next }
{
  row = /^\|/
  if (row) { gsub(/^\| | \|$/, ""); gsub(/ \| /, "; ") }
  sub(/^> /, "")
  item = row || match($0, /^ *([0-9]+\.|-) /)
  if (item) flush()
  if (text == "") hang = row ? 4 : item ? RLENGTH : 0
  gsub(/\*\*/, "\001")
  text = text (text == "" ? "" : " ") $0
  while (match(text, /\[[^]]*\]\([^)]*\)/)) {
    link = substr(text, RSTART + 1, RLENGTH); sub(/\].*/, "", link)
    text = substr(text, 1, RSTART - 1) link substr(text, RSTART + RLENGTH)
  }
}
END { flush() }
