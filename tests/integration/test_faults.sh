#!/bin/bash
# Wrong things typed and broken things met: one clear line, the right exit status, nothing damaged.
. "$(dirname "$0")/lib.sh"

macro_study study.yaml 20
coordinator() {
    "$bin/layernas-coordinator" --bind 'tcp://127.0.0.1:*' --status 'tcp://127.0.0.1:*' "$@" \
        >out 2>err </dev/null
}

# refused NAME STATUS PATTERN: what the last command said and how it ended.
refused() { # NAME STATUS WANTED PATTERN
    is "$1: exit status" "$2" "$3"
    matches "$1: says why" "$(cat err)" "$4"
    is "$1: in one line" "$(grep -vc '^2[0-9-]*T.*Z ' err)" 1
}

coordinator nowhere.yaml
refused "no study file" $? 2 "nowhere.yaml: .*No such file|nowhere.yaml: no such file"

sed 's/trials: 20/trials: many/' study.yaml >bad.yaml
coordinator bad.yaml
refused "a word for a number" $? 2 'bad.yaml:4: search.trials: .*many'

sed 's/trials/trails/' study.yaml >bad.yaml
coordinator bad.yaml
refused "a field that does not exist" $? 2 'bad.yaml:4: .*trails.*trials'

printf 'name: [\n' >bad.yaml
coordinator bad.yaml
refused "not YAML" $? 2 'bad.yaml:[0-9]+: '

sed "s|max: 50%|max: 1000|" study.yaml >bad.yaml
coordinator bad.yaml
refused "a target no architecture meets" $? 2 'bad.yaml:3: cost.*cheapest'

sed "s|$root/deploy/spaces/nas-bench-macro.yaml|space.yaml|" study.yaml >bad.yaml
sed 's/expand: 3/expand: three/' "$root/deploy/spaces/nas-bench-macro.yaml" >space.yaml
coordinator bad.yaml
refused "a bad space" $? 2 'space.yaml:[0-9]+: .*expand.*three'

head -c 40 /dev/urandom >broken.gz
sed "s|path: .*csv.gz|path: broken.gz|; s/metric: madds/metric: table, column: flops/" study.yaml >bad.yaml
coordinator bad.yaml
refused "a corrupt cost table" $? 2 'broken.gz'

"$bin/layernas-coordinator" --plan study.yaml >/dev/full 2>err
refused "a plan that nobody gets" $? 1 'standard output: '

coordinator --local-workers=-1 study.yaml
is "a wrong option: exit status" $? 2
coordinator --state /proc/nothing study.yaml
refused "an unwritable state directory" $? 1 '/proc/nothing'

touch file
coordinator --state file study.yaml
refused "a file where the state directory should be" $? 1 'file'

start_coordinator busy study.yaml
wait_for "the endpoints" test -s busy/endpoints
"$bin/layernas-coordinator" --state other --bind "$(endpoint busy workers)" \
    --status 'tcp://127.0.0.1:*' study.yaml 2>err
refused "a busy port" $? 1 "$(endpoint busy workers).*in use"

coordinator --state beyond --bind 'tcp://*:0' study.yaml
refused "listening beyond this machine without --insecure" $? 2 'insecure'

kill -TERM "$pid"
wait "$pid"
sed 's/seed: 1/seed: 2/' study.yaml >changed.yaml
coordinator --state busy changed.yaml
refused "a study changed since its state was written" $? 2 'search.seed.*1.*2|search.seed.*2.*1'

# Data that a worker does not have, or cannot read, fails trials and says so.
cat >train.yaml <<END
name: train
space: $root/deploy/spaces/fashion-mobile.yaml
cost: {metric: madds, max: 1.0M}
search: {trials: 2}
evaluate:
  with: train
  data: {name: images, format: idx, train: 100, valid: 100, path: images}
  schedule: {epochs: 1, batch: 32, lr: 0.05}
END
mkdir images
for part in train t10k; do
    head -c 100 /dev/urandom >images/$part-images-idx3-ubyte
    head -c 100 /dev/urandom >images/$part-labels-idx1-ubyte
done
start_coordinator broken train.yaml --local-workers 1
quarantined() { [ "$(status_of broken summary | jq .quarantined)" -ge 1 ]; }
wait_for "a trial on corrupt images to be quarantined" quarantined
matches "its reason names the file" \
    "$(status_of broken trials | jq -r '.rows[] | select(.state == "quarantined") | .reason')" \
    'images/train-images-idx3-ubyte'
kill -9 "$pid"
wait

"$bin/layernas-status" --connect "$(endpoint broken status)" --timeout 1 2>err
refused "status of a coordinator that is not there" $? 1 "$(endpoint broken status)"
"$bin/layernas-status" nonsense 2>err
is "a wrong status query: exit status" $? 2
"$bin/layernas-worker" --slots 0 2>err
is "a wrong worker option: exit status" $? 2
"$bin/layernas-worker" --data nonsense 2>err
is "a wrong data option: exit status" $? 2
finish
