#!/bin/bash
# SIGKILL of the coordinator in the middle of trials: they run on and are not started again. And a
# worker that ends before anybody took its result: the next one brings it.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 6
table=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz
says() { grep -qE -- "$2" "$1.log"; }
starts() { cat "$@" | grep -c ' starts$'; }
started_twice() { cat "$@" | grep -oE '\([0-9:]+, [a-z]+\) starts$' | sort | uniq -d | wc -l; }
running() { [ "$(status_of state summary | jq .running)" = "$1" ]; }

coordinator() { # on the ports that it had
    start_coordinator state study.yaml --bind "$workers" --status "$status"
    wait_for "the coordinator to be back" test -s state/endpoints
}
worker() { # NAME SLOTS DELAY_MS
    LAYERNAS_TABLE_DELAY_MS=$3 "$bin/layernas-worker" --connect "$workers" --name "$1" --slots "$2" \
        --spool spool --data nas-bench-macro="$table" 2>>"$1.log" &
    worker=$!
}

start_coordinator state study.yaml
wait_for "the endpoints" test -s state/endpoints
workers=$(endpoint state workers) status=$(endpoint state status)
worker first 2 3000
wait_for "two trials to run" running 2
kill -9 "$pid"
wait "$pid"
is "they were started" "$(starts first.log)" 2
coordinator
wait_for "the new coordinator to know of them" running 2
wait_for "their results" says state 'trial 2 \(search'
is "and it has started none of them again" "$(started_twice first.log)" 0
is "nor lost them" "$(grep -c 'is lost' state.log)" 0

# The coordinator is away when the next ones end, and the worker is told to go.
two_more() { [ "$(starts first.log)" -ge 4 ]; }
wait_for "two more trials" two_more
kill -9 "$pid"
wait "$pid"
kept() { [ "$(ls spool | grep -c '\.result$')" = "$1" ]; }
wait_for "their results to be kept" kept 2
kill -TERM $worker
wait $worker
is "a worker that nobody answers ends with exit status 0" $? 0
matches "and says where its results are" "$(tail -1 first.log)" '2 results were not acknowledged: .* spool'

# One of the two files is damaged meanwhile.
truncate -s -1 "spool/$(ls spool | head -1)"
coordinator
worker second 1 0
wait "$pid"
is "the study ends" $? 0
matches "the next worker says what it brings" "$(cat second.log)" 'a worker that is gone: 1, from spool'
is "a damaged file is told in a line" "$(grep -c 'spool/.*: damaged.*; it is set aside' second.log)" 1
is "and is all that is left" "$(ls spool | sed 's/.*\.//')" damaged
is "only its trial was started again" "$(started_twice first.log second.log)" 1
is "no finished trial was evaluated again" \
    "$(grep -oE 'trial [0-9]+ \(' state.log | sort | uniq -d | wc -l)" 0
kill -TERM $worker
wait $worker

# Local workers, whose coordinator is all they have: they end with it, and their results stay.
start_coordinator local study.yaml
wait_for "the endpoints" test -s local/endpoints
kill -9 "$pid"
wait "$pid"
LAYERNAS_TABLE_DELAY_MS=300 start_coordinator local study.yaml --local-workers 2
one_done() { [ "$(saved_trials local)" -ge 1 ]; }
wait_for "a trial" one_done
kill -STOP "$pid" # it acknowledges nothing more
kept_local() { ls local/spool | grep -q '\.result$'; }
wait_for "a result that is not acknowledged" kept_local
kill -9 "$pid"
wait "$pid"
ended() { # a process that nobody waited for has ended too
    for pid in $(sed -nE 's/.*worker [^ ]*:([0-9]+) came.*/\1/p' local.log); do
        ! grep -q '^State:.[^ZX]' "/proc/$pid/status" || return 1
    done
}
wait_for "its workers to end" ended
done_before=$(cat local/logs/worker-*.log | grep -oE '[0-9:]+ done: ' | cut -d' ' -f1)
start_coordinator local study.yaml --local-workers 1 # a second one might ask before the first delivers
wait "$pid"
is "a study with local workers goes on" $? 0
matches "with the result that was kept" "$(cat local/logs/worker-*.log)" 'a worker that is gone: [1-9], from local/spool'
is "and nothing is left" "$(ls local/spool)" ""
is "no trial was started again that had ended" "$(for arch in $done_before; do
    cat local/logs/worker-*.log | grep -cF "($arch, search) starts"
done | sort -u)" 1
finish
