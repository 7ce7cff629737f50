"""Graphs as convolutional networks have them, and some that are almost so."""
import numpy as np
from onnx import TensorProto

from .graph import Graph, each, stretched


def convolution(g: Graph, x: str, outputs: int, kernel: int | None = None, stride: int | None = None,
                groups: int | None = None, almost: bool = True) -> str:
    """With windows, groups, strides, dilations and padding of all kinds."""
    channels, sizes = g.shape(x)[1], g.shape(x)[2:]
    kernel = kernel or g.pick(1, 1, 2, 3, 3, 5)
    stride = stride or g.pick(1, 1, 1, 2)
    smallest = min(s if isinstance(s, int) else min(s) for s in sizes)
    dilation = g.pick(1, 1, 1, 2) if kernel in (2, 3) else 1
    reach = (kernel - 1) * dilation + 1
    attributes = {"strides": [stride] * len(sizes), "dilations": [dilation] * len(sizes)}
    if g.chance(0.5):
        attributes["kernel_shape"] = [kernel] * len(sizes)
    mode = g.size(0, 3)
    if mode == 0 and reach <= smallest:
        sizes = [each(lambda s: (s - reach) // stride + 1, s) for s in sizes]
        if g.chance(0.5):
            attributes["auto_pad"] = "VALID"
    elif mode == 1 and dilation == 1:
        attributes["auto_pad"] = g.pick("SAME_UPPER", "SAME_LOWER")
        sizes = [each(lambda s: -(-s // stride), s) for s in sizes]
    else:
        before = reach // 2
        after = before if g.chance(0.8) else max(0, before - 1)
        if smallest + before + after < reach:
            before = after = reach
        attributes["pads"] = [before] * len(sizes) + [after] * len(sizes)
        sizes = [each(lambda s: (s + before + after - reach) // stride + 1, s) for s in sizes]
    if groups is None:
        groups = g.pick(*[n for n in (1, 1, 1, 2, 3, channels) if channels % n == 0])
    outputs = -(-outputs // groups) * groups
    if groups > 1 or g.chance(0.2):
        attributes["group"] = groups
    inner = channels // groups
    spread = float(np.sqrt(2 / (inner * kernel ** len(sizes))))
    weights = g.normal(outputs, inner, *[kernel] * len(sizes), spread=spread)
    if almost and g.chance(0.05):
        # Weights that no planner can pack: they hang on the picture.
        mean = g.node("ReduceMean", x, keepdims=0, shape=[])
        weights = g.node("Mul", weights, g.node("Sigmoid", mean), shape=g.shape(weights))
    inputs = [x, weights] + ([g.normal(outputs, spread=0.3)] if g.chance(0.6) else [])
    return g.node("Conv", *inputs, shape=[g.shape(x)[0], outputs] + sizes, **attributes)


def batch_norm(g: Graph, x: str) -> str:
    channels = g.shape(x)[1]
    scale = g.constant(g.random.uniform(0.5, 1.5, channels))
    if g.chance(0.08):
        # Computed: nothing to fold.
        first = g.node("Gather", g.node("Flatten", x, axis=1, shape=[g.shape(x)[0], 0]), g.ints(0), axis=1, shape=[0])
        scale = g.node("Add", scale, g.node("ReduceMax", first, keepdims=0, shape=[]), shape=[channels])
    return g.node("BatchNormalization", x, scale, g.normal(channels), g.normal(channels, spread=0.3),
                  g.constant(g.random.uniform(0.3, 2, channels)), epsilon=g.pick(1e-5, 1e-3))


def activation(g: Graph, x: str) -> str:
    kind = g.size(0, 9)
    if kind <= 2:
        return g.node("Relu", x)
    if kind == 3:
        return g.node("Clip", x, g.constant(np.float32(0)), g.constant(np.float32(6)))
    if kind == 4:
        return g.node("Clip", x, g.constant(np.float32(g.pick(-1, 0, 0.5)))) if g.chance(0.5) else g.node(
            "Clip", x, "", g.constant(np.float32(1)))
    if kind == 5:
        return g.node("Mul", x, g.node("HardSigmoid", x, alpha=1 / 6, beta=0.5))
    if kind == 6:
        return g.node("Mul", x, g.node("Sigmoid", x))
    if kind == 7:
        return g.node("LeakyRelu", x, alpha=g.pick(0.1, 0.01))
    if kind == 8:
        slopes = g.constant(g.random.uniform(0, 0.5, [g.shape(x)[1]] + [1] * (len(g.shape(x)) - 2)))
        return g.node("PRelu", x, slopes)
    return g.node(g.pick("HardSwish", "Tanh", "Elu", "Softplus") if g.opset >= 14 else "Tanh", x)


def pool(g: Graph, x: str) -> str:
    sizes = g.shape(x)[2:]
    smallest = min(s if isinstance(s, int) else min(s) for s in sizes)
    if smallest < 2:
        return x
    name, kernel = g.pick("MaxPool", "MaxPool", "AveragePool"), g.pick(2, 3) if smallest > 2 else 2
    stride, padding = g.pick(1, 2), g.size(0, kernel // 2)
    ceil = int(g.chance(0.2) and g.opset >= 10)
    def after(s):
        count = (s + 2 * padding - kernel + (stride - 1 if ceil else 0)) // stride + 1
        # A window must begin within the picture.
        return count - 1 if ceil and (count - 1) * stride >= s + padding else count
    attributes = {"count_include_pad": g.size(0, 1)} if name == "AveragePool" and not ceil else {}
    return g.node(
        name, x, kernel_shape=[kernel] * len(sizes), strides=[stride] * len(sizes),
        **({"ceil_mode": ceil} if g.opset >= 10 else {}),
        pads=[padding] * (2 * len(sizes)), shape=g.shape(x)[:2] + [each(after, s) for s in sizes], **attributes)


def gate(g: Graph, x: str) -> str:
    """Squeeze and excite."""
    ones = [1] * (len(g.shape(x)) - 2)
    squeezed = g.node("GlobalAveragePool", x, shape=g.shape(x)[:2] + ones)
    inner = g.node("Relu", convolution(g, squeezed, 4, kernel=1, stride=1, groups=1, almost=False))
    if g.shape(inner)[2:] != ones:
        return x
    outer = convolution(g, inner, g.shape(x)[1], kernel=1, stride=1, groups=1, almost=False)
    if g.shape(outer) != g.shape(squeezed):
        return x
    return g.node("Mul", x, g.node(g.pick("Sigmoid", "HardSigmoid"), outer))


def residual(g: Graph, x: str) -> str:
    channels = g.shape(x)[1]
    y = unit(g, x, channels, 3, padded=True)
    y = unit(g, y, channels, g.pick(1, 3), padded=True, acts=False)
    if g.chance(0.1):
        # Stretched along the picture or the channels.
        x = g.normal(channels, *[1] * (len(g.shape(x)) - 2)) if g.chance(0.5) else g.node(
            "GlobalMaxPool", x, shape=g.shape(x)[:2] + [1] * (len(g.shape(x)) - 2))
    pair = (y, x) if g.chance(0.5) else (x, y)
    y = g.node("Add", *pair, shape=stretched(g.shape(y), g.shape(x)))
    return activation(g, y) if g.chance(0.8) else y


def unit(g: Graph, x: str, outputs: int, kernel: int | None = None, padded: bool = False, acts: bool = True) -> str:
    """Convolution, normalization, activation; at times a value in between is read by others too."""
    if padded:
        rank = len(g.shape(x)) - 2
        weights = g.normal(outputs, g.shape(x)[1], *[kernel] * rank,
                           spread=float(np.sqrt(2 / (g.shape(x)[1] * kernel ** rank))))
        inputs = [x, weights] + ([g.normal(outputs, spread=0.3)] if g.chance(0.5) else [])
        y = g.node("Conv", *inputs, kernel_shape=[kernel] * rank, pads=[kernel // 2] * (2 * rank),
                   shape=[g.shape(x)[0], outputs] + g.shape(x)[2:])
    else:
        y = convolution(g, x, outputs, kernel)
    values = [y]
    if g.chance(0.4):
        values.append(batch_norm(g, values[-1]))
    elif g.chance(0.15):
        channels = [g.shape(y)[1]] + [1] * (len(g.shape(y)) - 2)
        values.append(g.node("Mul", y, g.normal(*channels, mean=1, spread=0.2)))
        values.append(g.node("Add", values[-1], g.normal(*channels)))
    if acts:
        values.append(activation(g, values[-1]))
    if len(values) > 1 and g.chance(0.15):
        shared = g.pick(*values[:-1])
        if g.chance(0.5):
            g.shown.append(shared)
        else:
            return g.node("Add", values[-1], g.node("Tanh", shared))
    return values[-1]


def pictures(g: Graph) -> None:
    rank = g.pick(2, 2, 2, 2, 1, 3)
    batch = g.pick(g.varying("batch", 1, 4), g.varying("batch", 1, 4), 1, 2)
    side = g.size(5, 14) if rank < 3 else g.size(3, 5)
    sizes = [side] * rank if g.chance(0.8) else [g.varying(f"side{i}", 6, 12) for i in range(rank)]
    x = g.input([batch, g.pick(1, 2, 3, 4)] + sizes)
    for _ in range(g.size(1, 4)):
        kind = g.size(0, 6)
        if kind <= 2:
            x = unit(g, x, g.pick(2, 4, 6, 8))
        elif kind == 3:
            x = residual(g, x)
        elif kind == 4:
            x = pool(g, x)
        elif kind == 5:
            x = gate(g, x)
        else:
            branches = [unit(g, x, 3, g.pick(1, 3), padded=True), unit(g, x, 4, 1, padded=True)] + [x] * g.size(0, 1)
            channels = sum(g.shape(b)[1] for b in branches)
            x = g.node("Concat", *branches, axis=1, shape=[g.shape(x)[0], channels] + g.shape(x)[2:])
    if g.chance(0.3):
        unit(g, x, 4)
        return
    ones = [1] * rank
    pooled = g.node(g.pick("GlobalAveragePool", "GlobalAveragePool", "GlobalMaxPool"), x, shape=g.shape(x)[:2] + ones)
    rows = g.node("Flatten", pooled, axis=1, shape=g.shape(x)[:2])
    head(g, rows)


def head(g: Graph, rows: str) -> str:
    channels, classes = g.shape(rows)[1], g.size(2, 9)
    weights = g.normal(classes, channels, spread=channels ** -0.5)
    y = g.node("Gemm", rows, weights, g.normal(classes), transB=1, shape=[g.shape(rows)[0], classes])
    return g.node("Softmax", y, axis=-1) if g.chance(0.3) else y
