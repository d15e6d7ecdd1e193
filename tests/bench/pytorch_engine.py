#!/usr/bin/python3
"""Trains the networks of bench_engine.c with PyTorch, for comparison.

    pytorch_engine.py NETWORK BATCH SECONDS THREADS

Prints "LAYOUT IMAGES_PER_SECOND" for each memory layout: the same steps on synthetic images that
bench_engine does, forward, loss, backward and SGD with Nesterov momentum. Of one thread by the
processor's time, of more by the wall's."""

import sys
import time

import torch
from torch import nn

import pytorch_models as models

NETWORKS = {
    "fashion": (models.fashion, (1, 28, 28)),
    "mobilenet_v2": (lambda: models.mobilenet_v2(32, 10), (3, 32, 32)),
    "mobilenet_v3_large": (lambda: models.mobilenet_v3_large(32, 10), (3, 32, 32)),
    "nats_size_64": (lambda: models.nats_size([64] * 5, 10), (3, 32, 32)),
    "nas_bench_macro": (lambda: models.nas_bench_macro("22212220"), (3, 32, 32)),
}


def images_per_second(network, batch, seconds, layout, clock):
    torch.manual_seed(1)
    build, shape = NETWORKS[network]
    model = build().to(memory_format=layout)
    images = torch.randn(batch, *shape).to(memory_format=layout)
    labels = torch.arange(batch) % 10
    criterion = nn.CrossEntropyLoss()
    sgd = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def step():
        sgd.zero_grad(set_to_none=True)
        criterion(model(images), labels).backward()
        sgd.step()

    for _ in range(2):
        step()
    start, steps = clock(), 0
    while clock() - start < seconds:
        step()
        steps += 1
    return steps * batch / (clock() - start)


def main():
    network, batch, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    threads = int(sys.argv[4])
    clock = time.process_time if threads == 1 else time.perf_counter
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    for name, layout in [("NCHW", torch.contiguous_format), ("channels-last", torch.channels_last)]:
        print(name, "%.1f" % images_per_second(network, batch, seconds, layout, clock), flush=True)


main()
