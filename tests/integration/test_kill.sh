#!/bin/bash
# SIGKILL of coordinator and workers, at random moments, again and again: the same command goes on,
# no finished trial is evaluated again, and the search ends as if nothing had happened.
. "$(dirname "$0")/lib.sh"

seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "# SEED=$seed"
macro_study study.yaml 150

start_coordinator calm study.yaml --local-workers 2
wait "$pid"
is "undisturbed, the study ends" $? 0
findings calm >calm.findings

# Trials take long enough for a kill to fall into the middle of them.
export LAYERNAS_TABLE_DELAY_MS=15

# Kills the coordinator, and in half of the cases its workers, at a random moment after it has saved
# 1 to 12 more trials.
kill_soon() { # STATE PID
    local workers
    await_some_trials "$1" "$2" 12
    sleep "0.0$((RANDOM % 5))$((RANDOM % 10))"
    workers=$(pgrep -P "$2")
    [ $((RANDOM % 2)) = 0 ] || workers=
    kill -9 "$2" $workers 2>/dev/null # left alone, they are to notice
}

touch killed.log
kills=0
while :; do
    start_coordinator killed study.yaml --local-workers 2
    kill_soon killed "$pid" &
    killer=$!
    wait "$pid"
    status=$?
    wait $killer
    [ $status -eq 137 ] || break
    kills=$((kills + 1))
    [ $kills -lt 200 ] || break
done
is "the study ends after $kills kills" "$status" 0
check "it was killed often enough to mean something" test $kills -ge 4
findings killed >killed.findings
is "tables, trials and winner are those of the undisturbed run" \
    "$(diff calm.findings killed.findings | head -5)" ""
# One line a trial that was evaluated and saved, over all starts.
is "no finished trial was evaluated again" \
    "$(grep -oE 'trial [0-9]+ \(' killed.log | sort | uniq -d | wc -l)" 0

# Workers alone: the coordinator's supervision brings them back.
start_coordinator workers study.yaml --local-workers 2
for _ in 1 2 3 4 5; do
    sleep 0.3
    pkill -9 -P "$pid"
done
wait "$pid"
is "workers killed again and again: the study ends" $? 0
findings workers >workers.findings
is "as if nothing had happened" "$(diff calm.findings workers.findings | head -5)" ""
finish
