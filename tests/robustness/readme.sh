#!/usr/bin/env bash
# The README and the tests tell the same story. (That each section's test runs the section's commands is seen to by
# that test itself, when it ends.)
. "$(dirname "$0")/../lib.sh"

mapfile -t places < <(awk -f tests/readme.awk README.md | cut -f 1,2)
sections=("${places[@]%$'\t'*}")
for place in "${places[@]}"; do
  read -r section chapter <<< "$place"
  mapfile -t typed < <(awk -v section="$section" -v terminals=1 -f tests/readme.awk README.md)
  commands+=("${typed[@]}")
  [ ${#typed[@]} = 0 ] || [ -f "tests/$chapter/$section.sh" ] ||
    fault "the section $section has commands, and tests/$chapter/$section.sh does not run them" "${typed[@]}"
done
printf '%s\n' "${commands[@]}" > $lab/commands   # TERMINAL, COMMAND, NOTE
commands=()
observe "the README has sections: ${#sections[@]}"           [ ${#sections[@]} -gt 10 ]
observe 'no two of the same name'                           [ "$(printf '%s\n' "${sections[@]}" | sort | uniq -d)" = '' ]
for script in tests/*/*.sh; do
  IFS=/ read -r _ chapter section <<< "${script%.sh}"
  [[ $chapter == @(robustness|bench|exercises) ]] || [[ $'\n'$(printf '%s\n' "${places[@]}")$'\n' == *$'\n'"$section"$'\t'"$chapter"$'\n'* ]] ||
    fault "$script belongs to no section of the README, or not in that chapter"
done
observe 'each test script belongs to one of them'           true
observe 'no two scripts have the same name'                 [ "$(basename -a tests/*/*.sh | sort | uniq -d)" = '' ]

# (A heading's own name, and GitHub's way to make a link of it: the same as ours.)
mapfile -t links < <(grep -oE '\]\(#[^)]*\)' README.md | tr -d '])(#' | sort -u)
for link in "${links[@]}"; do
  [[ " ${sections[*]} " == *" $link "* ]] || fault "the README has a link to a section that it does not have" "$link"
done
observe "links to sections lead to one: ${#links[@]}"        [ ${#links[@]} -gt 5 ]

# A command that stands in a block of another kind would escape its test.
observe 'shell commands stand in ```sh blocks'              [ "$(grep -E '^ *```.' README.md | grep -vcE '^ *```(cpp|mermaid|sh|text|yaml)$')" = 0 ]
observe 'none of them is written with a prompt'             [ "$(cut -f 2 $lab/commands | grep -c '^[$#]')" = 0 ]

# Each excerpt of a program begins with a comment that names the file, has ten lines at most, and stands there.
excerpts() {
  awk '/^ *```/ { inside = /```cpp/; if (inside) { count++; lines = 0 } next }
    inside && ++lines == 1 { file = $2; next }
    inside { gsub(/^ +| +$/, ""); print count, file, lines - 1, $0 }' README.md
}
misquoted() {  # those whose lines do not follow each other in the file
  local number file line text rest=
  local -i last=0
  while read -r number file line text; do
    if [ "$number" != $last ]; then rest=$'\n'$(sed 's/^ *//; s/ *$//' "$file")$'\n' last=$number; fi
    if [ "$line" = 1 ] && [[ $rest == *$'\n'"$text"$'\n'* ]]; then
      rest=${rest#*$'\n'"$text"$'\n'}
    elif [ "$line" != 1 ] && [ "${rest%%$'\n'*}" = "$text" ]; then
      rest=${rest#*$'\n'}
    else
      echo "$file: $text"
    fi
  done < <(excerpts)
}
# (A student's own program may have become another one: that is what the exercises are for.)
[ -z "${LAB_STRICT-}" ] || observe 'what it quotes of a program stands there' [ "$(misquoted)" = '' ]
observe 'in ten lines at most'                              [ "$(excerpts | awk '$3 > 10' | wc -l)" = 0 ]

observe 'eight of them, or more'                            [ "$(excerpts | cut -d' ' -f1 | sort -u | wc -l)" -ge 8 ]

# What is easily lost: each section is in the contents, begins with a question, and has a sentence to remember.
contents() { awk '/^## / { here = /^## Contents/ } here && sub(/^- \[/, "") { sub(/\]\([^)]*\)(: )?/, " · "); gsub(/ · /, "\n"); print }' README.md | grep . | sort; }
observe 'the contents have each section'                    [ "$(contents)" = "$(awk -f tests/readme.awk README.md | cut -f 3 | grep -vxE 'The socket lab|Contents' | sort)" ]
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
