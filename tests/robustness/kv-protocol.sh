#!/usr/bin/env bash
# The KV protocol: good and bad streams, cut in every place, and the memory and time that they cost.
. "$(dirname "$0")/../lib.sh"

compile kv_decoder tests/robustness/kv_decoder.cpp -O1 -fsanitize=undefined -fno-sanitize-recover
run host './kv_decoder'
observe 'every stream comes out the same, however it is cut'   exits host 0
