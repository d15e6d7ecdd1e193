#!/bin/bash
# A search on the once-for-all networks, rewards from their published predictor.
. "$(dirname "$0")/lib.sh"

predictor=$data/ofa-mbv3/ofa_mbv3_acc_predictor.f32le.bin
[ -e "$predictor" ] || skip_all "the predictor ofa-mbv3 is not here (LAYERNAS_DATA)"

ofa_study() { # FILE PREDICTOR
    sed -e "s|\.\./spaces|$root/deploy/spaces|; s|path: .*|path: $2|; s/trials: 400/trials: 60, parallel: 4/" \
        "$root/deploy/studies/ofa-mobilenet-v3.yaml" >"$1"
}

ofa_study study.yaml "$predictor"
start_coordinator state study.yaml --local-workers 2
wait "$pid"
is "a study ends by itself with exit status 0" $? 0
is "the cap is exact, every prediction is good" \
    "$(awk -F, '$2 == "search" && $4 == "done"' state/results/trials.csv | wc -l)" 60
is "rewards are counted in ten-millionths" \
    "$(awk -F, 'NR > 1 { print $11 }' state/results/trials.csv | sort -u)" 10000000
check "the winner is inside the budget" jq -e '.cost <= 220000000' state/results/best.json
check "and better than the cheapest network" jq -e '.reward > 77.5' state/results/best.json
check "the result names the predictor" grep -q "predicted by ofa-mbv3" state.out
is "no line is longer than a terminal" "$(awk 'length > 80' state.out)" ""
matches "the plan says what a trial is" \
    "$("$bin/layernas-coordinator" --plan study.yaml)" "by surrogate ofa-mobilenet-v3"
is "in JSON too" "$("$bin/layernas-coordinator" --plan --json study.yaml | jq -r .evaluate.surrogate.model)" \
    ofa-mobilenet-v3

start_coordinator other study.yaml --local-workers 1
wait "$pid"
is "other workers find the same" "$(findings other)" "$(findings state)"

head -c 1000 "$predictor" >short.bin
ofa_study short.yaml "$work/short.bin"
start_coordinator short short.yaml --local-workers 1
wait "$pid"
is "a file cut short is an error of the study" $? 2
matches "and said in a line" "$(cat short.log)" \
    "short.bin: fewer than 1491204 bytes, those of the 372801 numbers"
finish
