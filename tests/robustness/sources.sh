#!/usr/bin/env bash
# Each source opens as the experiment that it is, what recurs is the same everywhere, and none is too long to read.
. "$(dirname "$0")/../lib.sh"

# bodies: for each function, a line: its first line, and all of it in one line. A function begins with a line that is not
# indented and ends with "}" alone; comments directly above belong to it.
bodies() {
  awk '
    FNR == 1 { above = text = "" }
    text == "" && /^\/\// { above = above $0 "\\n"; next }
    text == "" && /^[a-z[].*\) \{$/ { first = $0; text = above }
    text == "" { above = "" }
    text != "" || first != "" { text = text $0 "\\n" }
    /^\}/ && first != "" { print first "\t" text; first = text = above = "" }' "$@"
}
bodies ./*.cpp | grep -v '^\[\[noreturn\]\] static void usage\|^int main' > $lab/bodies
recurring() { cut -f 1 "$@" | sort | uniq -d; }   # first lines that are there more than once
observe 'six functions are in several programs'    [ "$(recurring $lab/bodies | wc -l)" -ge 6 ]
observe 'and each copy is the same, to the letter' [ "$(sort -u $lab/bodies | recurring)" = '' ]

# outline FILE: what it includes, declares and defines, a line each. A declaration of several lines is made one.
outline() {
  sed -E '/^(\[\[noreturn\]\] )?static .*[,(]$/{:more; N; s/\n +/ /; /[,(]$/b more}' "$1" | sed -nE '
    s/^#include.*/include/p
    s/^(\[\[noreturn\]\] )?static [^=]*[ *&]([A-Za-z0-9_]+)\(.*;$/declare \2/p
    s/^(\[\[noreturn\]\] )?static [^=]*[ *&]([A-Za-z0-9_]+)\(.*\{.*$/define \2/p
    s/^int main\(.*/define main/p
    s/^\/\/ ---- The same in several programs.*/the same in several programs/p' | uniq
}
# ordered FILE: the outline that tests/README.md asks for. Functions stand in the order in which main(), and what
# follows it, comes to them; behind them those that are in several programs.
recurring $lab/bodies | sed -E 's/.*[ *&]([A-Za-z0-9_]+)\(.*/\1/' > $lab/names
ordered() {
  sed '1,/^int main/d; s|//.*||' "$1" | grep -oE '[A-Za-z0-9_]+\(' | tr -d '(' | awk '!seen[$0]++' |
    grep -xF "$(outline "$1" | sed -n 's/^declare //p')" > $lab/used
  grep -vxFf $lab/names $lab/used > $lab/own
  grep -xFf $lab/names $lab/used > $lab/common
  printf '%s\n' include 'define usage'
  sed 's/^/declare /' $lab/own $lab/common
  echo 'define main'
  sed 's/^/define /' $lab/own
  [ ! -s $lab/common ] || { echo 'the same in several programs'; sed 's/^/define /' $lab/common; }
}
disorder() {
  local source
  for source in *.cpp; do
    diff <(outline "$source") <(ordered "$source") | sed "s/^/$source: /"
    grep -q "^// ${source%.cpp}: " <(head -n 1 "$source") || echo "$source: no header comment"
    grep -q '^int main(' <(head -n 100 "$source") || echo "$source: main() does not begin in the first 100 lines"
  done
}
# (A student's own program may have become another one: that is what the exercises are for.)
[ -z "${LAB_STRICT-}" ] || observe 'each is in the order that tests/README.md gives' [ "$(disorder)" = '' ]

no_long_line() { seen=$(grep -nE '^.{101}' ./*.cpp ./*.h); [ -z "$seen" ]; }
observe 'no main() is longer than 60 lines' \
  [ -z "$(awk 'FNR == 1 { from = 0 } /^int main/ { from = FNR } /^}/ { if (from && FNR - from >= 60) print FILENAME; from = 0 }' ./*.cpp)" ]
observe 'no line is wider than 100 columns'        no_long_line
