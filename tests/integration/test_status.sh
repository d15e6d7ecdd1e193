#!/bin/bash
# layernas-status as a user runs it: a study watched from before its start, over a crash, to its end;
# lists, why, and a terminal that is given back as it was.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 60
socket=ipc://$work/status
export LAYERNAS_TABLE_DELAY_MS=500

"$bin/layernas-status" -c "$socket" --watch 0.2 >watch.out 2>watch.err &
watcher=$!
wait_for "the line that says who is waited for" grep -q "^waiting for coordinator at $socket$" watch.out
start_coordinator state study.yaml --status "$socket" --local-workers 2
wait_for "a first screen" grep -qE '^study   \[#+\.*\] [0-9]+ of at most 60 trials' watch.out
wait_for "a layer's table" grep -q '^bucket  ' watch.out
pass "watching begins before the coordinator does"

status() { "$bin/layernas-status" -c "$socket" "$@"; }
wait_for "six trials" eval 'test "$(status --json | jq .done)" -ge 6'
wait_for "a second layer" eval 'test "$(status diagnosis --json | jq ".layers | length")" -ge 2'
status pause >/dev/null # so that it is not over before all is asked
is "--last bounds a list" "$(status trials --last 3 --json | jq '.rows | length')" 3
is "--all has every row" "$(status trials --all --json | jq -s 'map(.rows[].number) == [range(1; .[0].total + 1)]')" true
is "why is asked of the best" "$(status why --json | jq '.candidate.arch == .best.arch and (.steps | length) > 0')" true
matches "and of any architecture" "$(status why 0:0:0:0:0:0:0:0)" '^answer    '
is "no line is wider than a terminal" \
    "$({ status; for view in layers trials workers pareto best why diagnosis; do status $view; done; } | awk 'length > 80')" ""
is "a diagnosis of a search that runs" \
    "$(status diagnosis --json | jq '.bound == 60 and .agreement.total == 0 and .agreement.tau_b == null and
        ([.layers[] | .each | map(.results) | add] | add) >= 5')" true
is "and all of it in pages" \
    "$(status diagnosis --all --json | jq -s 'map(.layers[].opening) == [range(0; .[0].total)]')" true
status why 0:9 >why.out 2>why.err
is "an architecture that the space lacks is an error" $? 1
matches "and is told in one line" "$(cat why.err)" '^layernas-status: .*0:9: 2 layers; the space has 8$'
status trials --last 0 >last.out 2>last.err
is "wrong usage is exit status 2" $? 2

# A terminal: the other screen, a signal, and everything as it was.
script -qefc "echo \$\$ >watch.pid; exec '$bin/layernas-status' -c '$socket' --watch 0.2" tty.out \
    </dev/null >/dev/null &
terminal=$!
wait_for "a screen on the terminal" grep -q 'Pareto front' tty.out
is "no thread of it may take a signal away" \
    "$(grep -h '^SigBlk' "/proc/$(cat watch.pid)/task/"*/status | grep -vc '[2367abef]$')" 0
kill -INT "$(cat watch.pid)"
wait "$terminal"
is "SIGINT ends it with exit status 0" $? 0
check "it entered the other screen" grep -q $'\033\\[?1049h\033\\[?25l' tty.out
check "and gave the terminal back" grep -q $'\033\\[?25h\033\\[?1049l' tty.out

kill -9 "$pid"
wait "$pid" 2>/dev/null
wait_for "word of its absence" grep -q "^waiting for coordinator at $socket, last seen [0-9]* s ago$" watch.out
lines=$(wc -l <watch.out)
LAYERNAS_TABLE_DELAY_MS=200
start_coordinator state study.yaml --status "$socket" --local-workers 2
wait_for "its return" eval "tail -n +$((lines + 1)) watch.out | grep -q '^study   '"
pass "it goes on when the coordinator is back"
status resume >/dev/null

wait "$watcher"
is "it ends by itself, with exit status 0" $? 0
wait "$pid"
is "with the study" $? 0
matches "with the final words" "$(tail -12 watch.out)" '^state     done: trial cap reached$'
matches "and the winner" "$(tail -12 watch.out)" "^arch      $(jq -r .arch state/results/best.json)$"
is "the diagnosis is among the results" \
    "$(jq -r '.state, .note, .agreement.total, .winner.candidate.arch' state/results/diagnosis.json | paste -sd ' ')" \
    "done trial cap reached 3 $(jq -r .arch state/results/best.json)"
matches "also for people" "$(cat state/results/diagnosis.txt)" '^state     done: trial cap reached$'
is "in lines no wider than a terminal" "$(awk 'length > 80' state/results/diagnosis.txt)" ""
is "nothing but that was said" "$(cat watch.err)" ""
is "no line was wider than a terminal" "$(awk 'length > 80' watch.out)" ""
finish
