# cluster - a study, its coordinator and workers, for stories: started, waited for, ended.
# Expects $root, and $calm for the study. Everything that is started is remembered by its process id, and ended by it.
bin=$(cd "$root" && cd "${BUILD:-build}" && pwd)
trap : KILL # catches nothing, but bash then says nothing of what is killed
pids=()
preload=
coordinator= proxy= status=

pause() { # MILLISECONDS
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

faults() {
    local asan # which must come first, where there is one
    asan=$(ldd "$bin/layernas-coordinator" | awk '/libasan/ { print $3 }')
    echo "${asan:+$asan:}$bin/tests/chaos/fault.so"
}

# A table of four layers of four options, costs and accuracies uneven; the study of it.
write_study() {
    local a b c d
    {
        echo names:
        for a in a b c d; do echo "  - {name: $a, options: [${a}0, ${a}1, ${a}2, ${a}3]}"; done
    } >names.yaml
    {
        echo arch,acc,flops
        for a in 0 1 2 3; do for b in 0 1 2 3; do for c in 0 1 2 3; do for d in 0 1 2 3; do
            echo "$a:$b:$c:$d,$((40 + 3 * (a + b + c + d) + (a * 7 + b * 5 + c * 3 + d * 11) % 13)).$((a * 3 % 4))$((b + c + d)),$((100 + 7 * a + 11 * b + 13 * c + 17 * d + a * b))"
        done; done; done; done
    } >table.csv
    cat >study.yaml <<END
name: story
space: names.yaml
cost: {metric: table, column: flops, max: 60%}
search: {trials: 40, parallel: 4, seed: 1}
evaluate:
  with: table
  data: {name: bench, path: table.csv}
  table: {arch: arch, write: colons, reward: acc, report: acc}
final: {top: 3, seeds: 1}
limits: {lease: 2, heartbeat: 1}
END
}

# The same with workers of its own, in the background. Its log is state.log.
start_all() {
    coordinate --bind 'tcp://127.0.0.1:*' --local-workers 2
}

coordinate() { # OPTION...
    rm -f state/endpoints
    LD_PRELOAD=$preload "$bin/layernas-coordinator" --state "$PWD/state" \
        --status 'tcp://127.0.0.1:*' "$@" "$calm/study.yaml" >state.out 2>>state.log &
    coordinator=$!
    pids+=("$coordinator")
}

endpoint_of_workers() {
    local tries=0
    until [ -s state/endpoints ] || [ $tries -gt 200 ]; do
        tries=$((tries + 1))
        pause 50
    done
    awk '$1 == "workers" { print $2 }' state/endpoints
}

# Two workers of their own behind a bad network, which calms down after so many seconds.
start_apart() { # SEED SECONDS
    local n
    coordinate --bind 'tcp://127.0.0.1:*'
    endpoint=$(endpoint_of_workers)
    "$bin/tests/chaos/proxy" 'tcp://127.0.0.1:*' "$endpoint" "$1" "$2" >proxy.out 2>proxy.err &
    proxy=$!
    pids+=("$proxy")
    until [ -s proxy.out ]; do pause 20; done
    for n in 1 2; do
        "$bin/layernas-worker" --connect "$(head -1 proxy.out)" --slots 2 --idle-exit 120 \
            --data bench="$calm/table.csv" >worker-$n.log 2>&1 &
        pids+=($!)
    done
}

start_apart_again() {
    coordinate --bind "$endpoint"
}

workers_of() { # PID
    cat "/proc/$1/task/$1/children" 2>/dev/null | tr ' ' '\n' | grep .
}

# Processes and all that they have started.
tree_of() { # PID...
    local pid
    for pid; do
        echo "$pid"
        tree_of $(workers_of "$pid")
    done
}

# The coordinator's end: its status, 124 if it does not come.
wait_until_over() {
    local left=${PATIENCE:-120}
    while kill -0 "$coordinator" 2>/dev/null && [ $left -gt 0 ]; do
        wait_a_second_for "$coordinator"
        left=$((left - 1))
    done
    [ $left -gt 0 ] || kill -9 "$coordinator"
    wait "$coordinator" 2>/dev/null
    status=$?
    [ $left -gt 0 ] || status=124
}

wait_a_second_for() { # PID
    local tries=0
    while kill -0 "$1" 2>/dev/null && [ $tries -lt 50 ]; do
        tries=$((tries + 1))
        sleep 0.02
    done
}

end_all() {
    local all
    all=$(tree_of "${pids[@]}")
    [ -z "$all" ] || kill -9 $all 2>/dev/null
    wait 2>/dev/null
}

flip_bit() { # FILE OFFSET BIT
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "\\x$(printf %02x $((byte ^ (1 << $3))))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# What a study found, without what may differ between two runs of it.
findings() { # STATE
    cut -d, -f1-11 "$1/results/trials.csv"
    cat "$1/results/layers.csv" "$1/results/pareto.csv"
    jq -S '{arch, cost, reward, test_top1, trials, dropped, saved, tables, stop_reason}' \
        "$1/results/best.json"
}
