# The README's sections: for each its name, as a link to it has it, the name of its chapter, and its heading, with tabs
# between. Or, with -v section=NAME, the commands in the shell blocks of that section; with -v kind=text besides, the
# lines of its blocks of output (or of any other kind); with -v terminals=1, before each command the role of the terminal
# that the comment behind it names, and a tab.
BEGIN { if (kind == "") kind = "sh" }
/^ *```/ { block = block != "" ? "" : substr($0, index($0, "```") + 3); next }
block == "" && /^#+ / {
  heading = $0; sub(/^#+ /, "", heading)
  name = tolower(heading); gsub(/[^a-z0-9 -]/, "", name); gsub(/ /, "-", name)
  if (/^##? /) chapter = name
  if (section == "") print name "\t" chapter "\t" heading
}
block == kind && section != "" && name == section {
  if (kind == "sh") {
    terminal = match($0, / +# /) ? substr($0, RSTART + RLENGTH) : ""
    sub(/ +# .*/, ""); sub(/^# .*/, "")
    if (terminals && $0 != "") {
      sub(/[,:].*/, "", terminal); sub(/ /, "", terminal)
      $0 = (terminal ~ /^(server|client[12]|wire|look[12])$/ ? terminal : "-") "\t" $0
    }
  }
  if ($0 != "") print
}
