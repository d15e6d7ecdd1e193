#!/bin/bash
# Keys: who gets in with which, what each hears who does not, and a key that is taken away while its
# holder works. A coordinator that is knocked at by all of them serves its workers all the same.
. "$(dirname "$0")/lib.sh"

keygen() { "$bin/layernas-coordinator" --keygen "$@"; }
table=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz
export LAYERNAS_TABLE_DELAY_MS=100

keygen keys >made && keygen other >/dev/null && keygen keys worker-a worker-b observer-anna >/dev/null
is "keys are made, each once" "$(keygen keys 2>&1; echo $?)" \
    "layernas-coordinator: keys/server.key: is there already; nothing is overwritten
2"
is "whose secrets nobody else can read" "$(stat -c %a keys/*.key | sort -u)" 600
keygen keys worker-../x 2>err
is "a name that would lead elsewhere is refused" $? 2

# A folder for each machine and person, as one would carry them there.
folder() { # NAME SERVER KEY
    mkdir "$1" && cp -p "$2/server.pub" "$3" "$1"
}
folder a keys keys/worker-a.key
folder b keys keys/worker-b.key
folder anna keys keys/observer-anna.key
folder chief keys keys/control.key
folder stranger keys other/worker.key
folder lost other keys/worker.key
folder peeper keys other/observer.key

macro_study study.yaml 2000 # which no run of this test comes to the end of
macro_study short.yaml 20
refused() { # NAME PATTERN [OPTION...]
    local name=$1 pattern=$2
    shift 2
    start_coordinator none study.yaml "$@"
    wait "$pid"
    is "$name is refused" $? 2
    matches "in one line that says so" "$(head -1 none.log)" "$pattern"
    rm -f none.log
}
refused "an address for others, without keys" 'give --keys DIR' --bind 'tcp://*:*'
refused "a folder without keys" 'server.key' --keys "$work"
chmod 644 keys/server.key
refused "a secret that others can read" 'keys/server.key: others can read it' --keys keys
chmod 600 keys/server.key
chmod 777 keys
refused "a folder that others can write to" 'keys: others can write' --keys keys
chmod 700 keys

start_coordinator state study.yaml --keys keys --bind 'tcp://*:*' --status 'tcp://*:*'
wait_for "the endpoints" test -s state/endpoints
workers=$(endpoint state workers | sed 's/0\.0\.0\.0/127.0.0.1/')
status=$(endpoint state status | sed 's/0\.0\.0\.0/127.0.0.1/')
worker() { # NAME [OPTION...]: its log is NAME.log, its pid in worker
    local name=$1
    shift
    "$bin/layernas-worker" --connect "$workers" --slots 1 --name "$name" \
        --data nas-bench-macro="$table" "$@" 2>"$name.log" &
    worker=$!
}
ask() { # FOLDER [VIEW]
    "$bin/layernas-status" --connect "$status" --keys "$1" --json "${2:-summary}"
}

worker stranger --keys stranger
strangers=$worker
worker lost --keys lost
strangers+=" $worker"
worker naked
strangers+=" $worker"
says() { grep -qE "$2" "$1.log"; }
wait_for "the worker with another's key to be told" says stranger 'worker.key is not let in'
wait_for "the one that expects another coordinator" says lost 'server.pub its own'
wait_for "the one without keys" says naked '(without|for) a key.*--keys DIR'
worker b --keys b
b=$worker
worker a --keys a
a=$worker
done_by() { ask anna workers | jq -e ".rows[] | select(.name == \"$1\" and .done >= 3)"; }
wait_for "a worker to do some trials" done_by a
wait_for "and the other" done_by b
pass "workers with the right keys work, while others knock"
is "none of the others got in" "$(ask anna workers | jq .total)" 2
check "they were counted" test "$(ask anna | jq .turned_away)" -ge 3
is "who gets in is in the status" "$(ask anna | jq -r .open_to)" \
    "holders of keys: workers 3, observers 2, control 1"
matches "and each is named in the log" "$(cat state.log)" 'turned away at the workers socket, from 127.0.0.1: no .pub'

is "who steers may look" "$(ask chief | jq -r .study)" macro
ask peeper 2>err
is "another's key does not look" $? 1
matches "and hears why" "$(cat err)" 'observer.key is not let in'
"$bin/layernas-status" --connect "$status" 2>err
is "nobody looks without a key" $? 1
matches "as the line says" "$(cat err)" '(without|for) a key'
chmod 644 anna/observer-anna.key
ask anna 2>err
is "a key that others can read is not used" $? 2
is "and one line says so" "$(cat err)" \
    "layernas-status: --keys: anna/observer-anna.key: others can read it (mode 0644); chmod 600 it"
chmod 600 anna/observer-anna.key

mv keys/worker-a.pub gone.pub
wait "$a"
is "a worker whose key is removed is sent away" $? 1
matches "and hears why" "$(cat a.log)" 'refuses this worker: its key is not allowed any more'
matches "its trials are for others" "$(cat state.log)" 'worker a left \(its key is not allowed any more\)'
worker a --keys a
a=$worker
wait_for "it is not let in again" says a 'worker-a.key is not let in'
mv gone.pub keys/worker-a.pub
wait_for "until its key is back" says a 'connected to'

rm keys/observer-anna.pub
kill -HUP "$pid"
ask anna 2>err
is "an observer whose key is removed looks no more" $? 1

kill $strangers
kill "$pid"
wait "$pid"
is "the coordinator stops well" $? 3
kill "$a" "$b"

start_coordinator open study.yaml --insecure --bind 'tcp://*:*'
wait_for "the endpoints" test -s open/endpoints
is "--insecure is in the status" "$(status_of open summary | jq -r .open_to)" 'anybody (--insecure)'
matches "and in the log" "$(cat open.log)" 'anybody who reaches this port'
kill "$pid"
wait "$pid"
refused "--insecure with keys" 'give one' --keys keys --insecure

start_coordinator local short.yaml --keys keys --local-workers 2
wait "$pid"
is "local workers come with the coordinator's keys" $? 0
rm keys/worker.key keys/worker-?.key
start_coordinator keyless short.yaml --keys keys --local-workers 1
wait "$pid"
is "without a worker's key there are no local workers" $? 1
matches "as the last line says" "$(grep -v goes.on keyless.log)" 'a local worker cannot work here.*no worker.key'
finish
