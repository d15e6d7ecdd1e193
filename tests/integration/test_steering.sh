#!/bin/bash
# Steering: what layernas-status tells a coordinator is true, stays true over kill -9, and is told twice
# with no harm.
. "$(dirname "$0")/lib.sh"

table=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz
export LAYERNAS_TABLE_DELAY_MS=100
macro_study study.yaml 40

tell() { # COMMAND [ARGUMENT]: its line in said, the whole answer in answer.json
    said=$("$bin/layernas-status" --connect "$(endpoint state status)" "$@" 2>&1)
    local rc=$?
    "$bin/layernas-status" --connect "$(endpoint state status)" --json "$@" >answer.json 2>/dev/null
    return $rc
}
start() {
    start_coordinator state study.yaml "$@"
    wait_for "the endpoints" test -s state/endpoints
}
killed() {
    kill -9 "$pid"
    wait "$pid"
    start "$@"
}
of() { status_of state "${2:-summary}" | jq -r "$1"; }
done_trials() { [ "$(of .done)" -ge "$1" ]; }
is_state() { [ "$(of .state)" = "$1" ]; }
worker() { # NAME: its pid in worker
    "$bin/layernas-worker" --connect "$(endpoint state workers)" --slots 1 --name "$1" \
        --data nas-bench-macro="$table" 2>>"$1.log" &
    worker=$!
}

start
bind=$(endpoint state workers) # of the next starts too, where workers look for it
worker left:1
left=$worker
wait_for "some trials" done_trials 3

# ---- pause, resume ----
tell pause
is "pause is obeyed" $? 0
matches "and says what is true" "$said" '^paused: nothing is handed out; trials that run on: [01]$'
is "told again, nothing changes" "$(jq -c '[.changed, .mode]' answer.json)" '[false,"paused"]'
nothing_runs() { [ "$(of .running)" = 0 ]; }
wait_for "the running trial to end" nothing_runs
saved() { [ "$(of "$all_saved" trials)" = true ]; }
wait_for "its result to be saved" saved
paused_at=$(of .done)
killed --bind "$bind"
is "a paused search is paused after a kill" "$(of .state)" paused
matches "as its log says" "$(cat state.log)" 'paused, as it was told'
is "and knows all that was done" "$(of .done)" "$paused_at"
back() { [ "$(of .workers)" = 1 ]; }
wait_for "the worker to come back" back
sleep 1
is "nothing is handed out meanwhile" "$(of '[.done, .running] | tostring')" "[$paused_at,0]"
tell resume
is "resume is obeyed" "$said" "running: trials are handed out"
is "told again, nothing changes" "$(jq .changed answer.json)" false
wait_for "more trials" done_trials $((paused_at + 2))

# ---- workers ----
tell put-aside left
is "a machine is put aside" "$said" "left is put aside and gets no trials; workers of that name here: 1"
is "told again, nothing changes" "$(jq -c '[.changed, .aside]' answer.json)" '[false,["left"]]'
wait_for "what it runs to end" nothing_runs
killed --bind "$bind"
wait_for "the worker to come back" back
is "after a kill it is put aside still" "$(of .rows[0].put_aside workers)" true
worker right
right=$worker
before=$(of .done)
wait_for "another worker to do the trials" done_trials $((before + 3))
is "as it gets them alone" "$(of '.rows[] | select(.name == "left:1").done' workers)" 0
tell take-back left:1
is "a worker of that machine cannot be taken back alone" $? 1
matches "as the line says" "$said" 'left:1 is put aside by the name of its machine'
tell take-back left
is "the machine can" "$said" "left gets trials; workers of that name here: 1"
is "told again, nothing changes" "$(jq -c '[.changed, .aside]' answer.json)" '[false,[]]'
left_works() { [ "$(of '.rows[] | select(.name == "left:1").done' workers)" -ge 1 ]; }
wait_for "it to work again" left_works

# ---- the cap ----
tell trials-cap 30
is "the cap is not lowered" $? 1
matches "as the line says" "$said" 'cap of 40 trials can be raised'
tell trials-cap 60
matches "it is raised" "$said" '^the search has at most 60 trials; done [0-9]+$'
is "told again, nothing changes" "$(jq -c '[.changed, .cap]' answer.json)" '[false,60]'
killed --bind "$bind"
is "after a kill the cap is as it was raised" "$(of .cap)" 60

# ---- stop, drain ----
tell stop
is "stop is obeyed" "$said" "stopping: what has arrived is stored; the same command goes on from there"
wait "$pid"
is "and is a clean stop" $? 3
matches "as the log says" "$(tail -1 state.log)" 'the same command goes on'
start --bind "$bind"
runs() { [ "$(of .running)" -ge 1 ]; }
wait_for "the next start to go on by itself" runs
kill -STOP "$left" "$right"
tell drain
matches "drain is obeyed" "$said" '^draining: stops once nothing runs; trials that run on: [12]$'
killed --bind "$bind"
is "after a kill it drains still" "$(of .state)" draining
kill -CONT "$left" "$right"
wait "$pid"
is "and stops when nothing runs any more" $? 3
matches "as the log says" "$(cat state.log)" 'drained: nothing runs any more'
start --bind "$bind"
wait "$pid"
is "the next start goes on to the end" $? 0
is "with exactly as many trials as the raised cap" "$(jq .trials state/results/best.json)" 60
kill "$left" "$right"

# The same study with that cap from the start, by one undisturbed run.
macro_study whole.yaml 60
start_coordinator whole whole.yaml --local-workers 1
wait "$pid"
is "it found what an undisturbed search with that cap finds" \
    "$(findings state | cksum)" "$(findings whole | cksum)"

# ---- who may ----
"$bin/layernas-coordinator" --keygen keys >made
mkdir anna && cp -p keys/server.pub keys/observer.key anna
macro_study other.yaml 2000
mv study.yaml old.yaml && mv state old && mv other.yaml study.yaml
start --keys keys
"$bin/layernas-status" --connect "$(endpoint state status)" --keys anna pause 2>err
is "an observer cannot steer" $? 1
is "and hears why" "$(cat err)" \
    "layernas-status: the coordinator answered: a command needs a control key, and this is the key observer"
is "who steers can" "$("$bin/layernas-status" --connect "$(endpoint state status)" --keys keys pause)" \
    "paused: nothing is handed out; trials that run on: 0"
is "it is counted" "$("$bin/layernas-status" --connect "$(endpoint state status)" --keys anna --json | jq .refused)" 1
kill "$pid"
wait "$pid"

usage() { # NAME ARGUMENT...
    local name=$1
    shift
    "$bin/layernas-status" "$@" 2>/dev/null
    is "$name is wrong usage" $? 2
}
usage "a cap without a number" trials-cap
usage "a cap that is no number" trials-cap many
usage "nobody put aside" put-aside
usage "two commands" pause resume
usage "a command that is watched" --watch pause
finish
