#!/bin/bash
# From a search to the winner's file, which says on its own what it is, and how good.
. "$(dirname "$0")/lib.sh"

images=/usr/share/datasets/fashion-mnist
[ -e $images ] || skip_all "the images of Debian's package dataset-fashion-mnist are not here"
first() { # NAME N: the first images and labels of a set, so that this is quick on any build
    local n
    n=$(printf '\\x%02x\\x%02x' $(($2 / 256)) $(($2 % 256)))
    { printf "\\0\\0\\x08\\x03\\0\\0$n\\0\\0\\0\\x1c\\0\\0\\0\\x1c"
      zcat "$images/$1-images-idx3-ubyte.gz" | tail -c +17 | head -c $((784 * $2)); } |
        gzip -1 >"few/$1-images-idx3-ubyte.gz"
    { printf "\\0\\0\\x08\\x01\\0\\0$n"
      zcat "$images/$1-labels-idx1-ubyte.gz" | tail -c +9 | head -c "$2"; } |
        gzip -1 >"few/$1-labels-idx1-ubyte.gz"
}
mkdir few
first train 1000
first t10k 1000
images=$work/few
cat >study.yaml <<END
name: small
space: $root/deploy/spaces/fashion-mobile.yaml
cost: {metric: madds, max: 1.0M}
search: {trials: 2, parallel: 1, seed: 1}
evaluate:
  with: train
  data: {name: clothes, train: 300, valid: 700, path: $images}
  schedule: {epochs: 1, batch: 16, lr: 0.05}
final: {top: 1, epochs: 2, decay: step, milestones: [0.5], ema: 0.9}
END
start_coordinator state study.yaml --local-workers 1
wait "$pid"
is "the study is done" $? 0
weights=state/results/winner.weights

"$bin/layernas-worker" --evaluate $weights --data clothes=$images --json >found.json 2>found.err
is "the winner's file can be evaluated" $? 0
is "it gives the test accuracy of the study" "$(jq .test_top1 found.json)" \
    "$(jq .test_top1 state/results/best.json)"
is "and knows it" "$(jq .recorded_top1 found.json)" "$(jq .test_top1 found.json)"
check "which is better than chance" jq -e '.test_top1 > 30' found.json
is "it is the winner" "$(jq -c '[.study, .arch, .madds, .params]' found.json)" \
    "$(jq -c '[.study, .arch, .madds, .params]' state/results/best.json)"
check "normalised by the training images" \
    jq -e '.normalisation | (.mean[0] - 72.9 | fabs) < 1 and (.deviation[0] - 90 | fabs) < 1' found.json
"$bin/layernas-worker" --evaluate $weights --data clothes=$images >found.txt
matches "people read the same" "$(cat found.txt)" "^test +$(jq -r '.correct * 100 / .total' found.json)"
is "the file in weights/ does as well, but for the study's name" \
    "$("$bin/layernas-worker" --evaluate state/weights/*.weights --data clothes=$images --json |
        jq -c '[.test_top1, .recorded_top1, .study]')" "[$(jq .test_top1 found.json),null,null]"

# ---- what cannot be evaluated: one line, and an exit status ----

refused() { # NAME STATUS PATTERN ARGUMENT...
    local name=$1 want=$2 pattern=$3 out status
    shift 3
    out=$("$bin/layernas-worker" "$@" 2>&1)
    status=$?
    is "$name: exit status" $status "$want"
    matches "$name" "$out" "$pattern"
    is "$name: one line" "$(wc -l <<<"$out")" 1
}

refused "no such file" 2 "nowhere: No such file or directory" --evaluate nowhere
refused "a folder" 2 "state: Is a directory" --evaluate state
refused "another file" 2 "study.yaml: weights: not a file of weights" --evaluate study.yaml
head -c 20000 $weights >cut.weights
refused "a cut file" 2 "cut.weights: weights: damaged, the checksum is wrong" --evaluate cut.weights
cp $weights changed.weights
printf 'x' | dd of=changed.weights bs=1 seek=50000 conv=notrunc 2>/dev/null
refused "a changed file" 2 "changed.weights: weights: damaged" --evaluate changed.weights
refused "a data set that nobody named" 2 "data set clothes: where is it\\? --data clothes=PATH" \
    --evaluate $weights
mkdir empty
refused "a data set that is not there" 1 "empty/t10k-images-idx3-ubyte.gz: cannot be opened" \
    --evaluate $weights --data clothes=empty
"$bin/layernas-worker" --json 2>json.err
is "--json alone: exit status" $? 2
finish
