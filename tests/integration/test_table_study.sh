#!/bin/bash
# A whole search on a benchmark table, as a user runs it: one command, then a look at what it found.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 120
start_coordinator state study.yaml --local-workers 2
wait "$pid"
is "a study ends by itself with exit status 0" $? 0
is "the cap is exact" "$(grep -c ',search,' state/results/trials.csv)" 120
is "no architecture is trained twice" \
    "$(grep ',search,' state/results/trials.csv | cut -d, -f5 | sort | uniq -d | wc -l)" 0
is "three finalists, one test" \
    "$(cut -d, -f2 state/results/trials.csv | sort | uniq -c | tr -s ' \n' ' ')" \
    " 3 final 120 search 1 stage 1 test "
check "the winner is inside the budget" jq -e '.cost <= .target[1]' state/results/best.json
arch=$(jq -r .arch state/results/best.json)
row=$(gzip -dc "$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz" | grep "^${arch//:/},")
is "its cost is the table's" "$(jq .madds state/results/best.json)" "$(cut -d, -f8 <<<"$row")"
is "its test accuracy is the table's report column" "$(jq .test_top1 state/results/best.json)" \
    "$(cut -d, -f5 <<<"$row")"
check "the result is said on standard output" grep -q "the best network found" state.out
is "no line is longer than a terminal" "$(awk 'length > 80' state.out)" ""

"$bin/layernas-coordinator" --state state --bind 'tcp://127.0.0.1:*' \
    --status 'tcp://127.0.0.1:*' study.yaml >again.out 2>/dev/null
is "the same command again ends at once with exit status 0" $? 0
is "and says the same" "$(cat again.out)" "$(cat state.out)"
check "the results are the same" test "$(findings state | md5sum)" = "$(findings state | md5sum)"

sed 's/trials: 120/trials: 150/' study.yaml >more.yaml
"$bin/layernas-coordinator" --state state --local-workers 2 --bind 'tcp://127.0.0.1:*' \
    --status 'tcp://127.0.0.1:*' more.yaml >more.out 2>more.log
is "a larger cap goes on where the search was" "$?" 0
is "with just the difference evaluated" "$(grep -c '(search,' more.log)" 30
finish
