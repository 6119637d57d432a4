#!/usr/bin/env bash
# What recurs in the sources is the same everywhere, and no source is too long to read.
. "$(dirname "$0")/../lib.sh"

# bodies: for each function, a line: its file, its first line, and all of it in one line. A function begins with a line
# that is not indented and ends with "}" alone; comments directly above belong to it.
bodies() {
  awk '
    FNR == 1 { above = text = "" }
    text == "" && /^\/\// { above = above $0 "\\n"; next }
    text == "" && /^[a-z[].*\) \{$/ { first = $0; text = above }
    text == "" { above = "" }
    text != "" || first != "" { text = text $0 "\\n" }
    /^\}/ && first != "" { print FILENAME "\t" first "\t" text; first = text = above = "" }' "$@"
}
bodies ./*.cpp > $lab/bodies
copies() { grep -cF "$1" $lab/bodies; }   # FIRST-LINE
differing() {  # the functions that have the same first line in two files, but not the same text
  seen=$(cut -f 2,3 $lab/bodies | grep -v '^\[\[noreturn\]\] static void usage\|^int main' | sort -u | cut -f 1 | uniq -d)
  [ -z "$seen" ]
}
for function in parse_endpoint text_of now say parse_count parse_seconds; do
  observe "$function() is in several programs"     [ "$(copies " $function(")" -ge 2 ]
done
observe 'and each copy is the same, to the letter' differing
for piece in 'if (ferror(stdout)) err(1, "standard output");' \
  'if (fd <= STDERR_FILENO) {  // the socket has taken the number of a stream that is closed'; do
  observe "so is: $piece"                          [ "$(grep -lF "$piece" ./*.cpp | wc -l)" -ge 7 ]
done

no_long_line() { seen=$(grep -nE '^.{101}' ./*.cpp ./*.h); [ -z "$seen" ]; }
observe 'no main() is longer than 60 lines' \
  [ -z "$(awk 'FNR == 1 { from = 0 } /^int main/ { from = FNR } /^}/ { if (from && FNR - from >= 60) print FILENAME; from = 0 }' ./*.cpp)" ]
observe 'no line is wider than 100 columns'        no_long_line
