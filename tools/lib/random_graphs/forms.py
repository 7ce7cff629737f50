"""Graphs that move elements: forms, slices, pieces, with shapes that are computed as exporters do."""
import numpy as np
from onnx import TensorProto

from .graph import Graph, each, stretched


def fixed(g: Graph, x: str) -> list[int]:
    """Axes of one size in all runs."""
    return [axis for axis, size in enumerate(g.shape(x)) if isinstance(size, int)]


def transpose(g: Graph, x: str) -> str:
    order = [int(axis) for axis in g.random.permutation(len(g.shape(x)))]
    return g.node("Transpose", x, perm=order, shape=[g.shape(x)[axis] for axis in order])


def merge(g: Graph, x: str) -> str:
    """Two neighbouring axes to one; the target is constant where one size alone is open."""
    shape = g.shape(x)
    if len(shape) < 2:
        return split_axis(g, x)
    axis = g.size(0, len(shape) - 2)
    joined = shape[:axis] + [each(lambda a, b: a * b, shape[axis], shape[axis + 1])] + shape[axis + 2:]
    if len(shape) > 2 and g.chance(0.4):
        # Written as exporters do: sizes taken from the value itself.
        sizes = g.node("Shape", x, shape=[len(shape)], type=TensorProto.INT64)
        parts = []
        for old in range(len(shape)):
            if old == axis:
                parts.append(g.ints(-1))
            elif old != axis + 1:
                one = g.node("Gather", sizes, g.constant(np.int64(old)), axis=0, shape=[])
                parts.append(g.listed("Unsqueeze", one, "axes", [0], shape=[1]))
        target = g.node("Concat", *parts, axis=0, shape=[len(joined)], type=TensorProto.INT64)
        return g.node("Reshape", x, target, shape=joined)
    target = [0] * axis + [-1] + [s if isinstance(s, int) else None for s in joined[axis + 1:]]
    if None in target:
        return transpose(g, x)
    return g.node("Reshape", x, g.ints(*target), shape=joined)


def split_axis(g: Graph, x: str) -> str:
    """An axis to two."""
    shape = g.shape(x)
    options = [axis for axis in fixed(g, x) if shape[axis] % 2 == 0 and shape[axis] > 0]
    if not options or len(shape) > 4:
        return g.node("Identity", x)
    axis = g.pick(*options)
    after = shape[axis + 1:]
    if not all(isinstance(size, int) for size in after):
        return transpose(g, x)
    target = [0] * axis + [2, shape[axis] // 2] + after
    return g.node("Reshape", x, g.ints(*target), shape=shape[:axis] + [2, shape[axis] // 2] + after)


def cut(g: Graph, x: str) -> str:
    shape, options = list(g.shape(x)), [a for a in fixed(g, x) if g.shape(x)[a] > 1]
    if not options:
        return g.node("Slice", x, g.ints(0), g.ints(2**62), g.ints(len(shape) - 1))
    axis = g.pick(*options)
    size = shape[axis]
    if g.chance(0.25) and g.opset >= 10:
        shape[axis] = size
        return g.node("Slice", x, g.ints(-1), g.ints(-2**62), g.ints(axis), g.ints(-1), shape=shape)
    start, step = g.size(0, size - 1), g.size(1, 2 if g.opset >= 10 else 1)
    end = g.size(start + 1, size)
    shape[axis] = (end - start + step - 1) // step
    axis_name = axis - (len(shape) if g.chance(0.3) else 0)
    start_name = start - size if g.chance(0.3) else start
    end_name = 2**63 - 1 if end == size else end
    return g.node("Slice", x, g.ints(start_name), g.ints(end_name), g.ints(axis_name), g.ints(step), shape=shape)


def join(g: Graph, x: str) -> str:
    axis, shape = g.size(0, len(g.shape(x)) - 1), list(g.shape(x))
    other = g.node(g.pick("Neg", "Relu", "Tanh"), x)
    shape[axis] = each(lambda a: 2 * a, shape[axis])
    return g.node("Concat", x, other, axis=axis, shape=shape)


def parts(g: Graph, x: str) -> str:
    shape, options = g.shape(x), [a for a in fixed(g, x) if g.shape(x)[a] > 1]
    if not options:
        return transpose(g, x)
    axis = g.pick(*options)
    first = g.size(1, shape[axis] - 1)
    sizes = [first, shape[axis] - first]
    shapes = [shape[:axis] + [size] + shape[axis + 1:] for size in sizes]
    a, b = g.listed("Split", x, "split", sizes, axis=axis, outputs=2, shape=shapes)
    return a if g.chance(0.5) else b


def gather(g: Graph, x: str) -> str:
    options = fixed(g, x)
    if not options:
        return transpose(g, x)
    axis, shape = g.pick(*options), g.shape(x)
    size = shape[axis]
    count = g.size(0, 4)
    picked = g.random.integers(-size, size, [count] if count else [])
    if not count and len(shape) == 1:
        picked = np.array([picked])
    places = g.constant(np.asarray(picked, np.int64))
    return g.node("Gather", x, places, axis=axis, shape=shape[:axis] + list(picked.shape) + shape[axis + 1:])


def pad(g: Graph, x: str) -> str:
    rank = len(g.shape(x))
    before, after = [g.size(0, 2) for _ in range(rank)], [g.size(0, 2) for _ in range(rank)]
    mode = g.pick("constant", "constant", "edge")
    shape = [each(lambda s, a=a, b=b: s + a + b, size) for size, a, b in zip(g.shape(x), before, after)]
    inputs = [g.ints(*before, *after)] + ([g.constant(np.float32(0.5))] if mode == "constant" else [])
    return g.node("Pad", x, *inputs, mode=mode, shape=shape)


def unit(g: Graph, x: str) -> str:
    """An axis of size 1 comes or goes."""
    shape = g.shape(x)
    ones = [axis for axis in fixed(g, x) if shape[axis] == 1]
    if ones and len(shape) > 1:
        axis = g.pick(*ones)
        return g.listed("Squeeze", x, "axes", [axis], shape=shape[:axis] + shape[axis + 1:])
    if len(shape) > 4:
        return g.node("Identity", x)
    axis = g.size(0, len(shape))
    return g.listed("Unsqueeze", x, "axes", [axis], shape=shape[:axis] + [1] + shape[axis:])


def expand(g: Graph, x: str) -> str:
    shape = g.shape(x)
    if g.chance(0.5) or len(shape) > 4:
        axis = g.size(0, len(shape) - 1)
        repeats = [2 if i == axis else 1 for i in range(len(shape))]
        return g.node("Tile", x, g.ints(*repeats), shape=[each(lambda s, r=r: s * r, s) for s, r in zip(shape, repeats)])
    target = [2] + [1] * len(shape)
    return g.node("Expand", x, g.ints(*target), shape=[2] + shape)


def count(g: Graph, x: str) -> str:
    """A size of the value in its own elements, as integers that become floats."""
    sizes = g.node("Shape", x, shape=[len(g.shape(x))], type=TensorProto.INT64)
    one = g.node("Gather", sizes, g.constant(np.int64(g.size(0, len(g.shape(x)) - 1))), axis=0, shape=[])
    more = g.node(g.pick("Add", "Mul"), one, g.constant(np.int64(g.size(1, 3))), shape=[])
    return g.node("Div", x, g.node("Cast", more, to=TensorProto.FLOAT, type=TensorProto.FLOAT))


def add(g: Graph, x: str) -> str:
    shape = [s if isinstance(s, int) and g.chance(0.7) else 1 for s in g.shape(x)]
    return g.node("Add", x, g.normal(*shape), shape=stretched(g.shape(x), shape))


MOVES = [transpose, merge, split_axis, cut, join, parts, gather, pad, unit, expand, count, add]


def forms(g: Graph) -> None:
    shape = [g.varying("batch")] + [g.pick(1, 2, 3, 4, 6) for _ in range(g.size(1, 3))]
    if len(shape) > 2 and g.chance(0.4):
        shape[1] = g.varying("length", 2, 6)
    x = g.input(shape)
    for _ in range(g.size(3, 10)):
        # What grows is cut.
        sizes = [size if isinstance(size, int) else max(size) for size in g.shape(x)]
        moves = [transpose, merge, cut, parts, gather] if np.prod(sizes) > 3000 or len(sizes) > 5 else MOVES
        x = g.pick(*moves)(g, x)
