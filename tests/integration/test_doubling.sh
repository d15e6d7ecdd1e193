#!/bin/bash
# Stragglers: a worker that is alive but slow is not waited for, where another one has nothing to do; and
# what comes of it is what one worker finds alone.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 30
columns="--data nas-bench-macro=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz"

start_coordinator alone study.yaml --local-workers 1
wait "$pid"
is "one worker does the study: exit status" $? 0

# Of two workers one takes ten minutes for a trial, and says all the while that it runs.
worker() { # NAME DELAY_MS
    LAYERNAS_TABLE_DELAY_MS=$2 "$bin/layernas-worker" --connect "$(endpoint state workers)" $columns \
        --name "$1" --slots 1 --threads 1 --spool "spool-$1" 2>"$1.log" &
}
ask() { status_of state "$1" | jq -r "$2"; }
runs_on() { [ "$(ask workers ".rows[] | select(.name == \"$1\") | .running | length")" = 1 ]; }

start_coordinator state study.yaml
wait_for "the endpoints" test -s state/endpoints
worker slow 600000
slow=$!
wait_for "the slow worker to have a trial" runs_on slow
worker fast 0
wait_for "the straggler to be cancelled" grep -q 'cancelled: another worker was faster' slow.log
matches "the coordinator says who runs it too" "$(cat state.log)" 'trial 1 takes long: worker fast runs it too'
kill -9 $slow
wait "$pid"
is "the study ends long before the slow worker would: exit status" $? 0
is "as with one worker alone" "$(findings state)" "$(findings alone)"
is "nothing was lost but what the killed worker ran" "$(($(grep -c 'is lost' state.log) <= 1))" 1

# A restart in the middle of a double: both workers go on. (The test of a winner, the only one, would
# wait for the slow worker.)
macro_study study.yaml 8
sed -i 's/^final: .*/final: {top: 0}/' study.yaml
start_coordinator alone8 study.yaml --local-workers 1
wait "$pid"
rm -rf state state.log
start_coordinator state study.yaml
wait_for "the endpoints" test -s state/endpoints
ports="--bind $(endpoint state workers) --status $(endpoint state status)"
worker slow 600000
slow=$!
wait_for "the slow worker to have a trial" runs_on slow
worker steady 1500
twice() { [ "$(ask summary .running_twice)" = 1 ]; }
wait_for "a trial that runs twice" twice
kill -9 "$pid"
wait "$pid" 2>/dev/null
start_coordinator state study.yaml $ports
wait "$pid"
is "a restart in the middle: exit status" $? 0
kill -9 $slow
is "as with one worker alone, again" "$(findings state)" "$(findings alone8)"

# Where the study says so, nobody is doubled.
sed -i 's/heartbeat: 1/heartbeat: 1, doubling: false/' study.yaml
start_coordinator state2 study.yaml
wait_for "the endpoints" test -s state2/endpoints
LAYERNAS_TABLE_DELAY_MS=600000 "$bin/layernas-worker" --connect "$(endpoint state2 workers)" $columns \
    --name slow --slots 1 --spool spool-slow 2>slow.log &
slow=$!
running() { [ "$(status_of state2 workers | jq '[.rows[].running[]] | length')" = 1 ]; }
wait_for "the slow worker to have a trial" running
"$bin/layernas-worker" --connect "$(endpoint state2 workers)" $columns --name fast --slots 1 --spool spool-fast \
    2>fast.log &
idle() { status_of state2 workers | jq -e '.rows[] | select(.name == "fast" and .connected_s > 6 and .running == [])'; }
wait_for "the fast worker to wait" idle
is "with doubling: false nothing runs twice" \
    "$(status_of state2 summary | jq -c '[.doubled_attempts, .running_twice]')" '[0,0]'
kill -9 $slow
wait "$pid"
is "until the slow worker is gone: exit status" $? 0
finish
