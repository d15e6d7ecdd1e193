# lib - what the integration tests share: TAP, programs started and stopped, waiting for events.
#
# Each test runs in a directory of its own, which goes away with everything it started. Waiting is
# always for something to happen, with a generous bound that only a broken program reaches.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$(cd "$root" && cd "${BUILD:-build}" && pwd)
data=$(cd "$root" && realpath -m "${LAYERNAS_DATA:-../shared/data}")
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state-home
count=0
failed=0

cleanup() {
    local pids
    pids=$(jobs -p)
    [ -z "$pids" ] || kill -9 $pids 2>/dev/null
    pkill -9 -f "$work" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
trap : KILL # catches nothing, but bash then says nothing of the programs that a test kills
cd "$work" || exit 1

pass() {
    count=$((count + 1))
    echo "ok $count - $1"
}

fail() {
    count=$((count + 1))
    failed=1
    echo "not ok $count - $1"
    shift
    [ $# -eq 0 ] || printf '# %s\n' "$@"
}

# check NAME COMMAND...: passes when the command succeeds.
check() {
    local name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name" "false: $*"; fi
}

# is NAME GOT WANTED
is() {
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2" "wanted: $3"; fi
}

# matches NAME TEXT PATTERN: an extended regular expression somewhere in the text.
matches() {
    if grep -qE -- "$3" <<<"$2"; then pass "$1"; else fail "$1" "got:    $2" "wanted: $3"; fi
}

skip_all() {
    echo "1..1"
    echo "ok 1 - nothing is tested # SKIP $1"
    echo "# skipped: $1"
    exit 0
}

finish() {
    echo "1..$count"
    exit $failed
}

# wait_for WHAT COMMAND...: until it succeeds; after a minute the test gives up.
wait_for() {
    local what=$1 tries=0
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 1200 ]; then
            fail "waited a minute for $what"
            finish
        fi
        sleep 0.05
    done
}

# The coordinator on ports of its own choice, in the background; its log is STATE.log. Sets pid.
start_coordinator() { # STATE STUDY [OPTION...]
    local state=$1 study=$2
    shift 2
    rm -f "$state/endpoints"
    "$bin/layernas-coordinator" --state "$state" --bind 'tcp://127.0.0.1:*' \
        --status 'tcp://127.0.0.1:*' "$@" "$study" >"$state.out" 2>>"$state.log" &
    pid=$!
}

# endpoint STATE workers|status
endpoint() {
    awk -v what="$2" '$1 == what { print $2 }' "$1/endpoints"
}

status_of() { # STATE QUERY, as JSON
    "$bin/layernas-status" --connect "$(endpoint "$1" status)" --json "$2"
}

# How many trials the coordinator has saved and said so.
saved_trials() { # STATE
    grep -cE 'trial [0-9]+ \(' "$1.log"
}

# A jq filter of the trials: whether each result that came is on disk.
all_saved='[.rows[].state] | index("saving") == null'

# Until it has saved 1 to MOST more, a random number of them, or has ended: a bound on how far a life
# gets, however fast the machine is.
await_some_trials() { # STATE PID MOST
    local target=$(($(saved_trials "$1") + RANDOM % $3 + 1))
    while kill -0 "$2" 2>/dev/null && [ "$(saved_trials "$1")" -lt $target ]; do
        sleep 0.005
    done
}

# A study on the NAS-Bench-Macro table. TRIALS, then any further lines of the study.
macro_study() { # FILE TRIALS
    need_table nas-bench-macro/nas_bench_macro_cifar10.csv.gz
    cat >"$1" <<END
name: macro
space: $root/deploy/spaces/nas-bench-macro.yaml
cost: {metric: madds, max: 50%}
search: {trials: $2, parallel: 4, seed: 1, sample: 4, forecasts_first: 4, forecasts: 2}
evaluate:
  with: table
  data: {name: nas-bench-macro, path: $data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz}
  table: {arch: arch, write: digits, reward: test_acc1, report: mean_acc}
final: {top: 3}
limits: {lease: 2, heartbeat: 1}
END
}

need_table() {
    [ -e "$data/$1" ] || skip_all "the benchmark table $1 is not here (LAYERNAS_DATA)"
}

# What a study found, without what may differ between two runs of it: times, workers, numbers of
# attempts.
findings() { # STATE
    cut -d, -f1-11 "$1/results/trials.csv"
    cat "$1/results/layers.csv" "$1/results/pareto.csv"
    jq -S '{arch, cost, reward, test_top1, trials, dropped, saved, tables, stop_reason}' \
        "$1/results/best.json"
}
