"""Graphs of operators on single elements, stretched to each other, and of reductions."""
import numpy as np
from onnx import TensorProto

from .graph import Graph, stretched

# What each does to the largest value.
BOUNDED = ["Tanh", "Sigmoid", "Erf", "Sin", "Cos", "Softsign", "HardSigmoid", "Atan"]
GROWING = ["Relu", "Abs", "Neg", "LeakyRelu", "Elu", "Selu", "Softplus", "HardSwish", "Identity", "Celu",
           "ThresholdedRelu"]
STEPS = ["Floor", "Ceil", "Sign", "Round"]


class Elements:
    """Values by what they are good for. Steps and comparisons are only for values that are exactly the same
    everywhere, those of inputs and constants: else rounding would decide."""

    def __init__(self, g: Graph):
        self.g, self.bound = g, {}
        self.exact, self.floats, self.truths, self.whole = [], [], [], []
        rank = g.size(1, 4)
        base = [g.size(1, 6) for _ in range(rank)]
        if g.chance(0.6):
            base[0] = g.varying("batch")
        if rank > 2 and g.chance(0.4):
            base[1] = g.varying("length", 2, 9)
        self.base = base
        for _ in range(g.size(1, 3)):
            self.add(g.input(self.part()), 4.5, exact=True)
        if g.chance(0.5):
            self.whole.append(g.input(self.part(), lambda s: g.random.integers(-9, 10, s), TensorProto.INT64))

    def part(self) -> list:
        """A shape that can be stretched to the whole."""
        drop = self.g.size(0, len(self.base)) if self.g.chance(0.4) else 0
        return [1 if self.g.chance(0.2) else size for size in self.base[drop:]]

    def add(self, name: str, bound: float, exact: bool = False) -> str:
        self.floats.append(name)
        self.bound[name] = bound
        if exact:
            self.exact.append(name)
        return name

    def constant(self) -> str:
        shape = [1 if isinstance(size, tuple) else size for size in self.part()]
        return self.add(self.g.normal(*shape), 4.5, exact=True)

    def any(self) -> str:
        if self.g.chance(0.25):
            return self.constant()
        # Later values more often, so that graphs are deep.
        late = self.floats[-4:] if self.g.chance(0.6) else self.floats
        return self.g.pick(*late)

    def calm(self, x: str) -> str:
        if self.bound[x] < 40:
            return x
        return self.add(self.g.node("Tanh", x), 1)

    def one(self) -> None:
        g, x = self.g, self.calm(self.any())
        kind = g.size(0, 9)
        if kind == 0:
            name = g.pick(*BOUNDED)
            self.add(g.node(name, x), 1.6)
        elif kind == 1:
            name = g.pick(*GROWING)
            name = "Relu" if g.opset < {"HardSwish": 14, "Celu": 12, "ThresholdedRelu": 10}.get(name, 0) else name
            attributes = {"alpha": 0.5 + g.random.random()} if name in ("LeakyRelu", "Elu", "Celu") else {}
            self.add(g.node(name, x, **attributes), 1 + 2 * self.bound[x])
        elif kind == 2:
            self.add(g.node("Exp", g.node("Clip", x, g.constant(np.float32(-4)), g.constant(np.float32(2)))), 8)
        elif kind == 3:
            above = g.node("Add", g.node("Abs", x), g.constant(np.float32(0.5)))
            name = g.pick("Log", "Sqrt", "Reciprocal")
            self.add(g.node(name, above), 1 + self.bound[x])
        elif kind == 4:
            self.compare()
        elif kind == 5:
            self.choose(x)
        elif kind == 6 and self.exact:
            x = g.pick(*self.exact)
            self.add(g.node(g.pick(*STEPS[:None if g.opset >= 11 else -1]), x), 6, exact=True)
        elif kind == 7 and self.whole and g.opset >= 10:
            self.integers()
        else:
            self.pair(x)

    def pair(self, x: str) -> None:
        g, y = self.g, self.calm(self.any())
        shape = stretched(g.shape(x), g.shape(y))
        name = g.pick("Add", "Add", "Sub", "Mul", "Mul", "Max", "Min", "Div", "Pow", "Mean", "Sum", "PRelu")
        a, b = self.bound[x], self.bound[y]
        if name == "Div":
            y = g.node("Add", g.node("Abs", y), g.constant(np.float32(0.5)))
            self.add(g.node("Div", x, y, shape=shape), 2 * a)
        elif name == "Pow":
            power = g.pick(2.0, 3.0, 0.5)
            base = g.node("Abs", x) if power == 0.5 else x
            self.add(g.node("Pow", base, g.constant(np.float32(power))), a ** power + 1)
        elif name == "PRelu":
            slope = g.constant(g.random.normal(0, 1, [1 if isinstance(s, tuple) else s for s in g.shape(x)]))
            self.add(g.node("PRelu", x, slope), 4 * a)
        elif name in ("Mean", "Sum", "Max", "Min"):
            z = self.calm(self.any())
            shape = stretched(shape, g.shape(z))
            self.add(g.node(name, x, y, z, shape=shape), a + b + self.bound[z])
        else:
            self.add(g.node(name, x, y, shape=shape), a * b if name == "Mul" else a + b)

    def compare(self) -> None:
        g = self.g
        a, b = g.pick(*self.exact), g.pick(*self.exact) if g.chance(0.5) else self.constant()
        name = g.pick("Less", "Greater", *(["Equal"] if g.opset >= 11 else []),
                      *(["LessOrEqual", "GreaterOrEqual"] if g.opset >= 12 else []))
        shape = stretched(g.shape(a), g.shape(b))
        self.truths.append(g.node(name, a, b, shape=shape, type=TensorProto.BOOL))
        if len(self.truths) > 1:
            a, b = g.pick(*self.truths), g.pick(*self.truths)
            shape = stretched(g.shape(a), g.shape(b))
            self.truths.append(g.node(g.pick("And", "Or", "Xor"), a, b, shape=shape))
        if g.chance(0.3):
            self.truths.append(g.node("Not", self.truths[-1]))

    def choose(self, x: str) -> None:
        if not self.truths:
            self.compare()
        g, y, c = self.g, self.any(), self.g.pick(*self.truths)
        if g.chance(0.3):
            self.add(g.node("Cast", c, to=TensorProto.FLOAT, type=TensorProto.FLOAT), 1, exact=True)
            return
        shape = stretched(g.shape(c), stretched(g.shape(x), g.shape(y)))
        self.add(g.node("Where", c, x, y, shape=shape, type=TensorProto.FLOAT), max(self.bound[x], self.bound[y]))

    def integers(self) -> None:
        g, x = self.g, self.g.pick(*self.whole)
        y = g.ints(g.size(1, 7))
        name = g.pick("Add", "Sub", "Mul", "Div", "Mod", *(["Max", "Min"] if g.opset >= 12 else []))
        if name == "Mul":
            x = g.node("Mod", x, g.ints(11))
        z = g.node(name, x, y, shape=stretched(g.shape(x), [1]))
        self.whole.append(z)
        if g.chance(0.5):
            small = g.node("Mod", z, g.ints(13))
            self.add(g.node("Cast", small, to=TensorProto.FLOAT, type=TensorProto.FLOAT), 13, exact=True)


def elements(g: Graph) -> None:
    work = Elements(g)
    for _ in range(g.size(3, 14)):
        work.one()
    work.pair(work.calm(work.floats[-1]))


def reductions(g: Graph) -> None:
    rank = g.size(2, 4)
    shape = [g.varying("batch")] + [g.size(2, 7) for _ in range(rank - 1)]
    if rank > 2 and g.chance(0.5):
        shape[1] = g.varying("length", 2, 9)
    x = g.input(shape)
    for _ in range(g.size(2, 5)):
        x = g.node(g.pick("Tanh", "Sigmoid", "Neg", *(["HardSwish"] if g.opset >= 14 else [])), x) if g.chance(0.4) else x
        kind = g.size(0, 5)
        if kind == 0:
            x = g.node(g.pick("Softmax", "LogSoftmax"), x, axis=g.size(-rank, rank - 1))
        elif kind == 1:
            axis = g.size(0, rank - 1)
            mean = reduced(g, "ReduceMean", x, [axis], True)
            x = g.node("Sub", x, mean)
        elif kind == 2:
            axis = g.size(0, rank - 1)
            total = reduced(g, g.pick("ReduceSum", "ReduceL2", "ReduceL1", "ReduceSumSquare"), g.node("Abs", x), [axis], True)
            x = g.node("Div", x, g.node("Add", total, g.constant(np.float32(0.5))))
        elif kind == 3:
            axis = g.size(0, rank - 1)
            reduced(g, g.pick("ReduceMax", "ReduceMin", "ReduceMean", "ReduceLogSumExp"), x, [axis, (axis + 1) % rank],
                    g.chance(0.5))
        elif kind == 4 and g.opset >= 11:
            x = g.node("CumSum", x, g.constant(np.int64(g.size(0, rank - 1))), reverse=g.size(0, 1), exclusive=g.size(0, 1))
        else:
            reduced(g, "ReduceProd", g.node("Tanh", x), [g.size(-rank, -1)], False)
    reduced(g, g.pick("ReduceSum", "ReduceMean"), x, [g.size(1, rank - 1)], g.chance(0.5))


def reduced(g: Graph, name: str, x: str, axes: list[int], keep: bool) -> str:
    rank = len(g.shape(x))
    gone = {axis % rank for axis in axes}
    shape = [1 if i in gone else size for i, size in enumerate(g.shape(x)) if keep or i not in gone]
    return g.listed(name, x, "axes", axes, since=13 if name == "ReduceSum" else 18, shape=shape, keepdims=int(keep))
