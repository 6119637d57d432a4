#!/usr/bin/env bash
# Each source opens as the experiment that it is, what recurs is the same everywhere, and none is too long to read.
. "$(dirname "$0")/../lib.sh"

# disorder: what is not in the order that tests/README.md gives, a line each. The files are read twice: the first time,
# to see which functions are in several. A function's `head` is its first line, made one where it is several.
disorder() {
  awk '
    function wrong(what) { print FILENAME ": " what }
    function end() {
      if (!main_at || main_at > 100) wrong("main() does not begin in the first 100 lines")
      if (declared != defined) wrong("declared" declared ", defined" defined)
      own = common = ""
      for (i = 1; i <= mentions; i++) {
        if (index(declared " ", " " mentioned[i] " ") && !seen[mentioned[i]]++)
          if (files[heads[mentioned[i]]] > 1) common = common " " mentioned[i]; else own = own " " mentioned[i]
      }
      if (declared != own common) wrong("declared" declared ", used" own common)
      if ((common != "") != ruled) wrong("no line says what is common to several programs, or there is nothing")
    }
    FNR == 1 {
      if (pass == 2 && file) { current = FILENAME; FILENAME = file; end(); FILENAME = current }
      if (pass == 2) file = FILENAME
      head = declared = defined = ""; main_at = mentions = ruled = used = 0; delete seen; delete heads
      if (pass == 2 && $0 !~ "^// " substr(FILENAME, 3, length(FILENAME) - 6) ": ") wrong("no header comment")
    }
    { code = $0; sub(/ *\/\/.*/, "", code) }
    head == "" && code ~ /^(\[\[[a-z]+\]\] )?static [^=]*\(/ || head != "" { sub(/^ +/, " ", code); head = head code }
    head ~ /[;{]$/ {
      name = head; sub(/\(.*/, "", name); sub(/.*[ *&]/, "", name)
      if (head ~ /\{$/ && !(pass == 2)) files[head]++
      if (head ~ /;$/) { declared = declared " " name; if (main_at || !used) wrong(name "() is not declared between usage and main()") }
      else if (name == "usage") used = 1
      else {
        defined = defined " " name; heads[name] = head
        if (!main_at) wrong(name "() stands before main()")
        if (pass == 2 && (files[head] > 1) != ruled) wrong(name "() stands on the wrong side of the line")
      }
      head = ""
    }
    /^int main\(/ { main_at = FNR }
    /^#include/ && used { wrong("an #include behind usage()") }
    /^\/\/ ---- The same in several programs/ { ruled = 1 }
    main_at { while (match(code, /[a-z_]+\(/)) {
      mentioned[++mentions] = substr(code, RSTART, RLENGTH - 1); code = substr(code, RSTART + RLENGTH) } }
    END { end() }' ./*.cpp pass=2 ./*.cpp
}
orderly() { seen=$(disorder); [ -z "$seen" ]; }
# (A student's own program may have become another one: that is what the exercises are for.)
[ -z "${LAB_STRICT-}" ] || observe 'each is in the order that tests/README.md gives' orderly

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

no_long_line() { seen=$(grep -nE '^.{101}' ./*.cpp ./*.h); [ -z "$seen" ]; }
observe 'no main() is longer than 60 lines' \
  [ -z "$(awk 'FNR == 1 { from = 0 } /^int main/ { from = FNR } /^}/ { if (from && FNR - from >= 60) print FILENAME; from = 0 }' ./*.cpp)" ]
observe 'no line is wider than 100 columns'        no_long_line
