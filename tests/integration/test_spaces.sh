#!/bin/bash
# Every space whose images are here: a short study on them, from the study file to the test of the
# winner. Spaces for 224 x 224 pixels are given the images that there are, as `base:` lets anybody.
. "$(dirname "$0")/lib.sh"

cifar=$data/cifar10-subset
fashion=/usr/share/datasets/fashion-mnist

# The engine takes thirty times as long under the sanitizers, which gain nothing by a second space:
# tests/unit/test_spaces_train.c has the networks of all.
[[ $bin == *-san ]] && plain= || plain=yes

# Folders of few images: the final stage takes all that are not in the validation split.
few_cifar() {
    mkdir cifar
    head -c $((200 * 3073)) "$cifar/cifar10_train_00.bin" >cifar/train.bin
    head -c $((100 * 3073)) "$cifar/cifar10_test_00.bin" >cifar/test.bin
}

few_idx() {
    local part
    mkdir idx
    for part in train t10k; do
        { # 200 images of 28 x 28 bytes, 200 labels
            printf '\0\0\10\3\0\0\0\310\0\0\0\34\0\0\0\34'
            gzip -dc $fashion/$part-images-idx3-ubyte.gz | tail -c +17 | head -c $((200 * 784))
        } >idx/$part-images-idx3-ubyte
        {
            printf '\0\0\10\1\0\0\0\310'
            gzip -dc $fashion/$part-labels-idx1-ubyte.gz | tail -c +9 | head -c 200
        } >idx/$part-labels-idx1-ubyte
    done
}

# study SPACE MAX FORMAT FOLDER: four trials of networks that learn next to nothing.
study() {
    cat <<END_OF_STUDY
name: short
space: $1
cost: {metric: madds, max: $2}
search: {trials: 4, parallel: 1, seed: 1}
evaluate:
  with: train
  data: {name: images, format: $3, path: $4, train: 80, valid: 50}
  schedule: {epochs: 1, batch: 16, lr: 0.02, momentum: 0.9, decay: cosine, flip: true}
final: {top: 1, epochs: 1}
END_OF_STUDY
}

# try NAME SPACE MAX FORMAT FOLDER
try() {
    local name=$1 status best
    study "$2" "$3" "$4" "$5" >"$name.yaml"
    start_coordinator "$name" "$name.yaml" --local-workers 1
    wait "$pid"
    status=$?
    is "$name: done" $status 0
    [ $status -eq 0 ] || sed 's/^/# /' "$name.log"
    best=$(jq -r '"\(.trials) \(.test_top1 != null)"' "$name/results/best.json")
    is "$name: the trials, and the winner was tested" "$best" "4 true"
    is "$name: no attempt failed" "$(grep -c failed "$name/results/trials.csv")" 0
}

small_images() { # SPACE: its file with the input of CIFAR-10
    cat >"$1-32.yaml" <<END_OF_SPACE
base: $root/deploy/spaces/$1.yaml
input: {channels: 3, height: 32, width: 32, classes: 10}
END_OF_SPACE
    echo "$PWD/$1-32.yaml"
}

if [ -e $fashion ]; then
    few_idx
    try fashion-mobile "$root/deploy/spaces/fashion-mobile.yaml" 40% idx idx
else
    echo "# skipped: fashion-mobile: no images at $fashion"
fi
if [ ! "$plain" ]; then
    echo "# the spaces for colour images: on the plain build only"
elif [ -e "$cifar" ]; then
    few_cifar
    for space in nats-bench-size nas-bench-macro; do
        try $space "$root/deploy/spaces/$space.yaml" 30% cifar10 cifar
    done
    for space in mobilenet-v2-1.0 mobilenet-v2-1.4 mobilenet-v3-small mobilenet-v3-large \
        ofa-mobilenet-v3; do
        try $space "$(small_images $space)" 40% cifar10 cifar
    done
else
    echo "# skipped: the spaces for colour images: none at $cifar (LAYERNAS_DATA)"
fi
[ $count -gt 0 ] || skip_all "no images are here"
finish
