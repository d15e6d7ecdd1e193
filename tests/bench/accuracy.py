#!/usr/bin/python3
"""Trains one network with layernas and with PyTorch by the same recipe, and compares the accuracies.

    accuracy.py [--seeds N] [--build DIR] [--data DIR] [--bf16] [RECIPE...]

RECIPE: one of those below; all of them without. With --bf16 layernas with `precision: bf16` is compared
with layernas in float, from the same seeds, and PyTorch stays out of it. A study of a single trial has a worker train the
network from N seeds (its final stage) and measures each file of weights with layernas-worker
--evaluate. PyTorch builds the network from what layernas-coordinator --describe says of it, and
trains on as many images of the same files, stratified, on one thread. Prints top-1 on the test
images, as a table in Markdown: mean and standard deviation over the seeds, and the difference with
its standard error. Some minutes each."""

import argparse
import gzip
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from torch import nn

SMALL_COLOUR_SPACE = """
input: {channels: 3, height: 32, width: 32, classes: 10}
stem:
  - conv: {out: 16, kernel: 3, stride: 2}
  - mbconv: {expand: 3, kernel: 3, out: 24}
  - mbconv: {expand: 3, kernel: 3, out: 40, stride: 2}
  - mbconv: {expand: 3, kernel: 3, out: same}
  - mbconv: {expand: 3, kernel: 5, out: 64, stride: 2}
layers:
  - name: last
    options:
      - mbconv: {expand: 3, kernel: 3, out: same}
head:
  - conv: {out: 128, kernel: 1}
  - pool: {kind: avg, size: all}
  - dense: {out: classes}
"""

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
FASHION = dict(data="fashion-mnist", format="idx", arch="0:0:1:1:7:0:4", all=60000, valid=50000,
               space=os.path.join(ROOT, "deploy/spaces/fashion-mobile.yaml"))
CIFAR = dict(data="cifar10-subset", format="cifar10", arch="0", all=8000, valid=500, space=None)

RECIPES = {
    "fashion": dict(FASHION, schedule=dict(
        epochs=6, batch=64, lr=0.1, weight_decay=5e-4, decay="cosine", flip=True)),
    "cifar": dict(CIFAR, schedule=dict(
        epochs=10, batch=64, lr=0.1, weight_decay=5e-4, label_smoothing=0.1, decay="cosine",
        warmup=1, crop=4, flip=True)),
    "cifar-rmsprop": dict(CIFAR, schedule=dict(
        epochs=10, batch=64, optimizer="rmsprop", alpha=0.9, epsilon=1e-3, lr=0.01,
        weight_decay=1e-5, decay="step", gamma=0.1, milestones=[0.5, 0.75], warmup=1, ema=0.99,
        crop=4, flip=True)),
}


# ---- layernas ----

def write_yaml_map(values):
    return json.dumps(values)  # flow style is YAML


def write_study(recipe, folder, seeds, path):
    space = recipe["space"]
    if not space:
        space = os.path.join(folder, "space.yaml")
        with open(space, "w") as out:
            out.write(SMALL_COLOUR_SPACE)
    study = os.path.join(folder, "study.yaml")
    with open(study, "w") as out:
        out.write("name: accuracy\nspace: %s\ncost: {metric: madds, max: 100%%}\n" % space)
        out.write('search: {trials: 1, default: "%s"}\nevaluate:\n  with: train\n' % recipe["arch"])
        out.write("  data: {name: %s, format: %s, train: 500, valid: %d, path: %s}\n" % (
            recipe["data"], recipe["format"], recipe["valid"], path))
        search = dict(recipe["schedule"], epochs=1)
        out.write("  schedule: %s\n" % write_yaml_map(search))
        out.write("final: {top: 1, seeds: %d, epochs: %d}\n" % (seeds, recipe["schedule"]["epochs"]))
    return study


def train_layernas(recipe, build, study, folder, path):
    state = os.path.join(folder, "state")
    start = time.monotonic()
    subprocess.run([os.path.join(build, "layernas-coordinator"), "--state", state, "--bind",
                    "tcp://127.0.0.1:*", "--status", "tcp://127.0.0.1:*", "--local-workers", "1",
                    study], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    weights = os.path.join(state, "weights")
    top1 = []
    for name in sorted(os.listdir(weights)):
        found = subprocess.run([os.path.join(build, "layernas-worker"), "--evaluate",
                                os.path.join(weights, name), "--json", "--data",
                                "%s=%s" % (recipe["data"], path)],
                               check=True, capture_output=True)
        top1.append(json.loads(found.stdout)["test_top1"])
    return top1, seconds


# ---- images ----

def read_bytes(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8)


def read_idx(directory, part):
    prefix = os.path.join(directory, {"train": "train", "test": "t10k"}[part])
    pixels = read_bytes(prefix + "-images-idx3-ubyte.gz")[16:].reshape(-1, 1, 28, 28)
    return pixels, read_bytes(prefix + "-labels-idx1-ubyte.gz")[8:].astype(np.int64)


def read_cifar(directory, part):
    names = sorted(n for n in os.listdir(directory) if re.search(part + r".*\.bin$", n))
    records = np.concatenate([read_bytes(os.path.join(directory, n)) for n in names])
    records = records.reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64)


def choose(labels, n, rng):
    """n images, as many of each class."""
    classes = [rng.permutation(np.flatnonzero(labels == c)) for c in np.unique(labels)]
    return np.concatenate([c[:n // len(classes)] for c in classes])


def augment(images, schedule, rng):
    """Crops after zero padding, and flips, of bytes."""
    n, _, height, width = images.shape
    pad = schedule.get("crop", 0)
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    top, left = rng.integers(0, 2 * pad + 1, n), rng.integers(0, 2 * pad + 1, n)
    mirrored = rng.integers(0, 2, n) * schedule.get("flip", False)
    out = np.empty_like(images)
    for i in range(n):
        view = padded[i, :, top[i]:top[i] + height, left[i]:left[i] + width]
        out[i] = view[:, :, ::-1] if mirrored[i] else view
    return out


# ---- PyTorch ----

class Network(nn.Module):
    """The operations that --describe lists, one by one."""

    def __init__(self, ops):
        super().__init__()
        self.ops = ops
        self.parts = nn.ModuleList(self.make(op) for op in ops)

    def make(self, op):
        kind, out = op["kind"], op["output"]
        if kind in ("conv", "norm", "dense"):
            channels, height, width = self.ops[op["inputs"][0]]["output"]
        if kind == "conv":
            conv = nn.Conv2d(channels, out[0], op["kernel"], op["stride"], op["pad"],
                             groups=op["groups"], bias=op["bias"])
            fan_out = out[0] // op["groups"] * op["kernel"][0] * op["kernel"][1]
            nn.init.normal_(conv.weight, 0, math.sqrt(2 / fan_out))
            if op["bias"]:
                nn.init.zeros_(conv.bias)
            return conv
        if kind == "norm":
            return nn.BatchNorm2d(channels)
        if kind == "act":
            return {"relu": nn.ReLU, "relu6": nn.ReLU6}[op["activation"]]()
        if kind == "pool":
            pool = {"avg": nn.AvgPool2d, "max": nn.MaxPool2d}[op["pooling"]]
            return pool(op["kernel"], op["stride"], op["pad"])
        if kind == "dense":  # uniform, by 1 / sqrt(inputs), as PyTorch has it
            return nn.Linear(channels * height * width, out[0], bias=op["bias"])
        if kind in ("input", "add"):
            return nn.Identity()
        sys.exit("an operation that this program does not know: " + kind)

    def forward(self, x):
        values = []
        for op, part in zip(self.ops, self.parts):
            if op["kind"] == "input":
                values.append(x)
                continue
            inputs = [values[i] for i in op["inputs"]]
            if op["kind"] == "dense":
                inputs = [inputs[0].flatten(1)]
            values.append(inputs[0] + inputs[1] if op["kind"] == "add" else part(inputs[0]))
        return values[-1]


def learning_rate(schedule, step, steps, per_epoch):
    """worker/engine/optimizer.h"""
    warm = schedule.get("warmup", 0) * per_epoch
    if step < warm:
        return schedule["lr"] * (step + 1) / (warm + 1)
    if schedule["decay"] == "cosine":
        return schedule["lr"] * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))
    return schedule["lr"] * schedule["gamma"] ** sum(step >= m * steps
                                                     for m in schedule["milestones"])


def make_optimizer(model, schedule):
    decaying = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [dict(params=decaying, weight_decay=schedule["weight_decay"]),
              dict(params=others, weight_decay=0)]
    if schedule.get("optimizer") == "rmsprop":
        return torch.optim.RMSprop(groups, schedule["lr"], alpha=schedule["alpha"],
                                   eps=schedule["epsilon"], momentum=0.9)
    return torch.optim.SGD(groups, schedule["lr"], momentum=0.9, nesterov=True)


class Average:
    """Of parameters and running statistics; nothing at all without ema."""

    def __init__(self, model, ema):
        self.model, self.ema, self.steps = model, ema, 0
        self.kept = [v.clone() for v in self.values()]

    def values(self):
        return [v for v in self.model.state_dict().values() if v.is_floating_point()]

    def update(self):
        d = min(self.ema, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        if self.ema:
            for kept, value in zip(self.kept, self.values()):
                kept.lerp_(value, 1 - d)

    def put_in(self):
        if self.ema:
            for kept, value in zip(self.kept, self.values()):
                value.copy_(kept)


def train_pytorch(recipe, ops, train, test, seed):
    schedule, batch = recipe["schedule"], recipe["schedule"]["batch"]
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    chosen = choose(train[1], recipe["all"] - recipe["valid"], rng)
    images, labels = train[0][chosen], torch.from_numpy(train[1][chosen])
    mean = images.mean(axis=(0, 2, 3)).reshape(1, -1, 1, 1)
    deviation = images.std(axis=(0, 2, 3)).reshape(1, -1, 1, 1)

    def normalised(some):
        return torch.from_numpy(((some - mean) / deviation).astype(np.float32))

    model = Network(ops)
    optimizer = make_optimizer(model, schedule)
    average = Average(model, schedule.get("ema", 0))
    criterion = nn.CrossEntropyLoss(label_smoothing=schedule.get("label_smoothing", 0))
    per_epoch = math.ceil(len(images) / batch)
    step, start = 0, time.monotonic()
    for _ in range(schedule["epochs"]):
        order = rng.permutation(len(images))
        for i in range(0, len(images), batch):
            some = order[i:i + batch]
            rate = learning_rate(schedule, step, per_epoch * schedule["epochs"], per_epoch)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            criterion(model(normalised(augment(images[some], schedule, rng))),
                      labels[some]).backward()
            optimizer.step()
            average.update()
            step += 1
    seconds = time.monotonic() - start
    average.put_in()
    model.eval()
    correct = 0
    with torch.no_grad():
        for i in range(0, len(test[0]), 500):
            logits = model(normalised(test[0][i:i + 500]))
            correct += int((logits.argmax(1).numpy() == test[1][i:i + 500]).sum())
    return 100 * correct / len(test[0]), seconds


# ---- the table ----

def where(recipe, args):
    return (os.path.join(args.data, "cifar10-subset") if recipe["format"] == "cifar10"
            else "/usr/share/datasets/fashion-mnist")


def run_layernas(recipe, args):
    """Its accuracies, its seconds, and the network's operations."""
    path = where(recipe, args)
    with tempfile.TemporaryDirectory() as folder:
        study = write_study(recipe, folder, args.seeds, path)
        described = subprocess.run([os.path.join(args.build, "layernas-coordinator"), "--describe",
                                    recipe["arch"], "--json", study], check=True,
                                   capture_output=True)
        top1, seconds = train_layernas(recipe, args.build, study, folder, path)
    return top1, seconds, json.loads(described.stdout)["ops"]


def run_pytorch(recipe, args, ops):
    read = {"idx": read_idx, "cifar10": read_cifar}[recipe["format"]]
    train, test = (read(where(recipe, args), part) for part in ("train", "test"))
    runs = [train_pytorch(recipe, ops, train, test, seed) for seed in range(1, args.seeds + 1)]
    return [r[0] for r in runs], sum(r[1] for r in runs)


def compare(name, recipe, args):
    ours, our_seconds, ops = run_layernas(recipe, args)
    if args.bf16:
        theirs, their_seconds = ours, our_seconds
        rounded = dict(recipe, schedule=dict(recipe["schedule"], precision="bf16"))
        ours, our_seconds, _ = run_layernas(rounded, args)
    else:
        theirs, their_seconds = run_pytorch(recipe, args, ops)
    means = [statistics.mean(v) for v in (ours, theirs)]
    deviations = [statistics.stdev(v) for v in (ours, theirs)]
    error = math.sqrt(sum(d * d / args.seeds for d in deviations))
    print("| %s | %.2f +- %.2f | %.2f +- %.2f | %+.2f +- %.2f |" % (
        name, means[0], deviations[0], means[1], deviations[1], means[0] - means[1], error))
    print("# %s: %s %s in %.0f s, %s %s in %.0f s" % (
        name, columns(args)[0], " ".join("%.2f" % v for v in ours), our_seconds, columns(args)[1],
        " ".join("%.2f" % v for v in theirs), their_seconds), file=sys.stderr, flush=True)


def columns(args):
    if args.bf16:
        return "bf16", "float"
    return "layernas", "PyTorch " + torch.__version__.split("+")[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--data", default=os.environ.get("LAYERNAS_DATA",
                                                         os.path.join(ROOT, "../shared/data")))
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("recipe", nargs="*", choices=[[], *RECIPES])
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print("| recipe | %s, test top-1 in %% | %s | difference |\n|---|---|---|---|" % columns(args),
          flush=True)
    for name in args.recipe or RECIPES:
        compare(name, RECIPES[name], args)
        sys.stdout.flush()


main()
