#!/bin/bash
# A worker's --slots, --threads, --name and --spool: so many trials at a time, each in a process of its own.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 40
ulimit -Sn 512
start_coordinator state study.yaml
wait_for "the endpoints" test -s state/endpoints
is "the coordinator takes as many descriptors, of which each worker needs one, as it may have" \
    "$(awk '/open files/ { print $4 }' "/proc/$pid/limits")" "$(ulimit -Hn)"
options="--connect $(endpoint state workers) --data nas-bench-macro=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz"

"$bin/layernas-worker" $options --threads 0 2>err
is "no threads at all are refused: exit status" $? 2
matches "with a line that says what may be" "$(head -1 err)" '--threads: "0"; a number from 1 to 1024'

"$bin/layernas-worker" $options --name "" 2>err
is "a name of no characters is refused: exit status" $? 2
matches "with a line that says so" "$(head -1 err)" '--name: ""; at least one character'

"$bin/layernas-worker" $options --spool /dev/null/spool 2>err
is "a spool that cannot be is refused: exit status" $? 2
matches "with the folder and why" "$(cat err)" '--spool /dev/null/spool: Not a directory'
is "in one line" "$(wc -l <err)" 1
touch file
XDG_STATE_HOME=$PWD/file "$bin/layernas-worker" $options --idle-exit 0 2>err
is "the default one need not be" $? 0
matches "and that is said" "$(cat err)" 'results that nobody acknowledges end with this worker: .*file'

LAYERNAS_TABLE_DELAY_MS=600000 "$bin/layernas-worker" $options --name three --slots 3 --threads 2 2>log &
worker=$!
running() { status_of state workers | jq -r '.rows[] | select(.name == "three") | .running | length'; }
all_at_work() { [ "$(running)" = 3 ]; }
wait_for "three trials at a time" all_at_work
is "it says how many slots it has" \
    "$(status_of state workers | jq -c '.rows[] | select(.name == "three") | [.slots, .threads]')" \
    '[3,2]'
slots=$(pgrep -P $worker)
is "each in a process of its own" "$(wc -w <<<$slots)" 3

kill -9 $worker
gone() { ! kill -0 $slots 2>/dev/null; }
wait_for "the slots to end with their worker" gone
pass "a worker that is killed leaves no slot behind"

"$bin/layernas-worker" $options --name one --threads 1024 2>log &
wait "$pid"
is "another worker ends the study" $? 0
matches "with a slot for its threads, of which it has more than processors" "$(cat state.log)" \
    'worker one came: slots 1, threads 1024'
is "one slot, one trial at a time: nothing came without credit" "$(grep -c 'without credit' log)" 0
finish
