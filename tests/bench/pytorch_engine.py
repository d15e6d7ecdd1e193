#!/usr/bin/python3
"""Trains the networks of bench_engine.c with PyTorch on one thread, for comparison.

    pytorch_engine.py NETWORK BATCH SECONDS     fashion | mobilenet_v2

Prints "LAYOUT IMAGES_PER_SECOND" for each memory layout: the same steps on synthetic images that
bench_engine does, forward, loss, backward and SGD with Nesterov momentum."""

import sys
import time

import torch
from torch import nn


def conv_norm_act(channels, out, kernel, stride=1, groups=1, act=nn.ReLU):
    parts = [nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False),
             nn.BatchNorm2d(out)]
    return nn.Sequential(*parts, *([act(inplace=True)] if act else []))


class MBConv(nn.Module):
    def __init__(self, channels, expand, kernel, out, stride, act):
        super().__init__()
        wide = channels * expand
        parts = [conv_norm_act(channels, wide, 1, act=act)] if expand > 1 else []
        parts += [conv_norm_act(wide, wide, kernel, stride, wide, act),
                  conv_norm_act(wide, out, 1, act=None)]
        self.body = nn.Sequential(*parts)
        self.residual = stride == 1 and channels == out

    def forward(self, x):
        return self.body(x) + x if self.residual else self.body(x)


def head(channels, wide, act):
    return [conv_norm_act(channels, wide, 1, act=act), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(wide, 10)]


def fashion():
    parts = [conv_norm_act(1, 16, 3, 2)]
    channels = 16
    for out, stride in [(16, 1), (24, 2), (24, 1), (32, 2), (32, 1)]:
        parts.append(MBConv(channels, 3, 3, out, stride, nn.ReLU))
        channels = out
    return nn.Sequential(*parts, *head(channels, 128, nn.ReLU)), (1, 28, 28)


def mobilenet_v2():
    parts = [conv_norm_act(3, 32, 3, act=nn.ReLU6)]
    channels = 32
    for expand, out, repeat, stride in [(1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2),
                                        (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(repeat):
            parts.append(MBConv(channels, expand, 3, out, stride if i == 0 else 1, nn.ReLU6))
            channels = out
    return nn.Sequential(*parts, *head(channels, 1280, nn.ReLU6)), (3, 32, 32)


def images_per_second(build, batch, seconds, layout):
    torch.manual_seed(1)
    model, shape = build()
    model = model.to(memory_format=layout)
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
    start, steps = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        step()
        steps += 1
    return steps * batch / (time.monotonic() - start)


def main():
    network, batch, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    build = {"fashion": fashion, "mobilenet_v2": mobilenet_v2}[network]
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for name, layout in [("NCHW", torch.contiguous_format), ("channels-last", torch.channels_last)]:
        print(name, "%.1f" % images_per_second(build, batch, seconds, layout), flush=True)


main()
