# The sentences of the task called `name`, and those of all tasks: each paragraph and each item of a
# list in a line of its own.
function flush() { if (text != "" && on) print text; text = "" }
BEGIN { on = 1 }
/^#/ { flush(); on = $1 == "#" || $2 == name; next }
/^$/ || /^(-|[0-9]+\.) / { flush() }
NF { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
END { flush() }
