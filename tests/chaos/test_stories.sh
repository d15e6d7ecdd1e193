#!/bin/bash
# Stories of real processes (tests/chaos/story), several at a time:
#
#     STORIES=1000 SEED=1 tests/chaos/test_stories.sh
#
# Each must end with what the undisturbed run found. Its last line says how many, of which kinds.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/chaos/cluster.sh"
export LAYERNAS_TABLE_DELAY_MS=15 # trials take long enough for an accident to fall into them
stories=${STORIES:-10} seed=${SEED:-1}
kinds=(disk kill network stop flip disk kill disk flip disk)
calm=$(mktemp -d)
trap 'end_all; rm -rf "$calm"' EXIT
cd "$calm" || exit 1

write_study
export FAULT_PROGRAM=layernas-coordinator FAULT_DIR="$calm/state" FAULT_KIND=none FAULT_COUNT="$calm/calls"
preload=$(faults) start_all
wait_until_over
unset FAULT_PROGRAM FAULT_COUNT
echo "# SEED=$seed; the undisturbed run changes files by $(cat calls) calls"
findings state >findings

number=0
while [ $number -lt "$stories" ]; do
    echo "${kinds[number % ${#kinds[@]}]} $((seed + number))"
    number=$((number + 1))
done | xargs -P "${JOBS:-5}" -L 1 sh -c '"$0/tests/chaos/story" "$2" "$3" "$1"' "$root" "$calm" >told
[ "$stories" -gt "${QUIET_FROM:-30}" ] && grep -v '^ok' told | sed 's/^/# /' || sed 's/^/# /' told

count() { grep -cE "^$1 " told; }
bad=$(grep -vc '^ok' told)
echo "# $(wc -l <told) stories: $(count lost) lost, $(count doubled) doubled, $(count differing) differing, $(count stuck) stuck"
if [ "$status" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$(wc -l <told)" -eq "$stories" ]; then
    echo "ok 1 - every story ends as if nothing had happened"
else
    echo "not ok 1 - every story ends as if nothing had happened"
fi
echo "1..1"
[ "$status" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$(wc -l <told)" -eq "$stories" ]
