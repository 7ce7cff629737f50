"""Graphs of products of matrices, with biases and activations as layers have them, and almost so."""
import numpy as np

from .graph import Graph, each, stretched


def gelu(g: Graph, x: str) -> str:
    """As exporters write it, in several orders; one constant may be another."""
    root = np.float32(2 ** 0.5 if g.chance(0.85) else 1.5)
    one = np.float32(1 if g.chance(0.92) else 1.25)
    half = np.float32(0.5 if g.chance(0.92) else 0.75)
    form = g.size(0, 3)
    if form == 3:
        if g.opset >= 20:
            return g.node("Gelu", x, approximate=g.pick("none", "tanh"))
        cubed = g.node("Mul", g.node("Pow", x, g.constant(np.float32(g.pick(3, 3, 3, 2)))), g.constant(np.float32(0.044715)))
        inner = g.node("Mul", g.node("Add", x, cubed), g.constant(np.float32(np.sqrt(2 / np.pi))))
        outer = g.node("Add", g.node("Tanh", inner), g.constant(one))
        return g.node("Mul", g.node("Mul", x, g.constant(half)), outer)
    scaled = g.node("Div", x, g.constant(root)) if g.chance(0.7) else g.node("Mul", x, g.constant(np.float32(1 / root)))
    if g.chance(0.08):
        scaled = g.node("Neg", scaled)
    outer = g.node("Add", g.node("Erf", scaled), g.constant(one))
    if form == 0:
        return g.node("Mul", g.node("Mul", x, outer), g.constant(half))
    if form == 1:
        return g.node("Mul", g.node("Mul", x, g.constant(half)), outer)
    return g.node("Mul", x, g.node("Mul", outer, g.constant(half)))


def activation(g: Graph, x: str) -> str:
    kind = g.size(0, 4)
    if kind == 0:
        return g.node("Relu", x)
    if kind == 1:
        return gelu(g, x)
    if kind == 2:
        return g.node(g.pick("Tanh", "Sigmoid"), x)
    if kind == 3:
        return g.node("Mul", x, g.node("Sigmoid", x))
    return x


def bias(g: Graph, x: str) -> str:
    width = g.shape(x)[-1]
    shape = g.pick([width], [width], [width], [1, width], [1], [])
    fixed = isinstance(g.shape(x)[-2], int) if len(g.shape(x)) > 1 else False
    if fixed and g.chance(0.1):
        # A bias of rows, not of columns.
        shape = [g.shape(x)[-2], 1]
    b = g.normal(*shape)
    return g.node("Add", *((x, b) if g.chance(0.6) else (b, x)), shape=stretched(g.shape(x), shape))


def linear(g: Graph, x: str, outputs: int, weights: str | None = None) -> str:
    inner = g.shape(x)[-1]
    weights = weights or g.normal(inner, outputs, spread=inner ** -0.5)
    y = g.node("MatMul", x, weights, shape=g.shape(x)[:-1] + [outputs])
    if g.chance(0.1):
        g.shown.append(y)
    return bias(g, y) if g.chance(0.75) else y


def gemm(g: Graph, x: str, outputs: int) -> str:
    rows, inner = g.shape(x)
    across, turned = int(g.chance(0.5)), int(g.chance(0.15))
    if turned:
        x = g.node("Transpose", x, perm=[1, 0], shape=[inner, rows])
    spread = inner ** -0.5
    weights = g.normal(*((outputs, inner) if across else (inner, outputs)), spread=spread)
    shape = g.pick([outputs], [1, outputs], [1], [])
    extra = [g.normal(*shape)] if g.chance(0.8) else []
    return g.node("Gemm", x, weights, *extra, transA=turned, transB=across, alpha=g.pick(1.0, 1.0, 0.5),
                  beta=g.pick(1.0, 1.0, 2.0), shape=[rows, outputs])


def layer_norm(g: Graph, x: str) -> str:
    """The operator, or what it stands for; now and then over another axis or with another power."""
    shape, width = g.shape(x), g.shape(x)[-1]
    scale, shift = g.normal(width, mean=1, spread=0.2), g.normal(width, spread=0.3)
    epsilon = g.pick(1e-5, 1e-12, 1e-6)
    if g.opset >= 17 and g.chance(0.5):
        extra = [shift] if g.chance(0.8) else []
        return g.node("LayerNormalization", x, scale, *extra, axis=-1, epsilon=epsilon)
    kept = shape[:-1] + [1]
    axis = -2 if len(shape) > 2 and g.chance(0.08) else -1
    if axis == -2:
        kept = shape[:-2] + [1, width]
    mean = mean_of(g, x, axis, kept)
    centred = g.node("Sub", x, mean)
    if g.chance(0.8):
        squared = g.node("Pow", centred, g.constant(np.float32(2 if g.chance(0.9) else 4)))
    else:
        squared = g.node("Mul", centred, centred if g.chance(0.9) else x)
        if squared and g.nodes[-1].input[1] == x:
            squared = g.node("Abs", squared)
    spread = g.node("Sqrt", g.node("Add", mean_of(g, squared, axis, kept), g.constant(np.float32(max(epsilon, 1e-5)))))
    y = g.node("Div", centred, spread)
    if g.chance(0.9):
        y = g.node("Mul", *((y, scale) if g.chance(0.7) else (scale, y)), shape=shape)
    return g.node("Add", y, shift) if g.chance(0.9) else y


def mean_of(g: Graph, x: str, axis: int, shape: list) -> str:
    return g.listed("ReduceMean", x, "axes", [axis], since=18, keepdims=1, shape=shape)


def layers(g: Graph, x: str) -> None:
    """Layers over rows."""
    shared = g.normal(g.shape(x)[-1], g.shape(x)[-1], spread=g.shape(x)[-1] ** -0.5)
    for _ in range(g.size(1, 4)):
        width = g.size(3, 40)
        if len(g.shape(x)) == 2 and g.chance(0.4):
            x = activation(g, gemm(g, x, width))
        elif g.shape(x)[-1] == g.shape(shared)[0] and g.chance(0.2):
            x = activation(g, linear(g, x, g.shape(shared)[1], shared))
        else:
            y = activation(g, linear(g, x, width))
            if width == g.shape(x)[-1] or g.chance(0.15):
                y = linear(g, y, g.shape(x)[-1])
                y = g.node("Add", x, y)
            x = layer_norm(g, y) if g.chance(0.3) else y


def computed(g: Graph) -> None:
    """Both sides are computed, in several ranks and stretched to each other."""
    rank = g.size(2, 4)
    outer = [g.varying("batch"), g.size(1, 3)][: rank - 2]
    rows, inner, columns = g.pick(g.varying("length", 2, 9), g.size(1, 9)), g.size(1, 40), g.size(1, 9)
    a = g.input(outer + [rows, inner])
    kind = g.size(0, 3)
    if kind == 0:
        b = g.input(outer[1:] + [inner, columns])
    elif kind == 1:
        order = list(range(rank - 2)) + [rank - 1, rank - 2]
        columns = rows
        b = g.node("Transpose", a, perm=order, shape=outer + [inner, rows])
    elif kind == 2:
        b = g.node("Tanh", g.normal(*[1] * (rank - 2), inner, columns))
    else:
        b = g.input([inner])
        g.node("MatMul", a, b, shape=outer + [rows])
        b = g.input([1] * (rank - 2) + [inner, columns])
    scores = g.node("MatMul", a, b, shape=outer + [rows, columns])
    scores = g.node(g.pick("Mul", "Div"), scores, g.constant(np.float32(g.pick(0.5, 4))))
    shares = g.node("Softmax", scores, axis=g.pick(-1, -1, -2))
    if kind == 1:
        g.node("MatMul", shares, a, shape=outer + [rows, inner])
    if isinstance(rows, int):
        left = g.normal(g.size(1, 5), rows)
        g.node("MatMul", left, scores, shape=outer + [g.shape(left)[0], columns])


def products(g: Graph) -> None:
    if g.chance(0.35):
        computed(g)
        return
    shape = [g.varying("batch", 1, 6)] + g.pick([], [], [g.size(2, 5)], [g.varying("length", 1, 9)])
    layers(g, g.input(shape + [g.size(2, 40)]))
