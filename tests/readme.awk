# The README's sections: for each its name, as a link to it has it, the name of its chapter, and its heading, with tabs
# between. Or, with -v section=NAME, the commands in the shell blocks of that section; with -v kind=text besides, the
# lines of its blocks of output (or of any other kind). A command that goes on behind a \ is made one line.
#
# With -v words=1, instead, its question and its sentence to remember, a line each.
#
# With -v terminals=1 there is, before each command, the role of the terminal that the comment behind it names (- for
# none), and behind it what else the comment says, with tabs between; with -v titled=1, the section's heading before all.
# With -v quiet=1 nothing is printed: page.awk does.
BEGIN { if (kind == "") kind = "sh" }
/^ *```/ { block = block != "" ? "" : substr($0, index($0, "```") + 3); next }
block == "" && /^#+ / {
  heading = $0; sub(/^#+ /, "", heading)
  name = tolower(heading); gsub(/[^a-z0-9 -]/, "", name); gsub(/ /, "-", name)
  if (/^##? /) chapter = name
  if (section == "" || titled && name == section) print name "\t" chapter "\t" heading
}
words && name == section && block == "" {
  gsub(/^> |[*`]/, ""); gsub(/\]\([^)]*\)/, ""); gsub(/\[/, "")
  if (/^(Question|Remember): /) sentence = $0
  else if (sentence != "" && NF) sentence = sentence " " $0
  else if (sentence != "") { print sentence; sentence = "" }
}
END { if (sentence != "") print sentence }
block == "sh" && section != "" && name == section {
  if (begun != "") sub(/^ +/, "")
  if (sub(/ *\\$/, "")) { begun = begun $0 " "; next }
  $0 = begun $0; begun = ""
  terminal = match($0, / +# /) ? substr($0, RSTART + RLENGTH) : ""
  sub(/ +# .*/, ""); sub(/^# .*/, "")
  note = terminal; sub(/[,:].*/, "", terminal)
  if (terminal ~ /^(server|client [12]|wire|look [12])$/) note = substr(note, length(terminal) + 3)
  else terminal = "-"
  command = $0
  role = terminal; sub(/ /, "", role)
  if (terminals && $0 != "") $0 = role "\t" $0 "\t" note
}
block == kind && section != "" && name == section && $0 != "" && !quiet && !words
