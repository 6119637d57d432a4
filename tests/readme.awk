# The README's sections: for each its name, as a link to it has it, the name of its chapter, and its heading, with tabs
# between. Or, with -v section=NAME, the commands in the shell blocks of that section.
/^```/ { block = block ? 0 : ($0 == "```sh" ? 2 : 1); next }
!block && /^#+ / {
  heading = $0; sub(/^#+ /, "", heading)
  name = tolower(heading); gsub(/[^a-z0-9 -]/, "", name); gsub(/ /, "-", name)
  if (/^##? /) chapter = name
  if (section == "") print name "\t" chapter "\t" heading
}
block == 2 && section != "" && name == section { sub(/ +# .*/, ""); sub(/^# .*/, ""); if ($0 != "") print }
