#!/bin/bash
# A table with several trainings of each network: the search's seed says whose rewards it sees, in the
# daemon and in layernas-compare alike. And with the seconds that each took.
. "$(dirname "$0")/lib.sh"

macro_study base.yaml 60
source=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz
# A training took a second for each million multiply-adds, rounded down, and a half.
gzip -dc "$source" | awk -F, -v OFS=, 'NR == 1 { print $0, "s"; next } { print $0, int($8 / 1e6) + 0.5 }' \
    >table.csv
sed -e 's/reward: test_acc1/reward: [test_acc1, test_acc2, test_acc3], seconds: s/' \
    -e "s|$source|table.csv|" base.yaml >study.yaml

# How many search trials tell what the table has in their row.
agreeing() { # STATE TABLE-COLUMN TRIALS-COLUMN
    awk -F, -v want="$2" -v told="$3" '
        NR == FNR && FNR == 1 { for (i = 1; i <= NF; i++) table_column[$i] = i }
        NR == FNR { value[$1] = $table_column[want]; next }
        FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["stage"] == "search" {
            arch = $column["arch"]
            gsub(":", "", arch)
            n += $column[told] + 0 == value[arch] + 0
        }
        END { print n + 0 }' table.csv "$1/results/trials.csv"
}

"$bin/layernas-compare" --strategies random --seed 2 --runs 4 --budgets 60 --out offline --json \
    study.yaml >offline.json
is "a comparison ends with exit status 0" $? 0
for seed in 2 3 4 5; do
    sed "s/seed: 1/seed: $seed, strategy: random/" study.yaml >"seed$seed.yaml"
    start_coordinator "state$seed" "seed$seed.yaml" --local-workers 2
    wait "$pid"
    is "seed $seed: the daemon ends with exit status 0" $? 0
    is "seed $seed: rewards of its column" \
        "$(agreeing "state$seed" "test_acc$(((seed - 1) % 3 + 1))" reward)" 60
    is "seed $seed: the comparison's run of it finds the same" \
        "$(awk -F, -v seed=$seed '$3 == seed { print $6, $8 + 0 }' offline/runs.csv)" \
        "$(jq -r '"\(.arch) \(.reward)"' "state$seed/results/best.json")"
    is "seed $seed: seconds of the table" "$(agreeing "state$seed" s seconds)" 60
done
is "another seed's column is another" \
    "$(($(agreeing state2 test_acc1 reward) < 60))" 1

arch=$(awk -F, '$2 == "search" { arch = $5 } END { print arch }' state4/results/trials.csv)
grep -v "^${arch//:/}," table.csv >short.csv
sed -e 's|table.csv|short.csv|' -e "s/seed: 1/seed: 4, strategy: random/" study.yaml >short.yaml
start_coordinator short short.yaml --local-workers 2
wait "$pid"
is "a study goes on without a row" $? 0
is "that architecture is given up, no other" \
    "$(awk -F, '$4 == "quarantined" { print $2, $5 }' short/results/trials.csv)" "search $arch"
matches "and the reason names file and row" "$(cat short.log)" \
    "\($arch\) quarantined after 3 failures: .*short.csv: no row with arch = ${arch//:/}\$"

sed '2 s/[^,]*$/-1/' table.csv >spoilt.csv
sed 's|table.csv|spoilt.csv|' study.yaml >spoilt.yaml
"$bin/layernas-coordinator" --state spoilt --local-workers 1 --bind 'tcp://127.0.0.1:*' \
    --status 'tcp://127.0.0.1:*' spoilt.yaml >/dev/null 2>fault
check "seconds below 0 end it" test $? -ne 0
matches "and are said with file and line" "$(cat fault)" 'spoilt.csv:2: s: -1; seconds, 0 or more'
finish
