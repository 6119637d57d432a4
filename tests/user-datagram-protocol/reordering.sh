#!/usr/bin/env bash
# Datagrams that are sent in order arrive in another; the client counts them as RFC 4737 says.
. "$(dirname "$0")/../lib.sh"
need_netem
lab_up

# What the wire says of a burst, in the words of the client's last line. Reordered: the first copy of a reply
# that comes after one with a higher number.
wire_counts() {
  awk -v sent="$1" '
    $1 == "reply" { if (seen[$2]++) { twice++; next } received++; if ($2 < top) late++; else top = $2 }
    END { printf "%d sent, %d received, %.6g%% lost, %d reordered, %d duplicated\n", sent, received,
          100 * (sent - received) / sent, late, twice }' $lab/messages
}
replies() { sed -nE 's/^(reply [0-9]+).*/\1/p' "${log[$1]}"; }

run     host    'make time_burst_client'
observe 'the client is built'                      exits host 0
start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
run     client2 'sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080'
observe 'a clean link keeps the order'             [ "$(replies client2 | xargs)" = "$(printf 'reply %d ' {1..10} | xargs)" ]
observe 'nothing lost, nothing reordered'          last_line client2 '^10 sent, 10 received, 0% lost, 0 reordered, 0 duplicated$'

run     look1 'sudo ip netns exec ns_client2 tc qdisc add dev veth_c2 root netem delay 500ms 400ms distribution normal reorder 50%'
observe 'half is delayed, half is not'             exits look1 0
run     client2 'sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080'
observe 'all arrive'                               last_line client2 '^10 sent, 10 received, 0% lost, [0-9]+ reordered, 0 duplicated$'

# Ten may, by chance, arrive in order, about once in 200 times. A hundred will not.
requests_before=$(grep -c ' request ' "${log[server]}")
capture cable2  ns_client2 veth_c2   # sees what has passed netem
run     client2 'sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080 -c 100'
end_capture cable2
time_messages cable2 > $lab/messages
observe 'a hundred requests: the order is lost'    last_line client2 '^100 sent, 100 received, 0% lost, [1-9][0-9]* reordered, 0 duplicated$'
observe "the client lists the wire's order"        [ "$(replies client2)" = "$(grep reply $lab/messages)" ]
observe "the server's log has the same disorder"   [ "$(sed -nE 's/.* (request [0-9]+)$/\1/p' "${log[server]}" | tail -n +$((requests_before + 1)))" = "$(grep request $lab/messages)" ]
observe 'and the client counts as the wire does'   last_line client2 "^$(wire_counts 100)\$"

run     look1 'sudo ip netns exec ns_client2 tc qdisc del dev veth_c2 root'
run     client2 'sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080'
observe 'order is back'                            last_line client2 ' 0 reordered, 0 duplicated$'

run     look1 'sudo ip netns exec ns_client2 tc qdisc add dev veth_c2 root netem loss 30% duplicate 30%'
capture cable2  ns_client2 veth_c2
run     client2 'sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080 -c 100 -W 1'
end_capture cable2
time_messages cable2 > $lab/messages
observe 'some lost, some twice'                    last_line client2 '^100 sent, [0-9]+ received, [1-9][0-9.]*% lost, 0 reordered, [1-9][0-9]* duplicated$'
observe 'the client counts as the wire does'       last_line client2 "^$(wire_counts 100)\$"
run     look1 'sudo ip netns exec ns_client2 tc qdisc del dev veth_c2 root'
observe 'the link is itself again'                 exits look1 0
