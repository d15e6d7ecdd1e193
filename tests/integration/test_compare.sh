#!/bin/bash
# What the daemon makes is what layernas-compare makes offline, trial for trial: for every strategy,
# with 1, 2 and 16 workers, and with coordinator and workers killed at random.
. "$(dirname "$0")/lib.sh"

seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "# SEED=$seed"
macro_study study.yaml 60
strategies='layernas,plain=layernas{guided: false},random,evolution,children=evolution{children: 8},local,ppo'
"$bin/layernas-compare" --strategies "$strategies" --runs 1 --budgets "$(seq -s, 1 60)" --out offline \
    --trials --json study.yaml >offline.json
is "a comparison ends with exit status 0" $? 0
is "a line for each strategy and budget" "$(jq '.summary | length' offline.json)" 420
is "the same in the file" "$(wc -l <offline/summary.csv)" 421

offline_trials() { # LABEL: number, architecture, cost, reward
    awk -F, -v s="$1" '$1 == s { printf "%d,%s,%d,%.4f\n", $4, $5, $6, $7 }' offline/trials.csv
}
daemon_trials() { # STATE
    awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
        $2 == "search" {
            printf "%d,%s,%d,%.4f\n", $1, $column["arch"], $column["cost"], $column["reward"]
        }' "$1/results/trials.csv"
}
same_trials() { # NAME STATE LABEL
    daemon_trials "$2" >got
    offline_trials "$3" >wanted
    is "$1: 60 trials" "$(wc -l <got)" 60
    is "$1: those of the comparison" "$(diff got wanted)" ""
}
study_with() { # LABEL SETTINGS
    sed "s/seed: 1/seed: 1, $2/" study.yaml >"$1.yaml"
}

study_with layernas 'strategy: layernas'
study_with plain 'strategy: layernas, guided: false'
study_with random 'strategy: random'
study_with evolution 'strategy: evolution'
study_with children 'strategy: evolution, children: 8'
study_with local 'strategy: local'
study_with ppo 'strategy: ppo'

for label in layernas plain random evolution children local ppo; do
    for workers in 1 2 16; do
        start_coordinator $label-$workers $label.yaml --local-workers $workers
        wait "$pid"
        same_trials "$label, $workers workers" $label-$workers $label
    done
done

# Until it ends by itself: another 1 to 20 trials, and somebody is killed.
export LAYERNAS_TABLE_DELAY_MS=15
kill_soon() { # STATE PID
    local victims
    await_some_trials "$1" "$2" 20
    victims=$(pgrep -P "$2" | shuf -n 1 --random-source=<(yes $RANDOM))
    [ $((RANDOM % 2)) = 0 ] || victims="$2 $victims"
    kill -9 $victims 2>/dev/null
}
for label in layernas plain random evolution children local ppo; do
    kills=0 status=137
    : >killed-$label.log
    while [ $status -eq 137 ] && [ $kills -lt 50 ]; do
        start_coordinator killed-$label $label.yaml --local-workers 2
        while kill -0 "$pid" 2>/dev/null; do
            kill_soon killed-$label "$pid"
            kills=$((kills + 1))
        done
        wait "$pid"
        status=$?
    done
    is "$label: ends by itself, killed up to $kills times" $status 0
    same_trials "$label, killed" killed-$label $label
done

"$bin/layernas-compare" --strategies layernas,magic study.yaml >/dev/null 2>fault
is "an unknown strategy is wrong usage" $? 2
matches "and said in a line" "$(cat fault)" \
    'study.yaml:4: search.strategy: "magic"; allowed: layernas, random'
is "each column of rewards is held against the report" \
    "$("$bin/layernas-compare" --correlation --rewards test_acc1,test_acc2 --json study.yaml |
        jq -r '.[] | .reward, .report, .sets[0].architectures, (.sets[0].tau_b | . > 0.8 and . < 1)' | paste -sd ' ')" \
    "test_acc1 mean_acc 6561 true test_acc2 mean_acc 6561 true"
"$bin/layernas-compare" --correlation --assumption study.yaml >/dev/null 2>fault
is "one thing at a time" $? 2
is "a study's seed may be 0, and so may the first run's" \
    "$("$bin/layernas-compare" --seed 0 --runs 2 --budgets 20 --strategies random --json study.yaml |
        jq '.summary[0].distinct_runs')" 2
for seed in '' -1 1x 4294967295; do
    "$bin/layernas-compare" --seed "$seed" study.yaml >/dev/null 2>fault
    is "seed '$seed' is wrong usage" $? 2
done
"$bin/layernas-compare" --trials study.yaml >/dev/null 2>fault
is "trials need a place" $? 2
finish
