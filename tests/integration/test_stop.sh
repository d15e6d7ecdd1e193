#!/bin/bash
# Stops and what comes after: SIGTERM, a worker that dies with a trial, one command at a time.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 60
export LAYERNAS_TABLE_DELAY_MS=100
start_coordinator state study.yaml
wait_for "the endpoints" test -s state/endpoints

"$bin/layernas-coordinator" --state state --bind 'tcp://127.0.0.1:*' --status 'tcp://127.0.0.1:*' \
    study.yaml 2>second.log
is "a second coordinator on the same state is refused" $? 1
matches "with a line that says who is there" "$(cat second.log)" "state.*$pid"

# A worker of its own, which dies in the middle of a trial.
worker_options="--connect $(endpoint state workers) --slots 1 --data nas-bench-macro=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz"
LAYERNAS_TABLE_DELAY_MS=600000 "$bin/layernas-worker" $worker_options 2>/dev/null &
worker=$!
running() { [ "$(status_of state summary | jq .running)" -ge "$1" ]; }
wait_for "a trial to run" running 1
kill -9 $worker
lost() { [ "$(status_of state summary | jq .lost_attempts)" -ge 1 ]; }
wait_for "its trial to be given up as lost" lost
is "a lost trial has not failed" "$(status_of state summary | jq .failed_attempts)" 0

"$bin/layernas-worker" $worker_options 2>worker.log &
worker=$!
done_trials() { [ "$(status_of state summary | jq .done)" -ge "$1" ]; }
wait_for "some trials by another worker" done_trials 5
is "the lost trial was handed out again" \
    "$(status_of state trials | jq -r '[.rows[] | select(.number == 1)][0].state')" done

kill -TERM "$pid"
wait "$pid"
is "SIGTERM is a clean stop with exit status 3" $? 3
matches "that says how to go on" "$(tail -1 state.log)" "goes on"
check "the worker waits for the coordinator to come back" kill -0 $worker

before=$(grep -c ',done,' state/results/trials.csv)
check "results of a stopped study are there" test "$before" -ge 5
port=$(endpoint state workers)
"$bin/layernas-coordinator" --state state --bind "$port" --status 'tcp://127.0.0.1:*' study.yaml \
    >state.out 2>>state.log &
pid=$!
wait "$pid"
is "the same command on the same port ends the study with the worker that waited" $? 0
is "nothing was evaluated twice" \
    "$(grep -oE 'trial [0-9]+ \(' state.log | sort | uniq -d | wc -l)" 0
kill -TERM $worker
wait $worker
is "SIGTERM ends a worker with exit status 0" $? 0
finish
