#!/usr/bin/env bash
# 40% of what client 2 sends is dropped; it says which requests got no reply, and the wire agrees.
. "$(dirname "$0")/../lib.sh"
need_netem
lab_up

start   server  'sudo ip netns exec ns_server ./time_server 0.0.0.0 8080' 'serving on'
run     client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080 -c 3'
observe 'a clean link loses nothing'               last_line client2 '^3 sent, 3 received, 0% lost$'

run     look1 'sudo ip netns exec ns_client2 tc qdisc add dev veth_c2 root netem loss 40%'
observe 'from now on veth_c2 drops packets'        exits look1 0
start   client1 'sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080'
start   client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080'
finish  client1 client2
observe 'client 1 loses nothing'                   last_line client1 '^10 sent, 10 received, 0% lost$'
observe 'client 2 accounts for every request'      last_line client2 '^10 sent, [0-9]+ received, [0-9.]+% lost$'

capture cable2  ns_client2 veth_c2   # sees what passed netem
run     client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080 -c 200 -i 0.02'
named=$(sed -nE 's/^request ([0-9]+): no reply within 1 s$/\1/p' "${log[client2]}" | sort)
late=$(sed -nE 's/^reply ([0-9]+):.*, late$/\1/p' "${log[client2]}" | sort)
replies=$(sed -nE 's/^reply ([0-9]+):.*/\1/p' "${log[client2]}" | sort)
lost=$(comm -23 <(echo "$named") <(echo "$late") | grep -c .)
end_capture cable2
observe 'lines and last line agree'                last_line client2 "^200 sent, $((200 - lost)) received, "
# Chance leaves this range once in 1.3 million times: the binomial distribution of 200 trials with 0.4.
observe "of 200 requests about 40% are lost: $lost" [ "$lost" -ge 46 -a "$lost" -le 114 ]
time_messages cable2 > $lab/messages
observe 'no lost request was ever on the wire'     [ "$(grep -c request $lab/messages)" = $((200 - lost)) ]
observe 'the replies on the wire are those listed'  [ "$(sed -n 's/^reply //p' $lab/messages | sort)" = "$replies" ]
observe 'and the client names exactly the others'  [ "$(comm -23 <(seq 200 | sort) <(echo "$replies"))" = "$(comm -23 <(echo "$named") <(echo "$late"))" ]
run     look1 'sudo ip netns exec ns_client2 tc -s qdisc show dev veth_c2'
observe 'the qdisc has counted what it dropped'    prints look1 'dropped [1-9]'

run     look1 'sudo ip netns exec ns_client2 tc qdisc del dev veth_c2 root'
run     client2 'sudo ip netns exec ns_client2 ./time_client 10.0.2.1 8080'
observe 'healed, the link loses nothing'           last_line client2 '^10 sent, 10 received, 0% lost$'
