#!/bin/bash
# What the daemon finds with real workers is what layernas-compare finds offline, trial for trial.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 60
strategies=layernas,random,evolution,local,ppo
"$bin/layernas-compare" --strategies $strategies --runs 1 --budgets "$(seq -s, 1 60)" --out offline \
    --json study.yaml >offline.json
is "a comparison ends with exit status 0" $? 0
is "a line for each strategy and budget" "$(jq '.summary | length' offline.json)" 300
is "the same in the file" "$(wc -l <offline/summary.csv)" 301

# The best reward inside the target after each trial, from runs.csv and from trials.csv.
offline_curve() { # STRATEGY
    awk -F, -v s="$1" '$1 == s { printf "%.4f\n", $8 }' offline/runs.csv
}
daemon_curve() { # STATE
    awk -F, -v max="$(jq '.target[1]' "$1/results/best.json")" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
        $2 == "search" {
            if ($column["cost"] <= max && $column["reward"] > best) best = $column["reward"]
            printf "%.4f\n", best
        }' "$1/results/trials.csv"
}

for strategy in ${strategies//,/ }; do
    sed "s/seed: 1/seed: 1, strategy: $strategy/" study.yaml >"$strategy.yaml"
    start_coordinator "$strategy" "$strategy.yaml" --local-workers 2
    wait "$pid"
    is "$strategy: the daemon ends with exit status 0" $? 0
    is "$strategy: all trials are there" "$(daemon_curve "$strategy" | wc -l)" 60
    is "$strategy: the daemon finds what the comparison finds" \
        "$(daemon_curve "$strategy" | md5sum)" "$(offline_curve "$strategy" | md5sum)"
done

"$bin/layernas-compare" --strategies layernas,magic study.yaml >/dev/null 2>fault
is "an unknown strategy is wrong usage" $? 2
matches "and said in a line" "$(cat fault)" \
    'study.yaml:4: search.strategy: "magic"; allowed: layernas, random'
finish
