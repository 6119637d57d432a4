#!/usr/bin/env bash
# A demonstration that pauses, on a terminal of 80 columns: it goes on with Enter, once for each, and ends well. And what
# all of them keep: no line behind a later one.
. "$(dirname "$0")/../lib.sh"
"${ordinary_user[@]}" unshare --user --map-root-user --net true 2> $lab/quiet || skip "an ordinary user may make no namespaces here"
quietly make

# Two others are played meanwhile, to be looked at below.
{ stopwatch; "${ordinary_user[@]}" tests/run --demo --pause=0.5 converting-addresses
  echo "$?"; elapsed; echo "$took"; } < /dev/null > $lab/paused & pausing=$!
"${ordinary_user[@]}" env TERM=dumb script -qec 'tests/run --demo fire inside-a-datagram one-port-one-socket' /dev/null \
  < /dev/null > $lab/played & playing=$!

on_terminal() { start host "script -qec 'stty cols 80; $1' /dev/null"; }
output() { sed -E 's/\x1b\[[0-9;]*[mK]//g; s/\r$//; s/.*\r//' "${log[host]}"; }
prompts() { IFS= read -rd '' seen < "${log[host]}"; local all=${seen//'(Enter)'}; [ $((${#seen} - ${#all})) -ge $((7 * $1)) ]; }
asks() {  # or has ended
  ! ended host || return 0
  IFS= read -rd '' new <&"$eye"
  [[ $new == *'(Enter)'* ]]
}

on_terminal 'tests/run --demo --pause binding-an-address one-client-at-a-time'
printf '\n\n\n' >&"${keyboard[host]}"
observe 'it asks for Enter, and waits'                  at_last prompts 6
observe 'Enters typed before do not count'              [ "$(output | grep -c 'g++')" = 0 ]
exec {eye}< "${log[host]}"
until ended host; do
  within "$patience" asks || fault 'it does not go on' "$new"
  printf '\n' >&"${keyboard[host]}"
done
observe 'with Enter it goes on, and ends well'          exits host 0
output > $lab/output
observe 'it tells how many sections were seen'          grep -q '^You have seen 2 of 2 sections' $lab/output
observe 'and what to do next'                           grep -q '^What to do next:$' $lab/output
observe 'no line is wider than the terminal'            [ "$(awk 'length > 80' $lab/output)" = '' ]
observe 'the ladder is drawn'                           grep -qE '^[0-9.]{9} \|-- 20 bytes: get a -+>\|$' $lab/output
evidence_of_ss() { grep -E -B 1 '^ +ss: ESTAB 20 0 10\.0\.2\.1:8085 ' $lab/output | grep '^ *=> '; }
observe 'a line of ss stands below its claim'           [ "$(evidence_of_ss | wc -l)" = 1 ]
observe 'an empty line is called Enter'                 grep -qE '^server +< <Enter>$' $lab/output
observe "a host's second terminal has a mark"           grep -qE "^server' +\\\$ sudo ip netns exec ns_server ss -tan$" $lab/output

question='Question: client 2 is connected. Who has its request?'
observe 'a section begins with its question'            [ "$(grep -A 2 -Fx '=== One client at a time ===' $lab/output | tail -n 1)" = "$question" ]
observe 'and waits for Enter behind it'                 [ "$(grep -aFA 1 "${question#*: }" "${log[host]}" | grep -cF '(Enter)')" = 1 ]
observe 'it ends with what to remember'                 grep -Fx 'Remember: "connected" and "acknowledged" do not mean "served".' $lab/output
observe 'at last it tells how long each took'           grep -qE '^They took: binding-an-address [0-9]+ s, one-client-at-a-time [0-9]+ s$' $lab/output

# told COMMAND COMMAND: what is told of the two, once both have ended. (within would show it as it comes.)
told() {
  start client1 "read -r; $1"
  start client2 "read -r; $2"
  for role in client1 client2; do printf '\n' >&"${keyboard[$role]}"; done
  until ended client1 && ended client2; do nap 0.05; done
  settle > $lab/told
}
say 'Lines of several terminals, printed at once'
told 'echo "00:00:02.000000 second"; echo "and of the same moment"; echo "00:00:04.000000 fourth"' \
  'echo "00:00:01.000000 first"; echo "00:00:03.000000 third"'
observe 'they are told in the order of their times'     [ "$(grep -oE '[a-z]+$' $lab/told | xargs)" = 'first second moment third fourth' ]

say 'What is held back for brevity'
brief=1
told 'for i in {0..38..2}; do printf "00:00:01.%06d even %d\n" $i $i; done' \
  'for i in {1..39..2}; do printf "00:00:01.%06d odd %d\n" $i $i; done; echo "00:00:01.000040 another"
  echo "00:00:01.000041 IP 10.0.1.2 > 10.0.1.1: ICMP echo request, id 1, seq 1, length 31"'
brief=
observe 'is told in its order as well'                  [ "$(grep -oE '00:00:[0-9.]+' $lab/told | sort -c 2>&1)" = '' ]
observe 'and is short'                                  grep -E '\.\.\. \([0-9]+ lines more\)' $lab/told
observe 'with all that is new'                          grep ' another$' $lab/told
observe 'but the ping that ends a capture: nobody typed it' [ "$(grep -c ICMP $lab/told)" = 0 ]

say 'On a stage, with a file in the place of a terminal'
unset LAB_COLOUR   # the lines are compared
: > $lab/terminal
exec {terminal}>> $lab/terminal
brief=1 place=([client1]=$terminal) columns=([client1]=60)
{
  start   client1 'echo one; echo; read -r line; echo "got $line"'
  type_line client1 'some words'
  finish  client1
  say 'A part'
} > $lab/story
# shellcheck disable=SC2034   # narration.sh's
place=() columns=() fresh=() brief=
observe 'there are its lines, in order, ruled off'      [ "$(< $lab/terminal)" = '$ echo one; echo; read -r line; echo "got $line"
one

< some words
got some words
'"$(printf '%060d' 0 | tr 0 -)" ]
observe 'in the story none, but what is typed'          [ "$(grep '^client 1' $lab/story)" = 'client 1 $ echo one; echo; read -r line; echo "got $line"
client 1 < some words' ]

say 'No line stands behind a later one of its own time'
# A command's lines are held against what was told since it was typed: it may read an old capture.
late() {
  awk '{ label = substr($0, 1, 9); mark = substr($0, 10, 1); time = substr($0, 12, 15) }
    mark == "$" || mark == "<" { told[label] = "" }
    mark == "|" && time ~ /^[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]*$/ {
      if (time < told[label]) print
      for (l in told) if (time > told[l]) told[l] = time
    }' $lab/played
}
observe 'all sections are played'                       wait $playing
observe 'in order'                                      [ "$(late)" = '' ]
observe 'a terminal that knows no colours gets none'    [ "$(grep -c $'\e' $lab/played)" = 0 ]
observe 'no exit status stands below that'              [ "$(grep -A 1 '=> .*exit status' $lab/played | grep -cE '^ +exit status')" = 0 ]

say 'With pauses of a fixed length'
wait $pausing
{ read -r status; read -r took; } < <(tail -n 2 $lab/paused)
observe 'nobody need press Enter'                       [ "$status" = 0 ]
observe "it took its time ($took ms)"                   [ "$took" -ge 3000 ]
run     host    'make demo-converting-addresses PAUSE=often'
observe 'a pause is a number'                           exits host 2
