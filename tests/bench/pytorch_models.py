"""The networks of tests/bench/models_whole.c as PyTorch modules. Parameters are registered in the order
in which models_whole.c adds the operations they belong to."""

from torch import nn


def conv_norm_act(channels, out, kernel, stride=1, groups=1, act=nn.ReLU):
    parts = [nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False),
             nn.BatchNorm2d(out)]
    return nn.Sequential(*parts, *([act(inplace=True)] if act else []))


class MBConv(nn.Module):
    def __init__(self, channels, wide, kernel, out, stride, act, squeeze=None):
        super().__init__()
        parts = [conv_norm_act(channels, wide, 1, act=act)] if wide != channels else []
        parts += [conv_norm_act(wide, wide, kernel, stride, wide, act)]
        parts += [SqueezeExcite(wide, squeeze)] if squeeze else []
        parts += [conv_norm_act(wide, out, 1, act=None)]
        self.body = nn.Sequential(*parts)
        self.residual = stride == 1 and channels == out

    def forward(self, x):
        return self.body(x) + x if self.residual else self.body(x)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, squeezed, 1),
                                  nn.ReLU(inplace=True), nn.Conv2d(squeezed, channels, 1),
                                  nn.Hardsigmoid(inplace=True))

    def forward(self, x):
        return x * self.gate(x)


def pooled():
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]


def fashion():
    parts = [conv_norm_act(1, 16, 3, 2)]
    channels = 16
    for out, stride in [(16, 1), (24, 2), (24, 1), (32, 2), (32, 1)]:
        parts.append(MBConv(channels, 3 * channels, 3, out, stride, nn.ReLU))
        channels = out
    return nn.Sequential(*parts, conv_norm_act(channels, 128, 1), *pooled(), nn.Linear(128, 10))


def mobilenet_v2(side, classes):
    first = 1 if side == 32 else 2
    parts = [conv_norm_act(3, 32, 3, first, act=nn.ReLU6)]
    channels = 32
    for expand, out, repeat, stride in [(1, 16, 1, 1), (6, 24, 2, first), (6, 32, 3, 2),
                                        (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                                        (6, 320, 1, 1)]:
        for i in range(repeat):
            parts.append(MBConv(channels, expand * channels, 3, out, stride if i == 0 else 1,
                                nn.ReLU6))
            channels = out
    return nn.Sequential(*parts, conv_norm_act(channels, 1280, 1, act=nn.ReLU6), *pooled(),
                         nn.Linear(1280, classes))


RE, HS = nn.ReLU, nn.Hardswish
V3_SMALL = [(3, 16, 16, True, RE, 2), (3, 72, 24, False, RE, 2), (3, 88, 24, False, RE, 1),
            (5, 96, 40, True, HS, 2), (5, 240, 40, True, HS, 1), (5, 240, 40, True, HS, 1),
            (5, 120, 48, True, HS, 1), (5, 144, 48, True, HS, 1), (5, 288, 96, True, HS, 2),
            (5, 576, 96, True, HS, 1), (5, 576, 96, True, HS, 1)]
V3_LARGE = [(3, 16, 16, False, RE, 1), (3, 64, 24, False, RE, 2), (3, 72, 24, False, RE, 1),
            (5, 72, 40, True, RE, 2), (5, 120, 40, True, RE, 1), (5, 120, 40, True, RE, 1),
            (3, 240, 80, False, HS, 2), (3, 200, 80, False, HS, 1), (3, 184, 80, False, HS, 1),
            (3, 184, 80, False, HS, 1), (3, 480, 112, True, HS, 1), (3, 672, 112, True, HS, 1),
            (5, 672, 160, True, HS, 2), (5, 960, 160, True, HS, 1), (5, 960, 160, True, HS, 1)]


def squeezed(channels):
    quarter = channels // 4
    nearest = max(8, (quarter + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * quarter else nearest


def mobilenet_v3(blocks, last, side, classes):
    halved = side != 32
    parts = [conv_norm_act(3, 16, 3, 2 if halved else 1, act=nn.Hardswish)]
    channels = 16
    for kernel, wide, out, squeezes, act, stride in blocks:
        parts.append(MBConv(channels, wide, kernel, out, stride if halved else 1, act,
                            squeezed(wide) if squeezes else None))
        halved = halved or stride == 2
        channels = out
    return nn.Sequential(*parts, conv_norm_act(channels, wide, 1, act=nn.Hardswish), *pooled(),
                         nn.Linear(wide, last), nn.Hardswish(), nn.Linear(last, classes))


def mobilenet_v3_small(side, classes):
    return mobilenet_v3(V3_SMALL, 1024, side, classes)


def mobilenet_v3_large(side, classes):
    return mobilenet_v3(V3_LARGE, 1280, side, classes)


def relu_conv_norm(channels, out, stride=1):
    return nn.Sequential(nn.ReLU(), nn.Conv2d(channels, out, 3, stride, 1, bias=False),
                         nn.BatchNorm2d(out))


class NatsCell(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.x_a = relu_conv_norm(channels, out)
        self.x_b = relu_conv_norm(channels, out)
        self.a_b = relu_conv_norm(out, out)
        self.x_c = nn.Identity() if channels == out else conv_norm_act(channels, out, 1, act=None)
        self.a_c = relu_conv_norm(out, out)
        self.b_c = relu_conv_norm(out, out)

    def forward(self, x):
        a = self.x_a(x)
        b = self.x_b(x) + self.a_b(a)
        return self.x_c(x) + self.a_c(a) + self.b_c(b)


class NatsReduction(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.body = nn.Sequential(relu_conv_norm(channels, out, 2), relu_conv_norm(out, out))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels, out, 1, bias=False))

    def forward(self, x):
        return self.shortcut(x) + self.body(x)


def nats_size(c, classes):
    return nn.Sequential(nn.Conv2d(3, c[0], 3, 1, 1, bias=False), nn.BatchNorm2d(c[0]),
                         NatsCell(c[0], c[0]), NatsReduction(c[0], c[1]), NatsCell(c[1], c[2]),
                         NatsReduction(c[2], c[3]), NatsCell(c[3], c[4]), nn.BatchNorm2d(c[4]),
                         nn.ReLU(), *pooled(), nn.Linear(c[4], classes))


def nas_bench_macro(code):
    parts = [conv_norm_act(3, 32, 3)]
    channels = 32
    for digit, out, stride in zip(code, [64, 64, 128, 128, 128, 256, 256, 256],
                                  [2, 1, 2, 1, 1, 2, 1, 1]):
        if digit != "0":
            expand, kernel = (3, 3) if digit == "1" else (6, 5)
            parts.append(MBConv(channels, expand * channels, kernel, out, stride, nn.ReLU))
        elif stride == 2:
            parts.append(conv_norm_act(channels, out, 1, stride, act=None))
        channels = out
    return nn.Sequential(*parts, conv_norm_act(channels, 1280, 1), *pooled(),
                         nn.Linear(1280, 10))
