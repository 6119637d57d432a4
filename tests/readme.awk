# The README's sections: for each its name, as a link to it has it, the name of its chapter, and its heading, with tabs
# between. Or, with -v section=NAME, the commands in the shell blocks of that section; with -v kind=text besides, the
# lines of its blocks of output (or of any other kind).
BEGIN { if (kind == "") kind = "sh" }
/^ *```/ { block = block != "" ? "" : substr($0, index($0, "```") + 3); next }
block == "" && /^#+ / {
  heading = $0; sub(/^#+ /, "", heading)
  name = tolower(heading); gsub(/[^a-z0-9 -]/, "", name); gsub(/ /, "-", name)
  if (/^##? /) chapter = name
  if (section == "") print name "\t" chapter "\t" heading
}
block == kind && section != "" && name == section {
  if (kind == "sh") { sub(/ +# .*/, ""); sub(/^# .*/, "") }
  if ($0 != "") print
}
