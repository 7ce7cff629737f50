"""Statically quantized networks: QuantizeLinear and DequantizeLinear set between the nodes of a random one.

The ranges are those that onnxruntime computes for the values, as a calibration takes them. Here and there
something is as no quantizer writes it: another scale, a value that is read twice, a pair that is missing.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .graph import Graph
from .pictures import convolution, pool

TAKEN = {"Conv", "Gemm", "Add", "Relu", "MaxPool", "AveragePool", "GlobalAveragePool", "Concat", "Flatten", "Clip"}
# They hand on what they are given, so that quantizers give both sides the same scale.
PASSING = {"MaxPool", "Flatten"}


def network(g: Graph, side: int = 10) -> None:
    """Of the operators that are quantized."""
    batch = g.pick(g.varying("batch", 1, 4), g.varying("batch", 1, 4), 1)
    x = g.input([batch, g.pick(1, 3, 4), g.size(5, side), g.size(5, side)])
    x = acted(g, convolution(g, x, g.pick(4, 6, 8), almost=False))
    for _ in range(g.size(1, 4)):
        kind = g.size(0, 5)
        if kind <= 1:
            x = acted(g, convolution(g, x, g.pick(4, 6, 8), almost=False))
        elif kind == 2:
            y = acted(g, same(g, x, g.shape(x)[1], 3))
            y = same(g, y, g.shape(x)[1], g.pick(1, 3))
            y = g.node("Add", *((x, y) if g.chance(0.5) else (y, x)))
            x = acted(g, y)
        elif kind == 3:
            x = pool(g, x)
        elif kind == 4:
            parts = [acted(g, same(g, x, 3, 1)), same(g, x, 4, 3)] + [x] * g.size(0, 1)
            channels = sum(g.shape(part)[1] for part in parts)
            x = g.node("Concat", *parts, axis=1, shape=[g.shape(x)[0], channels] + g.shape(x)[2:])
        else:
            x = acted(g, same(g, x, g.shape(x)[1], 3, groups=g.shape(x)[1]))
    if g.chance(0.25):
        return
    x = g.node("GlobalAveragePool", x, shape=g.shape(x)[:2] + [1, 1])
    x = g.node("Flatten", x, axis=1, shape=g.shape(x)[:2])
    classes, channels = g.size(2, 9), g.shape(x)[1]
    g.node("Gemm", x, g.normal(classes, channels, spread=channels ** -0.5), g.normal(classes), transB=1,
           shape=[g.shape(x)[0], classes])


def same(g: Graph, x: str, outputs: int, kernel: int, groups: int = 1) -> str:
    """A convolution that keeps the picture's size."""
    inner = g.shape(x)[1] // groups
    weights = g.normal(outputs, inner, kernel, kernel, spread=float(np.sqrt(2 / (inner * kernel ** 2))))
    extra = [g.normal(outputs, spread=0.3)] if g.chance(0.7) else []
    return g.node("Conv", x, weights, *extra, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, group=groups,
                  shape=[g.shape(x)[0], outputs] + g.shape(x)[2:])


def acted(g: Graph, x: str) -> str:
    kind = g.size(0, 5)
    if kind == 0:
        return x
    if kind == 1:
        return g.node("Clip", x, g.constant(np.float32(0)), g.constant(np.float32(g.pick(6, 1))))
    return g.node("Relu", x)


class Quantizer:
    """Rewrites the nodes of a network."""

    def __init__(self, g: Graph, ranges: dict[str, tuple[float, float]]):
        self.g, self.ranges = g, ranges
        self.type = g.pick(np.uint8, np.uint8, np.int8)
        self.by_channel, self.symmetric = g.chance(0.6) and g.opset >= 13, g.chance(0.3)
        self.grids: dict[str, tuple[str, str]] = {}
        self.scales: dict[str, np.ndarray] = {}
        self.given: dict[str, str] = {}
        self.nodes: list = []

    def grid(self, name: str) -> tuple[str, str]:
        """Scale and zero point of a value, as constants."""
        if name not in self.grids:
            low, high = (min(0.0, self.ranges[name][0]), max(0.0, self.ranges[name][1]))
            if self.symmetric and self.type == np.int8:
                low, high = -max(-low, high), max(-low, high)
            # Some values lie outside, as calibrations by percentiles leave them.
            share = self.g.pick(1.0, 1.0, 0.7)
            scale = np.float32(max(high - low, 1e-3) * share / 255)
            bounds = np.iinfo(self.type)
            zero = int(np.clip(round(bounds.min - low * share / scale), bounds.min, bounds.max))
            self.grids[name] = self.g.constant(scale), self.g.constant(self.type(zero))
        return self.grids[name]

    def pair(self, name: str) -> str:
        """The value after it was quantized; all readers have one, or each its own."""
        if name in self.given and self.g.chance(0.85):
            return self.given[name]
        scale, zero = self.grid(name)
        count = len(self.nodes)
        self.nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}.q{count}"], name=f"Q{count}"))
        self.nodes.append(helper.make_node(
            "DequantizeLinear", [f"{name}.q{count}", scale, zero], [f"{name}.d{count}"], name=f"D{count}"))
        self.given[name] = f"{name}.d{count}"
        self.scales[self.given[name]] = self.g.weights[scale]
        return self.given[name]

    def weights(self, name: str, axis: int) -> str:
        values, g = self.g.weights[name], self.g
        others = tuple(i for i in range(values.ndim) if i != axis)
        by_channel = self.by_channel
        largest = np.abs(values).max(axis=others) if by_channel else np.abs(values).max()
        scale = np.maximum(largest / 127, 1e-6).astype(np.float32)
        wide = scale.reshape([-1 if i == axis else 1 for i in range(values.ndim)]) if by_channel else scale
        zero = np.zeros(scale.shape, np.int8)
        steps = np.clip(np.round(values / wide), -127, 127).astype(np.int8)
        if not by_channel and g.chance(0.1):
            # Unsigned, with a zero point of its own.
            steps, zero = (steps.astype(np.int32) + 128).astype(np.uint8), np.uint8(128)
        attributes = {"axis": axis} if by_channel and g.opset >= 13 else {}
        made = f"{name}.d{len(self.nodes)}"
        self.nodes.append(helper.make_node(
            "DequantizeLinear", [g.constant(steps), g.constant(scale), g.constant(zero)], [made], name=made, **attributes))
        self.scales[made] = scale
        return made

    def bias(self, name: str, x: str, weights: str) -> str:
        g = self.g
        scale = (self.scales[x] * self.scales[weights]).astype(np.float32) if x in self.scales else None
        if scale is None or g.chance(0.08):
            return name
        if g.chance(0.05):
            scale = np.asarray(scale * np.float32(1.5))
        steps = np.clip(np.round(g.weights[name] / scale), -2 ** 31, 2 ** 31 - 1).astype(np.int32)
        made = f"{name}.d{len(self.nodes)}"
        attributes = {"axis": 0} if scale.ndim and g.opset >= 13 else {}
        zero = [g.constant(np.zeros(scale.shape, np.int32))]
        self.nodes.append(helper.make_node(
            "DequantizeLinear", [g.constant(steps), g.constant(scale)] + zero, [made], name=made, **attributes))
        return made

    def rewrite(self) -> None:
        g = self.g
        readers: dict[str, list] = {}
        for node in g.nodes:
            for name in node.input:
                readers.setdefault(name, []).append(node)
        outputs = g.outputs()
        for node in g.nodes:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            if node.op_type in TAKEN and not g.chance(0.04):
                for index, name in enumerate(node.input):
                    if name and name not in g.weights and not self.stays(name, node, readers):
                        copy.input[index] = self.pair(name)
                if node.op_type in ("Conv", "Gemm"):
                    copy.input[1] = self.weights(node.input[1], 0)
                    if len(node.input) > 2:
                        copy.input[2] = self.bias(node.input[2], copy.input[0], copy.input[1])
            if node.op_type in PASSING and not g.chance(0.15) and node.input[0] in self.ranges:
                self.grids[node.output[0]] = self.grid(node.input[0])
            self.nodes.append(copy)
        shown = []
        for name in outputs:
            scale, zero = self.grid(name)
            if g.chance(0.2):
                self.nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}.out"]))
            else:
                self.nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}.last"]))
                self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}.last", scale, zero], [f"{name}.out"]))
            g.types[f"{name}.out"] = (
                TensorProto.FLOAT if self.nodes[-1].op_type == "DequantizeLinear"
                else helper.np_dtype_to_tensor_dtype(np.dtype(self.type)))
            shown.append(f"{name}.out")
        del g.nodes[:]
        g.nodes.extend(self.nodes)
        g.shown = shown

    def stays(self, name: str, node, readers) -> bool:
        """A value is quantized after its activation, not before."""
        alone = len(readers[name]) == 1 and node.op_type in ("Relu", "Clip")
        return alone and not self.g.chance(0.15)


def ranges(g: Graph, session) -> dict[str, tuple[float, float]]:
    """The least and the largest that every value becomes."""
    names = [name for node in g.nodes for name in node.output]
    run = session(g.model(names))
    found: dict[str, tuple[float, float]] = {}
    for index in range(2):
        feed = g.sample(index)
        values = list(zip(names, run.run(names, feed))) + list(feed.items())
        for name, value in values:
            low, high = found.get(name, (np.inf, -np.inf))
            found[name] = min(low, float(value.min())), max(high, float(value.max()))
    return found


def made(g: Graph, session) -> onnx.ModelProto:
    network(g)
    Quantizer(g, ranges(g, session)).rewrite()
    return g.model(g.shown)


def steps(model: onnx.ModelProto) -> dict[str, float]:
    """Of each output one step of its scale; of integers that is 1."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    found = {}
    for output in model.graph.output:
        node = makers[output.name]
        while node.op_type in ("Flatten", "Reshape", "Relu", "Identity", "Transpose", "Squeeze"):
            node = makers[node.input[0]]
        found[output.name] = 1.0 if node.op_type != "DequantizeLinear" else float(weights[node.input[1]].max())
    return found
