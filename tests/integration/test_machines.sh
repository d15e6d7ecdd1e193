#!/bin/bash
# Several machines: network namespaces with an address each on one bridge. They come in any order, leave
# without a word, lose their link past the lease and get it back; the search is that of one machine.
. "$(dirname "$0")/lib.sh"

net=ln$$ # in the names of this run's namespaces
machines=()

remove_machines() {
    cleanup
    for machine in hub "${machines[@]}"; do
        ip netns del "$net-$machine" 2>/dev/null
    done
}

# A machine NAME with address 10.77.0.NUMBER, its cable plugged in.
machine() { # NAME NUMBER
    machines+=("$1")
    ip netns add "$net-$1" &&
        ip -n "$net-$1" link set lo up &&
        ip -n "$net-hub" link add "$1" type veth peer name eth0 netns "$net-$1" &&
        ip -n "$net-hub" link set "$1" master bridge up &&
        ip -n "$net-$1" addr add "10.77.0.$2/24" dev eth0 &&
        ip -n "$net-$1" link set eth0 up
}

on() { # MACHINE COMMAND...: the process has the pid that it would have without
    local machine=$1
    shift
    exec ip netns exec "$net-$machine" "$@"
}

unplug() { ip -n "$net-hub" link set "$1" down; }
plug() { ip -n "$net-hub" link set "$1" up; }

command -v ip >/dev/null || skip_all "there is no ip (iproute2)"
trap remove_machines EXIT
if ! { ip netns add "$net-hub" && ip -n "$net-hub" link add bridge type bridge &&
    ip -n "$net-hub" link set bridge up && machine probe 99; } 2>why; then
    skip_all "network namespaces are not permitted here: $(head -1 why)"
fi

macro_study study.yaml 300
start_coordinator calm study.yaml --local-workers 2
wait "$pid"
is "on one machine, undisturbed, the study ends" $? 0
findings calm >calm.findings

machine first 1 && machine second 2 && machine third 3 && machine fourth 4
table=$data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz

# Trials that take a second, so that whatever happens happens in the middle of some.
declare -A workers
worker() { # MACHINE SLOTS DELAY_MS
    LAYERNAS_TABLE_DELAY_MS=$3 on "$1" "$bin/layernas-worker" --connect tcp://10.77.0.1:5555 \
        --name "$1" --slots "$2" --data nas-bench-macro="$table" 2>>"$1.log" &
    workers[$1]=$!
}
coordinator() {
    on first "$bin/layernas-coordinator" --state state --bind tcp://10.77.0.1:5555 \
        --status tcp://10.77.0.1:5556 "$@" study.yaml >state.out 2>>state.log &
    pid=$!
}
says() { grep -qE -- "$2" "$1.log"; }
status() { (on "${2:-first}" "$bin/layernas-status" --connect tcp://10.77.0.1:5556 --json "$1"); }
done_by() { [ "$(status workers | jq -r ".rows[] | select(.name == \"$1\") | .done")" -ge "$2" ]; }
summary() { status summary | jq "$1"; }
running_on() { [ "$(status workers | jq ".rows[] | select(.name == \"$1\") | .running | length")" = "$2" ]; }

# Unplugs a machine in the middle of a trial. Between two, as where a layer waits for the other machine, it
# would have none to lose.
cut_off() { # MACHINE
    wait_for "$1 to be at a trial" cut_off_at_trial "$1"
}
cut_off_at_trial() {
    unplug "$1"
    running_on "$1" 1 || { plug "$1" && false; }
}
# By the trial's lease, or with all that the worker had if it was heard last before that began.
lost_its_trial() { says state "is lost: no sign of it from $1|worker $1 left \(silent\): [1-9]"; }

worker second 1 1000
worker third 1 1000
wait_for "workers without a coordinator" says third 'no answer from tcp://10.77.0.1:5555'

coordinator
wait "$pid"
is "an address that others reach is refused without --insecure" $? 2
is "in one line that names it" "$(grep -c 'tcp://10.77.0.1:5555.*--insecure' state.log)" 1

coordinator --insecure
wait_for "the workers that were there first" done_by second 1
wait_for "both of them" done_by third 1
matches "that anybody may take part is logged" "$(cat state.log)" 'warning: --bind tcp://10.77.0.1:5555: anybody .*--insecure'
check "the status is seen from another machine" test "$(status summary third | jq .workers)" = 2

# The second machine is gone, from one moment to the next: nothing says so.
cut_off second
kill -9 "${workers[second]}"
wait_for "its trial to be lost" lost_its_trial second
wait_for "it to be missed" says state 'worker second left \(silent\)'

worker fourth 3 1000
wait_for "a machine that joins in the middle, all its slots at work" running_on fourth 3
is "a worker works on as many trials as it has slots" "$(pgrep -cP "${workers[fourth]}")" 3

# The third machine's link is cut past the lease; its trial goes on, and ends, meanwhile.
cut_off third
wait_for "its trial to be lost" lost_its_trial third
wait_for "the worker to miss the coordinator" says third 'is silent; connecting anew'
plug third
wait_for "it to come back" says state 'worker third (came|is back): .*'
before=$(status workers | jq -r '.rows[] | select(.name == "third") | .done')
wait_for "more trials by it" done_by third $((${before:-0} + 1))

# The coordinator's machine falls silent and comes back up: no FIN or RST ever reaches the workers.
unplug first
saved() { [ "$(status trials | jq "$all_saved")" = true ]; }
wait_for "what has come to be saved" saved
kill -9 "$pid"
wait "$pid"
missed_twice() { [ "$(grep -c 'is silent' third.log)" -ge 2 ]; }
wait_for "the workers to miss it" missed_twice
plug first
known=$(saved_trials state)
coordinator --insecure
came_back() { [ "$(summary .workers)" = 2 ]; }
wait_for "the workers to come back" came_back
wait_for "more trials" done_by fourth 1
check "results from before are known" says state "taken up where an earlier run left it: $known results"

# Two machines are taken away with a word, and the second is repaired, and quick.
kill -TERM "${workers[third]}" "${workers[fourth]}"
wait "${workers[third]}"
is "a worker that is told to leave ends with exit status 0" $? 0
wait_for "its trial to be handed back at once" says state 'worker third left \(goodbye\)'
plug second
worker second 2 0
wait "$pid"
is "the study ends" $? 0
findings state >state.findings
is "tables, trials and winner are those of the undisturbed run on one machine" \
    "$(diff calm.findings state.findings | head -5)" ""
is "the cap on trials is exact" "$(grep -c ',search,' state/results/trials.csv)" 300
is "no finished trial was evaluated again" \
    "$(grep -oE 'trial [0-9]+ \(' state.log | sort | uniq -d | wc -l)" 0
check "the worker waits for another study" kill -0 "${workers[second]}"
finish
