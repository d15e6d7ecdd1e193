#!/bin/bash
# Nobody reads what the programs print, or there is nowhere to print to: the search goes on.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 12
coordinator() { # STATE; its standard streams are the caller's
    "$bin/layernas-coordinator" --state "$1" --bind 'tcp://127.0.0.1:*' --status 'tcp://127.0.0.1:*' \
        --local-workers 1 study.yaml
}
trials_of() { jq .trials "$1/results/best.json"; }

coordinator plain >/dev/null 2>&1
is "a search" $? 0

# A pipe whose reader has gone, as that of `| head -1`: the first line comes too late already.
mkfifo pipe
: <pipe &
exec 4>pipe
wait $!
coordinator piped >&4 2>&4
is "no reader for its output or its log: exit status" $? 0
is "and the results are there" "$(trials_of piped)" 12
coordinator piped >&4 2>plain.log
is "no reader for the results of a study that is done" $? 0
exec 4>&-

# What is opened first would get the number of a closed stream, and be printed into.
coordinator closed <&- >&- 2>&-
is "closed standard streams: exit status" $? 0
is "and the results are there" "$(trials_of closed)" 12
coordinator closed >out 2>/dev/null
matches "and the state is whole" "$(cat out)" 'trials +12 of at most 12'

start_coordinator state study.yaml
wait_for "the endpoints" test -s state/endpoints
"$bin/layernas-worker" --connect "$(endpoint state workers)" --slots 1 \
    --data nas-bench-macro="$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz" <&- >&- 2>&- &
wait "$pid"
is "a worker with closed standard streams ends the study" $? 0
is "and has failed nothing" "$(awk -F, 'NR > 1 { n += $NF } END { print n }' state/results/trials.csv)" 0
finish
