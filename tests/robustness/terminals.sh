#!/usr/bin/env bash
# make terminals: what F2 would type for each section; and, in another tmux of fixed size, what it shows, what its keys
# do, that it leaves nothing behind, however it ends, and that the tmux around it is left alone.
# shellcheck disable=SC2016   # what is quoted is for another shell
. "$(dirname "$0")/../lib.sh"
command -v tmux > /dev/null || skip 'tmux is not installed'

# ---- Without a window

# (Which commands a section has, and where they belong, its own test sees to.)
reached() {  # SECTION...: how many commands F2 types, and which of them elsewhere than the page says
  bash -c '. tests/terminals
    running() { false; }
    announce() { :; }
    follow() { :; }
    in_window() { reached="${*: -4:1}: ${*: -1}"; }   # send-keys -t WHERE -l -- WHAT
    all=("${terminals[@]}") count=0
    for section; do
      terminals=("${all[@]}") names=() commands=() next=0 pane=()
      read_section "$section"
      terminals_of_section
      for name in "${terminals[@]}"; do pane[$name]=$name; done
      for free in "look 1" "look 2" "${terminals[0]}"; do [ -z "${pane[$free]-}" ] || break; done
      for name in "${names[@]}"; do
        wanted="${name/#-/$free}: ${commands[next]}" reached="" typed=""
        type_next
        [ "$reached" = "$wanted" ] || echo "$reached, not $wanted"
        ((++count))
      done
    done
    echo $count' - "$@"
}
mapfile -t sections < <(awk -f tests/readme.awk README.md | cut -f 1)
there_are=$(awk '/^ *```/ { sh = /```sh/; next } sh && !/\\$/ && !/^ *(#|$)/ { n++ } END { print n }' README.md)
all_reached() { seen=$(reached "${sections[@]}"); [ "$seen" = "$there_are" ]; }
observe "F2 reaches all $there_are commands, each where it belongs" all_reached

# ---- In a window. The tmux around it is a user's own.

. tests/robustness/window.lib

try_it() {
  window 160 45 'tests/terminals'
  for name in 'client 1' server 'client 2' 'look 1' 'look 2' wire; do
    observe "$name has its title"                      shows "─ $name ─"
    observe 'and is in the lab'                        shows "\(lab\) $name \\$"
  done
  observe 'its keys stand below'                       shows 'Alt-z: large, small   F9: end'
  press 'ip netns list | wc -l' Enter
  observe 'which is whole'                             shows '^3 '
  press 'tests/terminals' Enter
  observe 'there are no others in it'                  shows "$refused"
  press old=1 Enter C-d C-d C-d
  observe 'Ctrl-D does not close a terminal'           shows 'Use "exit" to leave'
  press exit Enter 'echo "new: $old"' Enter
  observe 'after exit there is another shell'          shows '^new: +│'
  observe 'none is missing'                            shows '─ (client 1|look 1|wire) ─' 3
  press M-Right 'echo here $((6 * 7))' Enter
  observe 'Alt-Right leads to the server'              shows '│here 42'
  press M-z
  observe 'Alt-z makes it large'                       shows '^here 42'
  press F9
  observe 'F9 ends it'                                 shows '^it ended with 0'
  observe 'and nothing is left'                        gone
  outer kill-server

  window 160 45 'make -s terminals-fire'
  observe 'a section: its question comes first'        shows '^Question: nothing is wrong with the requests'
  observe 'its four terminals'                         shows '─ (client 1|server|client 2|wire) ─' 4
  observe 'and no others'                              shows '─ look' 0
  observe 'the last line but one says what F2 types'   shows '^ F2: wire \$ sudo ip netns exec ns_server tcpdump -i veth_srv_c1'
  for name in 'client 1' server 'client 2' wire; do observe "$name is ready"   shows "\(lab\) $name \\$"; done
  press F2
  observe 'F2 types it'                                shows '^\(lab\) wire \$ sudo ip netns exec ns_server tcpdump'
  observe 'the next is another'                        shows '^ F2: server \$ .*/kv_store$'
  observe 'it does not run'                            still_shows 'listening on' 0
  press F2
  observe 'F2 in place of Enter leaves nothing out'    shows '^ +wire has not run its command yet: press Enter'
  press F3
  observe 'F3 goes back'                               shows '^ F2: wire \$ '
  press F2
  observe 'once more'                                  shows '^ F2: server \$ '
  observe 'it stands there once'                       shows '^\(lab\) wire \$ sudo .* port 8085$'
  press Enter
  observe 'Enter runs it'                              shows '^listening on veth_srv_c1'
  press M-n
  observe 'Alt-n is F2'                                shows '\(lab\) server \$ .*/kv_store$'
  press Enter
  observe 'the server runs'                            shows 'serving on'
  press F2
  observe 'the client'                                 shows '\(lab\) client 1 \$ .*/kv_client'
  press Enter
  observe 'is connected'                               shows '│10\.0\.1\.1:8085>'
  observe 'what comes next waits for something'        shows '^ F2, after fire: server \$ .*/kv_store$'
  press F2
  observe 'too early: it says what still runs'         shows 'server still runs kv_store: is there something to type first\?'
  observe 'it types nothing'                           still_shows '\(lab\) server \$ .*/kv_store' 1
  press 'set a 1' Enter
  observe 'the cursor has stayed'                      shows '│OK'
  press F3
  observe 'F3 does not mind'                           shows '^ F2: client 1 \$ .*/kv_client'
  press F2
  observe 'a program of several words, too'            shows 'client 1 still runs kv_client: '
  outer kill-server   # a terminal that is killed, or a lost connection, is the same
  observe 'killed with its terminal, nothing is left'  gone

}
the_smallest() {
  window 120 30 'tests/terminals the-accept-queue'
  observe 'the smallest: five terminals beside a text' shows '─ (client 1|server|client 2|look 1|look 2|wire) ─' 6
  observe 'ready'                                      shows '\(lab\) look 2 \$'
  outer new-window "bash -c 'tests/terminals; echo \"it ended with \$?\"; sleep 1000'"
  observe 'a second one is refused'                    shows '^make terminals: it is open already'
  observe 'with an exit status'                        shows '^it ended with 1'
  outer last-window
  observe 'the first is as it was'                     shows '\(lab\) look 2 \$'
  press M-Left x
  observe 'who types into the text is told'            shows '^ +This is the text\. To type'
  observe 'the tmux around it, too'                    [ "$(outer show -g prefix)$(outer list-sessions | wc -l)" = 'prefix C-b1' ]
  press M-q
  observe 'Alt-q is F9'                                shows '^it ended with 0'
  observe 'nothing is left'                            gone
  outer kill-server

  window 119 40 'tests/terminals'
  observe 'too small: it says how small, and how large' shows '^make terminals: this terminal has 119 columns and 40 lines; make it larger, 120 x 30'
  observe 'that is an error'                           shows '^it ended with 1'
  outer kill-server
  window 120 29 'tests/terminals'
  observe 'so it does for lines'                       shows '^make terminals: this terminal has 120 columns and 29 lines; '
  outer kill-server
}

say 'As an ordinary user'
user=("${ordinary_user[@]}") refused='make terminals: this is a private lab'
try_it
[ "$(id -u)" = 0 ] || the_smallest
if [ "$(id -u)" = 0 ]; then
  say 'As root: the lab is that of the machine, brought up, and stays'
  user=() refused='make terminals: this terminal has 52 columns'
  try_it
  the_smallest
  observe 'it is still up'                             eval './two_clients.sh status > $lab/quiet'
  say 'It is an ordinary user'\''s, too, while it is up and sudo asks for no password'
  user=("${ordinary_user[@]}")
  mkdir -m 755 $lab/asks
  while read -r status what; do
    install -m 755 /dev/stdin $lab/asks/sudo <<< "#!/bin/sh"$'\n'"exit $status"
    window 120 30 "PATH=$lab/asks:$PATH tests/terminals leaving"
    observe "sudo says $status"                        shows '\(lab\) look 1 \$'
    press 'ls -d /run/two_clients' Enter               # a private lab has that
    observe "$what"                                    shows "│$what"
    outer kill-server
  done <<< $'0 ls: cannot access\n1 /run/two_clients$'
fi

say 'Refused'
run     other  'tests/terminals'
observe 'no terminal'                                  exits other 1 '^make terminals: this needs a terminal$'
run     other  'tests/terminals no-such-section'
observe 'no such section' \
  exits other 2 '^make terminals: there is no section called no-such-section; make help lists them$'
mkdir -m 755 $lab/few
for tool in bash dirname realpath sed; do ln -s "$(command -v $tool)" $lab/few; done
run     other  "env PATH=$lab/few tests/terminals"
observe 'no tmux'                                      prints other '^make terminals: tmux is not installed: apt-get install tmux$'
