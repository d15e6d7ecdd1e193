#!/usr/bin/python3
"""Records what PyTorch computes for whole networks, for test_pytorch.c to compare the engine with.

    tests/gradient/make_reference.py        writes tests/gradient/reference/NAME.txt

Debian: python3-torch, python3-numpy. In double precision. Images and parameters come from one stream
of numbers u in [0, 1): the upper 24 bits of Knuth's linear congruential generator modulo 2^64,

    state = 6364136223846793005 state + 1442695040888963407;   u = (state >> 40) / 2^24

from the START of each network: first the images [n][channel][row][column], then for each operation in order its numbers, each
rounded to float32:

    images         4 u - 2
    weights        (2 u - 1) sqrt(6 / fan-in) of a convolution, sqrt(3 / fan-in) of a dense layer
    biases         0.4 u - 0.2
    norms          scale 0.5 + u, shift u - 0.5, running mean 0.4 u - 0.2, running variance 2 + 2 u

Image i has label 7 i modulo the number of classes. Lines:

    network NAME IMAGES LOGITS START   logits of an image; the lines below have as many or at most
                                   16 evenly spaced ones of each image
    eval LOGIT...                  with the running statistics above
    loss MEAN                      of the training pass
    train LOGIT...                 with the batch's statistics
    after LOGIT...                 with the running statistics that the training pass left
    gradient SIZE NORM SUM G...    of each parameter in order: Euclidean norm, sum, and the numbers
                                   at 0, a third and two thirds of the way"""

import os
import sys

import numpy
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
import pytorch_models as models  # noqa: E402

CASES = [
    ("mobilenet_v2", lambda: models.mobilenet_v2(32, 10), 32, 10, 4, 45),
    ("mobilenet_v3_small", lambda: models.mobilenet_v3_small(224, 1000), 224, 1000, 2, 1),
    ("mobilenet_v3_large", lambda: models.mobilenet_v3_large(32, 10), 32, 10, 8, 1),
    ("nats_size", lambda: models.nats_size([8, 8, 40, 32, 40], 10), 32, 10, 4, 1),
]
MULTIPLIER, INCREMENT = 6364136223846793005, 1442695040888963407
MODULUS = 1 << 64


class Stream:
    def __init__(self, start):
        self.state = start

    def draw(self, *shape):
        """Numbers of that shape, the last index fastest."""
        n = int(numpy.prod(shape))
        states = numpy.array([(MULTIPLIER * self.state + INCREMENT) % MODULUS], numpy.uint64)
        factor, offset = MULTIPLIER, INCREMENT  # of as many steps as there are states
        while len(states) < n:
            further = states * numpy.uint64(factor) + numpy.uint64(offset)
            states = numpy.concatenate([states, further])
            factor, offset = factor * factor % MODULUS, (factor * offset + offset) % MODULUS
        states = states[:n]
        self.state = int(states[-1])
        return (states >> numpy.uint64(40)).astype(numpy.float64).reshape(shape) / (1 << 24)


def tensor(numbers):
    return torch.from_numpy(numbers.astype(numpy.float32)).double()


def fill(model, stream):
    for m in model.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            fan_in = int(numpy.prod(m.weight.shape[1:]))
            bound = numpy.sqrt((6 if isinstance(m, nn.Conv2d) else 3) / fan_in)
            m.weight.data = tensor((2 * stream.draw(*m.weight.shape) - 1) * bound)
            if m.bias is not None:
                m.bias.data = tensor(0.4 * stream.draw(*m.bias.shape) - 0.2)
        elif isinstance(m, nn.BatchNorm2d):
            m.weight.data = tensor(0.5 + stream.draw(m.num_features))
            m.bias.data = tensor(stream.draw(m.num_features) - 0.5)
            m.running_mean.data = tensor(0.4 * stream.draw(m.num_features) - 0.2)
            m.running_var.data = tensor(2 + 2 * stream.draw(m.num_features))


def line(out, name, numbers):
    print(name, *("%.7g" % x for x in numbers), file=out)


def some_logits(logits):
    step = (logits.shape[1] + 15) // 16
    return logits.detach()[:, ::step].flatten().tolist()


def record(out, name, build, side, classes, n, start):
    stream = Stream(start)
    images = tensor(4 * stream.draw(n, 3, side, side) - 2)
    model = build().double()
    fill(model, stream)
    print("network", name, n, classes, start, file=out)
    with torch.no_grad():
        line(out, "eval", some_logits(model.eval()(images)))
    logits = model.train()(images)
    loss = nn.CrossEntropyLoss()(logits, 7 * torch.arange(n) % classes)
    loss.backward()
    line(out, "loss", [loss.item()])
    line(out, "train", some_logits(logits))
    with torch.no_grad():
        line(out, "after", some_logits(model.eval()(images)))
    for parameter in model.parameters():
        g = parameter.grad.flatten()
        size = len(g)
        line(out, "gradient %d" % size,
             [g.norm(), g.sum(), g[0], g[size // 3], g[2 * size // 3]])


def main():
    for name, *case in CASES:
        with open(os.path.join(HERE, "reference", name + ".txt"), "w") as out:
            record(out, name, *case)


main()
