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

"$bin/layernas-compare" --runs 1 --strategies layernas --json study.yaml >offline.json 2>offline.err
is "layernas-compare finds the same without workers" \
    "$(jq '.best_reward * 1000000 | round' offline.json)" \
    "$(jq '.reward * 1000000 | round' state/results/best.json)"
"$bin/layernas-compare" --rewards a,b study.yaml >rewards.out 2>&1
is "columns of a predictor are refused" "$(cat rewards.out)" \
    "layernas-compare: --rewards: a surrogate has no columns"

# The same for the latency of a phone.
sed "s|metric: madds, max: 220M|metric: latency, table: $data/ofa-mbv3/note10_latency_lut.csv, max: 20M|" \
    study.yaml >latency.yaml
plan=$("$bin/layernas-coordinator" --plan latency.yaml)
matches "the largest network needs as long as by the recipe of the table" "$plan" \
    "dearest +92,398,03[0-9] 8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8"
start_coordinator latency latency.yaml --local-workers 2
wait "$pid"
is "a study by latency ends with exit status 0" $? 0
check "its winner is fast enough" jq -e '.cost > 0 and .cost <= 20000000' latency/results/best.json
grep -v ',Logits,' "$data/ofa-mbv3/note10_latency_lut.csv" >rows.csv
sed "s|table: [^,]*|table: rows.csv|" latency.yaml >rows.yaml
matches "a table without a row is said in a line" \
    "$("$bin/layernas-coordinator" --plan rows.yaml 2>&1)" \
    "rows.csv: no row with r,type,.* = 224,Logits,1,1536,,1000,,,,,,$"
sed "s|,1.772802,|,1.772803,|" "$data/ofa-mbv3/note10_latency_lut.csv" >rows.csv
start_coordinator latency rows.yaml
wait "$pid"
is "other latencies are another study" $? 2
matches "and said so" "$(tail -1 latency.log)" "cost.table"

head -c 1000 "$predictor" >short.bin
ofa_study short.yaml "$work/short.bin"
start_coordinator short short.yaml --local-workers 1
wait "$pid"
is "a file cut short is an error of the study" $? 2
matches "and said in a line" "$(cat short.log)" \
    "short.bin: fewer than 1491204 bytes, those of the 372801 numbers"
finish
