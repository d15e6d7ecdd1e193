#!/bin/bash
# The systemd units, as `make install` puts them into place: checked by systemd-analyze, then run by a real
# systemd, in a container that has this machine's /usr and nothing else of it.
. "$(dirname "$0")/lib.sh"

command -v systemd-analyze >/dev/null || skip_all "there is no systemd-analyze"
need_table nas-bench-macro/nas_bench_macro_cifar10.csv.gz

install_to() { # DESTDIR PREFIX
    make -s -C "$root" install BUILD="${BUILD:-build}" DESTDIR="$1" PREFIX="$2" >install.log 2>&1
}

check "make install" install_to "" "$work/prefix"
for unit in layernas-worker.service layernas-coordinator@.service layernas-coordinator@study.service; do
    is "systemd-analyze finds nothing wrong with $unit" \
        "$(systemd-analyze verify "$work/prefix/lib/systemd/system/$unit" 2>&1; echo $?)" 0
done
is "units name the programs of their prefix" \
    "$(grep -h ^ExecStart "$work"/prefix/lib/systemd/system/*.service | grep -vc "=$work/prefix/bin/")" 0

# ---- a machine of its own ----

without_machine() {
    pass "run by a real systemd # SKIP $1"
    echo "# skipped: a real systemd: $1"
    finish
}
[ "$(id -u)" = 0 ] || without_machine "only root can start a container"
command -v systemd-nspawn >/dev/null || without_machine "there is no systemd-nspawn (systemd-container)"
[ -x /usr/lib/systemd/systemd ] && [ -L /bin ] || without_machine "no systemd, or no merged /usr"

leader=
remove_machine() {
    [ -z "$leader" ] || kill -9 "$leader" 2>/dev/null # and with it everything in there
    wait 2>/dev/null
    cleanup
    find /sys/fs/cgroup/*/"$group" /sys/fs/cgroup/"$group" -depth -type d -exec rmdir {} \; 2>/dev/null
}

# A control group of its own, in whichever hierarchies systemd may use, not among those of whoever runs this.
group=layernas-test-$$
enter_group() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup/{unified,systemd,.}; do
        [ -w "$hierarchy/cgroup.procs" ] && mkdir "$hierarchy/$group" &&
            echo $BASHPID >"$hierarchy/$group/cgroup.procs"
    done
}
trap remove_machine EXIT

mkdir -p machine/{etc/layernas/studies,usr,var,root,tmp,run,proc,sys,dev}
for folder in bin sbin lib lib64; do
    [ ! -e /$folder ] || ln -s usr/$folder machine/$folder
done
cp /usr/lib/os-release machine/etc/os-release
head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >machine/etc/machine-id
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >machine/etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >machine/etc/group
printf 'passwd: files systemd\ngroup: files systemd\nhosts: files\n' >machine/etc/nsswitch.conf
[ ! -d /etc/alternatives ] || cp -a /etc/alternatives machine/etc # libblas.so.3
cp /etc/ld.so.cache machine/etc
ln -s /usr/lib/systemd/system/multi-user.target machine/etc/default.target
install_to "$work/dest" /usr/local

(
    enter_group
    exec systemd-nspawn --quiet --directory=machine --machine="layernas-test-$$" --boot \
        --bind-ro=/usr --bind-ro="$work/dest/usr/local:/usr/local" --bind-ro="$data:/srv/data" \
        --bind-ro="$root/deploy/spaces:/etc/layernas/spaces" --private-network \
        --console=pipe --register=no --keep-unit --link-journal=no
) </dev/null >boot.log 2>&1 &
nspawn=$!
inside() { nsenter -t "$leader" -m -u -i -n -p -- "$@"; }
booted() {
    leader=$(pgrep -P $nspawn -f systemd) && inside systemctl is-system-running 2>/dev/null |
        grep -qE 'running|degraded'
}
tries=0
until booted || [ $tries -gt 300 ] || ! kill -0 $nspawn 2>/dev/null; do
    tries=$((tries + 1))
    sleep 0.1
done
booted || without_machine "systemd does not boot in a container here: $(tail -1 boot.log)"
echo "# $(inside systemctl --version | head -1)"

# ---- the units at work ----

property() { inside systemctl show -P "$2" "$1"; }
journal() { inside journalctl -q --no-pager -o cat -u "$1"; }
journal_says() { journal "$1" | grep -qE -- "$2"; }
is_state() { [ "$(property "$1" ActiveState)" = "$2" ]; }
# What systemd made of its end: a unit that ended well is known to the journal alone.
ending() { journal "$1" | grep -E 'Main process exited|Deactivated|Failed with' | tail -2 | tr '\n' ' '; }
summary() { inside /usr/local/bin/layernas-status --json 2>/dev/null | jq "$1"; }
done_trials() { [ "$(summary .done)" -ge "$1" ]; }
coordinator=layernas-coordinator@macro.service

studies=machine/etc/layernas/studies
macro_study $studies/macro.yaml 60
sed -i "s|$root/deploy/|../|; s|$data|/srv/data|" $studies/macro.yaml
table=/srv/data/nas-bench-macro/nas_bench_macro_cifar10.csv.gz
cat >machine/etc/layernas/worker.env <<EOF
LAYERNAS_WORKER_OPTIONS=--slots 2 --data nas-bench-macro=$table
LAYERNAS_TABLE_DELAY_MS=250
EOF
# A sanitizer that looks for leaks stops the process to do so, which these units do not let it.
echo ASAN_OPTIONS=detect_leaks=0 | tee -a machine/etc/layernas/worker.env \
    >machine/etc/layernas/coordinator.env

inside systemctl start layernas-worker
wait_for "the worker to run without a coordinator" journal_says layernas-worker 'no answer .*; trying on'
inside systemctl start $coordinator
wait_for "trials" done_trials 4
is "neither runs as root" "$(inside ps -o user= -C layernas-worker,layernas-coordinator | grep -c '^root')" 0

inside systemctl kill --kill-whom=main --signal=KILL layernas-worker
wait_for "a worker that is killed to be started again" journal_says layernas-worker 'Scheduled restart job'
inside systemctl kill --kill-whom=main --signal=KILL $coordinator
wait_for "the coordinator too" journal_says $coordinator 'taken up where an earlier run left it'
before=$(summary .done)
wait_for "the search to go on" done_trials $((${before:-0} + 4))

# Stopped, a worker hands back what it was at; nothing of that has failed.
inside systemctl stop layernas-worker
matches "a worker that is stopped says goodbye" "$(journal $coordinator | tail -3)" 'left \(goodbye\)'
matches "and has ended well" "$(ending layernas-worker)" 'Deactivated successfully'
is "no attempt has failed" "$(summary .failed_attempts)" 0
inside systemctl stop $coordinator
matches "a coordinator that is stopped says how it goes on" "$(journal $coordinator)" \
    'stopped with [0-9]+ of at most 60 trials done; the same command goes on'
matches "and has not failed: its status 3 is a success" "$(ending $coordinator)" \
    'Deactivated successfully. $'

inside systemctl start $coordinator layernas-worker
wait_for "the study to be done, and not started again" is_state $coordinator inactive
matches "it has ended well" "$(ending $coordinator)" 'Deactivated successfully. $'
check "its results are in the state directory" \
    grep -q '"trials": 60' machine/var/lib/layernas/macro/results/best.json
matches "and in the journal" "$(journal $coordinator)" 'the best network found'
is "the worker waits for another study" "$(property layernas-worker ActiveState)" active

# What is wrong stays wrong: one start, status 2.
sed 's/trials: 60/trials: many/' $studies/macro.yaml >$studies/bad.yaml
inside systemctl start layernas-coordinator@bad
wait_for "a wrong study to fail" is_state layernas-coordinator@bad failed
is "with status 2" "$(property layernas-coordinator@bad ExecMainStatus)" 2
is "and is not started again" "$(property layernas-coordinator@bad NRestarts)" 0
matches "the journal says why" "$(journal layernas-coordinator@bad)" 'bad.yaml:4: search.trials: .*many'
finish
