"""Operators of com.microsoft that onnxruntime's tools write into models."""
import numpy as np
from onnx import TensorProto

from .graph import Graph, stretched

MICROSOFT = "com.microsoft"


def whole(g: Graph, type, *shape):
    # Weights of seven bits: with eight the integer kernels of older processors saturate.
    bounds = (0, 128) if type == np.uint8 else (-64, 64)
    return g.random.integers(*bounds, shape).astype(type)


def curves(g: Graph) -> None:
    x = g.input([g.varying("batch"), g.size(1, 20)])
    for kind in g.random.permutation(3)[:g.size(2, 3)]:
        if kind == 0:
            x = g.node("Gelu", x, domain=MICROSOFT)
        elif kind == 1:
            x = g.node("FastGelu", x, *([g.normal(g.shape(x)[-1])] if g.chance(0.6) else []), domain=MICROSOFT)
        else:
            x = g.node("QuickGelu", x, alpha=g.pick(1.702, 1.0, 0.5), domain=MICROSOFT)


def integers(g: Graph) -> None:
    """A product of integers that becomes floats."""
    inner, outer = g.size(1, 40), g.size(1, 20)
    shape = [g.varying("batch"), inner] if g.chance(0.5) else [g.varying("batch"), g.varying("length"), inner]
    type = g.pick(np.uint8, np.int8)
    a = g.input(shape, lambda s: whole(g, np.uint8, *s), TensorProto.UINT8)
    scales = [outer] if g.chance(0.5) else []
    inputs = [
        a, g.constant(whole(g, type, inner, outer)), g.constant(np.float32(0.02)),
        g.constant(g.random.uniform(0.005, 0.02, scales))]
    zero = g.constant(whole(g, type, *scales)) if g.chance(0.6) else ""
    inputs += [g.constant(np.uint8(g.size(0, 255))) if g.chance(0.7) else "", zero]
    if g.chance(0.6):
        inputs.append(g.normal(outer))
    while inputs[-1] == "":
        inputs.pop()
    g.node("MatMulIntegerToFloat", *inputs, domain=MICROSOFT, type=TensorProto.FLOAT, shape=shape[:-1] + [outer])


def dynamic_product(g: Graph) -> None:
    inner, outer = g.size(1, 40), g.size(1, 20)
    a = g.input([g.varying("batch"), inner])
    scales = [outer] if g.chance(0.5) else []
    type = g.pick(np.uint8, np.int8)
    inputs = [a, g.constant(whole(g, type, inner, outer)), g.constant(g.random.uniform(0.005, 0.02, scales)),
              g.constant(whole(g, type, *scales)) if g.chance(0.6) else ""]
    if g.chance(0.6):
        inputs.append(g.normal(outer))
    while inputs[-1] == "":
        inputs.pop()
    g.node("DynamicQuantizeMatMul", *inputs, domain=MICROSOFT, shape=[g.shape(a)[0], outer])


def grid(g: Graph, type, scale: float | None = None) -> list[str]:
    bounds = np.iinfo(type)
    scale = scale or g.random.uniform(0.01, 0.05)
    return [g.constant(np.float32(scale)), g.constant(type(g.size(bounds.min, bounds.max)))]


def elements(g: Graph) -> None:
    """On bytes with scales."""
    type = g.pick(np.uint8, np.int8)
    kind = TensorProto.UINT8 if type == np.uint8 else TensorProto.INT8
    bounds = np.iinfo(type)
    make = lambda s: g.random.integers(bounds.min, bounds.max + 1, s)
    shape = [g.varying("batch"), g.size(1, 6), g.size(1, 6), g.size(1, 6)]
    a, at = g.input(shape, make, kind), grid(g, type)
    names = ["QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool"]
    for name in g.random.permutation(names)[:g.size(2, 4)]:
        to = grid(g, type)
        if name in ("QLinearAdd", "QLinearMul"):
            other = g.pick([1], shape[1:], [shape[1], 1, 1])
            b = g.constant(make(other).astype(type)) if g.chance(0.5) else g.input(shape, make, kind)
            a = g.node(name, a, *at, b, *grid(g, type), *to, domain=MICROSOFT, shape=stretched(g.shape(a), g.shape(b)))
        elif name == "QLinearGlobalAveragePool":
            a = g.node(name, a, *at, *to, domain=MICROSOFT, shape=g.shape(a)[:2] + [1, 1], channels_last=0)
        else:
            extra = {"alpha": 0.1} if name == "QLinearLeakyRelu" else {}
            a = g.node(name, a, *at, *to, domain=MICROSOFT, **extra)
        at = to


def pairs(g: Graph) -> None:
    """To 16 bits and back."""
    x = g.input([g.varying("batch"), g.size(1, 12)])
    type = g.pick(np.uint16, np.int16, np.uint8, np.int8)
    scale = g.random.uniform(3e-5, 2e-4) if type in (np.uint16, np.int16) else g.random.uniform(0.01, 0.04)
    at = [g.constant(np.float32(scale)), g.constant(type(g.size(100, 120)))]
    steps = g.node("QuantizeLinear", x, *at, domain=MICROSOFT,
                   type={np.uint16: TensorProto.UINT16, np.int16: TensorProto.INT16, np.uint8: TensorProto.UINT8,
                         np.int8: TensorProto.INT8}[type])
    g.node("DequantizeLinear", steps, *at, domain=MICROSOFT, type=TensorProto.FLOAT)


KINDS = [curves, integers, elements, dynamic_product, elements, pairs]
