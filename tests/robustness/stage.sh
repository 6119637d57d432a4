#!/usr/bin/env bash
# make demo-NAME STAGE=1, in another tmux of fixed size: what is where, Enter, and that it leaves nothing behind.
. "$(dirname "$0")/../lib.sh"
command -v tmux > /dev/null || skip 'tmux is not installed'
quietly make
. tests/robustness/window.lib

click() { outer send-keys -l $'\e[<0;'"$1;$2M"; outer send-keys -l $'\e[<0;'"$1;$2m"; }
window 160 45 'make -s demo-one-port-one-socket STAGE=1 PAUSE=1'
observe 'the story, and the terminals in which it types'  shows '── (story|client 1|server|client 2|look 1|wire) ─' 5
observe 'on one line the first two'                      shows '── story ─+┬── client 1 ─'
observe 'no others'                                      shows '─ look 2' 0
observe 'it begins with the question'                    shows '^Question: can two servers have the same port\?'
observe 'and waits'                                      shows '^ +\(Enter\)'
press 'some keys'
observe 'other keys do not count'                        still_shows '^ +\(Enter\)'
press Enter
observe 'Enter goes on: the story has the short form'    shows '^server   \$ server \./time_server 0\.0\.0\.0 8080 +│'
observe 'the terminal the whole command'                 shows '│\$ sudo ip netns exec ns_server \./time_server 0\.0\.0\.0 8080'
observe 'where it was typed is marked'                   shows '─>server ─'
observe 'it waits again'                                 shows '^ +\(Enter\)'
click 120 40
clicked() { seen=$(tmux -L socket-lab-stage display -p '#{@name}'); [ "$seen" = wire ]; }
observe 'another terminal can be clicked'                clicked
press Enter
observe 'Enter goes on though another one was clicked'   shows '│[0-9:.]+ serving on 0\.0\.0\.0:8080'
observe 'what it prints is not in the story'             shows '^[^│]*serving on' 0
observe 'with the next'                                  shows '─>client 1 ─'
press F9
observe 'F9 ends it in the middle'                       shows '^it ended with (2|130)$'   # make says 2
observe 'nothing is left'                                gone
outer kill-server

window 160 45 'tests/stage one-port-one-socket'
observe 'without pauses it plays to its end'             at_last shows '^ +\(Enter ends\)'
observe 'a claim, and what shows it'                     shows '^ +exit status 1 +│'
observe 'with the sentence to remember'                  shows '^Remember: what is taken is an address and a port'
press Enter
observe "and ends as the demonstration did"              shows '^it ended with 0$'
observe 'nothing is left'                                gone
outer kill-server

window 120 30 'tests/stage --pause the-accept-queue'
observe 'the smallest, with six terminals'               shows '── (client 1|server|client 2|look 1|look 2|wire) ─' 6
observe 'waits'                                          shows '^ +\(Enter\)'
outer kill-server   # a window that is closed
observe 'closed in the middle, it leaves nothing'        gone

window 119 40 'tests/stage privileged-ports; tests/stage --pause=0.1 fire'
observe 'too few terminals: it says so'                  shows '^no stage: the section uses fewer than three terminals$'
observe 'and plays'                                      at_last shows '^Remember: being inside a namespace changes nothing'
observe 'too small a window'                             at_last shows '^no stage: this terminal has 119 columns and 40 lines'
outer kill-server
observe 'nothing is left'                                gone
run     host    'tests/stage no-such-section'
observe 'no such section'                                exits host 2
