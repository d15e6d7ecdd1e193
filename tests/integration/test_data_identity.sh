#!/bin/bash
# Results of one study come from one and the same data, on however many machines it lies.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 2000
table=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz
gzip -dc "$table" >plain.csv
sed '2s/\.[0-9]*/.5/' plain.csv >other.csv
head -c 2000 "$table" >broken.csv.gz
sed 's/, path: [^}]*//' study.yaml >nopath.yaml
export LAYERNAS_TABLE_DELAY_MS=50

workers=()
state=state
worker() { # NAME [OPTION...]
    local name=$1
    shift
    "$bin/layernas-worker" --connect "$(endpoint $state workers)" --name "$name" --slots 1 "$@" \
        2>"$name.log" &
    workers+=($!)
}
says() { grep -qE -- "$2" "$1.log"; }
digest_in() { grep -oE "digest [0-9a-f]{32}" "$1" | head -1; }
done_by() { status_of $state workers | jq -r ".rows[] | select(.name == \"$1\") | .done"; }
works() { [ "$(done_by "$1")" -ge 1 ]; }

# The coordinator has no data of its own: that of the first worker is the study's.
start_coordinator state nopath.yaml
wait_for "the endpoints" test -s state/endpoints
worker gzipped --data nas-bench-macro="$table"
wait_for "a worker with the data" works gzipped
worker plain --data nas-bench-macro=plain.csv
worker other --data nas-bench-macro=other.csv
worker none
worker broken --data nas-bench-macro=broken.csv.gz
wait_for "a worker with the same data, not gzipped" works plain
wait_for "word to the worker with other data" says other 'no trials'
wait_for "word to the worker without" says none 'no trials'
wait_for "word to the worker with a broken file" says broken 'no trials'
is "plain and gzipped data have one digest" "$(digest_in plain.log)" "$(digest_in gzipped.log)"
check "changed data has another" test "$(digest_in other.log)" != "$(digest_in plain.log)"
matches "other data: one line that names the data set and both digests" \
    "$(grep 'no trials' other.log)" \
    "nas-bench-macro.*$(digest_in other.log).*$(digest_in plain.log | cut -d' ' -f2)"
matches "no data: one line that says what to do" "$(grep 'no trials' none.log)" \
    'nas-bench-macro: this worker does not have it; --data nas-bench-macro='
matches "data that cannot be read: the file and why" "$(grep 'no trials' broken.log)" \
    'broken.csv.gz: damaged gzip data'
is "each of them is told once" "$(cat other.log none.log broken.log | grep -c 'no trials')" 3
matches "the coordinator says it too" "$(grep 'other gets no trials' state.log)" 'other data'
is "none of them got a trial" "$(cat other.log none.log broken.log | grep -c 'starts')" 0
is "and they stay, for another study" \
    "$(status_of state workers | jq -r '[.rows[] | select(.put_aside) | .name] | sort | join(" ")')" \
    "broken none other"

# Data is looked at again when it has changed, whichever way.
cp "$table" broken.csv.gz
wait_for "a worker whose data was put right" works broken
pass "data that is put right is noticed"
cp plain.csv mine.csv
worker mine --data nas-bench-macro=mine.csv
wait_for "one more worker" works mine
cp other.csv mine.csv
wait_for "word to a worker whose data has become another" says mine 'no trials.*other data'
started=$(grep -c starts mine.log)
done_before=$(done_by mine)
others=$(done_by plain)
more() { [ "$(done_by plain)" -gt $((others + 20)) ]; }
wait_for "trials by others" more
is "nor does it get any more" "$(grep -c starts mine.log) $(done_by mine)" "$started $done_before"

# The data is the study's from the first result on, whatever restarts.
kill -9 "$pid" "${workers[@]}"
wait
workers=()
start_coordinator state nopath.yaml
wait_for "the endpoints" test -s state/endpoints
worker other --data nas-bench-macro=other.csv
wait_for "word to the worker with other data, which came first now" says other 'no trials'
worker plain --data nas-bench-macro=plain.csv
wait_for "a worker with the right data" works plain
is "after a restart the data is what it was" "$(grep -c starts other.log)" 0
kill -TERM "$pid"
wait "$pid"

sed "s|path: [^}]*|path: $work/other.csv|" study.yaml >changed.yaml
"$bin/layernas-coordinator" --state state --bind 'tcp://127.0.0.1:*' --status 'tcp://127.0.0.1:*' \
    changed.yaml 2>err
is "a study whose data at data.path has changed is refused: exit status" $? 2
matches "with one line that names field, file and both digests" "$(tail -1 err)" \
    "changed.yaml: evaluate.data.path: $work/other.csv has digest [0-9a-f]{32}; .* $(digest_in plain.log)"

# What no result came of binds nobody.
sed -i "s/trials: 2000/trials: 40/" study.yaml changed.yaml
start_coordinator fresh changed.yaml
wait_for "the endpoints" test -s fresh/endpoints
kill -9 "$pid"
wait "$pid"
start_coordinator fresh study.yaml --local-workers 2
wait "$pid"
is "begun with the wrong data and put right before the first result, the study goes on" $? 0
matches "with the right data" "$(grep -o 'digest .*' fresh.log | tail -1)" "$(digest_in plain.log)"

# A worker whose trial ends while the study is begun anew with other data.
state=anew
start_coordinator anew nopath.yaml
wait_for "the endpoints" test -s anew/endpoints
port=$(endpoint anew workers)
LAYERNAS_TABLE_DELAY_MS=1000 worker former --data nas-bench-macro=plain.csv
former=$!
wait_for "a trial to run" says former 'starts'
kill -STOP "$former" # its slot goes on
kill -9 "$pid"
wait "$pid" 2>/dev/null
"$bin/layernas-coordinator" --state anew --bind "$port" --status 'tcp://127.0.0.1:*' nopath.yaml \
    >anew.out 2>>anew.log &
pid=$!
worker latter --data nas-bench-macro=other.csv
wait_for "results from the other data" works latter
sleep 1 # no more than a chance for the trial to end: whichever it is at, its result is not to count
kill -CONT "$former"
wait_for "word to the worker that was first" says former 'no trials'
wait_for "the end of its trial" says former 'is cancelled: its data|a result is refused: .*data|results that wait in'
is "nothing of it counts" "$(done_by former)" 0
kill -9 "$pid"
wait "$pid" 2>/dev/null

# A worker that was started for this study alone ends, and the study with it.
start_coordinator alone nopath.yaml --local-workers 1
wait "$pid"
is "local workers that do not have the data end the run" $? 1
matches "with their reason" "$(grep 'cannot work here' alone.log)" \
    'nas-bench-macro: this worker does not have it'
finish
