#!/usr/bin/env bash
# The README and the tests tell the same story. (That each section's test runs the section's commands is seen to by
# that test itself, when it ends.)
. "$(dirname "$0")/../lib.sh"

awk -f tests/readme.awk README.md > $lab/sections   # NAME, CHAPTER, HEADING
while read -r section chapter _; do
  typed=$(awk -v section="$section" -v terminals=1 -f tests/readme.awk README.md)   # TERMINAL, COMMAND, NOTE
  [ -z "$typed" ] || { echo "$typed" >> $lab/commands; echo "tests/$chapter/$section.sh"; }
done < $lab/sections | sort > $lab/needed
there() { printf '%s\n' tests/*/*.sh | grep -vE '^tests/(robustness|bench|exercises)/' | sort; }
names() { cut -f 1 $lab/sections | sort; }
observe 'the README has sections'                           [ "$(names | wc -l)" -gt 10 ]
observe 'no two of the same name'                           [ "$(names | uniq -d)" = '' ]
observe 'each with commands has a test script, and no other' [ "$(there | diff - $lab/needed)" = '' ]
observe 'no two scripts have the same name'                 [ "$(basename -a tests/*/*.sh | sort | uniq -d)" = '' ]

# (A heading's own name, and GitHub's way to make a link of it: the same as ours.)
links() { grep -oE '\]\(#[^)]*\)' README.md | tr -d '])(#' | sort -u; }
observe 'there are links to sections'                       [ "$(links | wc -l)" -gt 5 ]
observe 'each leads to one'                                 [ "$(links | comm -23 - <(names))" = '' ]

# A command that stands in a block of another kind would escape its test.
observe 'shell commands stand in ```sh blocks'              [ "$(grep -E '^ *```.' README.md | grep -vcE '^ *```(cpp|mermaid|sh|text|yaml)$')" = 0 ]
observe 'none of them is written with a prompt'             [ "$(cut -f 2 $lab/commands | grep -c '^[$#]')" = 0 ]

# Each excerpt of a program begins with a comment that names the file, has ten lines at most, and stands there.
excerpts() {  # of each the file's name and the lines, without indentation; then a form feed
  awk '/^ *```/ { if (inside) printf "\f"; inside = first = /```cpp/; next }
    inside { gsub(/^ +| +$/, ""); print first ? $2 : $0; first = 0 }' README.md
}
misquoted() {
  local excerpt file
  while IFS= read -rd $'\f' excerpt; do
    file=${excerpt%%$'\n'*}
    [[ $'\n'$(sed 's/^ *//; s/ *$//' "$file")$'\n' == *"${excerpt#"$file"}"* ]] || echo "$excerpt"
  done < <(excerpts)
}
# (A student's own program may have become another one: that is what the exercises are for.)
[ -z "${LAB_STRICT-}" ] || observe 'what it quotes of a program stands there' [ "$(misquoted)" = '' ]
observe 'in ten lines at most'                              [ "$(excerpts | awk -v RS='\f' -F '\n' 'NF > 12')" = '' ]
observe 'eight of them, or more'                            [ "$(excerpts | tr -cd '\f' | wc -c)" -ge 8 ]

# What is easily lost: each section is in the contents, begins with a question, and has a sentence to remember.
contents() { awk '/^## / { here = /^## Contents/ } here && sub(/^- \[/, "") { sub(/\]\([^)]*\)(: )?/, " · "); gsub(/ · /, "\n"); print }' README.md | grep . | sort; }
observe 'the contents have each section'                    [ "$(contents)" = "$(cut -f 3 $lab/sections | grep -vxE 'The socket lab|Contents' | sort)" ]
formless() {
  awk '/^ *```/ { block = !block } block { next }
    /^##/ { tell(); heading = $0; question = remember = 0 } /^> \*\*Question:/ { question = 1 } /^\*\*Remember:/ { remember = 1 }
    function tell() { if (heading ~ /^### / && !(question && remember)) print heading }
    END { tell() }' README.md
}
observe 'each begins with a question, and ends with what to remember' [ "$(formless)" = '' ]
terminals() { awk -F '\t' '/^-\t.*sudo/ && $3 != ""' $lab/commands; }
observe 'each terminal has one of the six names'            [ "$(terminals)" = '' ]
wide() { seen=$(awk '/^ *```/ { block = block == "" ? $1 : ""; next } block == "```sh" && length > 100' README.md); [ -z "$seen" ]; }
observe 'no line of a command is wider than GitHub shows'   wide
observe 'it is not longer than a student will read'         [ "$(wc -m < README.md)" -le 88000 ]

# What the commands write, `make clean` takes away.
while read -r _ file; do : > "$file"; done < <(cut -f 2 $lab/commands | grep -oE '(> [a-z]+|-w [a-z]+\.pcap)')
quietly make clean
only_the_lab() { seen=$(find . -mindepth 1 -maxdepth 1 ! -name .bin | grep -vxE '\./(Makefile|README\.md|tests|.*\.(cpp|h|sh))'); [ -z "$seen" ]; }
observe 'make clean takes away what the commands write'     only_the_lab

run host 'make help'
observe 'make help fits on a screen'                        [ "$(wc -l < "${log[host]}")" -le 24 -a "$(awk 'length > 80' "${log[host]}" | wc -l)" = 0 ]
