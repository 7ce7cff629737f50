"""Networks that onnxruntime's own quantizer rewrites."""
import contextlib
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .graph import Graph
from .products import activation, layer_norm, linear
from .quantized import network
from .words import words


def calibrated(g: Graph, form: str) -> onnx.ModelProto:
    """Statically: `form` is QDQ or QOperator."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Samples(CalibrationDataReader):
        def __init__(self): self.left = [g.sample(run) for run in (0, 1)]
        def get_next(self): return self.left.pop() if self.left else None

    (words if form == "QDQ" and g.chance(0.5) else network)(g)
    signed = g.chance(0.4)
    with tempfile.TemporaryDirectory() as folder, quiet():
        source, target = Path(folder) / "source.onnx", Path(folder) / "target.onnx"
        onnx.save(g.model(), source)
        # Seven bits: with eight the integer kernels of older processors saturate.
        quantize_static(
            source, target, Samples(), quant_format=QuantFormat[form], per_channel=g.chance(0.6) and g.opset >= 13,
            reduce_range=form == "QOperator", activation_type=QuantType.QInt8 if signed else QuantType.QUInt8,
            weight_type=QuantType.QInt8, extra_options={"ActivationSymmetric": signed and g.chance(0.5)})
        return onnx.load(target)


def dynamic(g: Graph) -> onnx.ModelProto:
    """Products whose left sides are quantized on the way."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    if g.chance(0.3):
        words(g)
    else:
        shape = [g.varying("batch", 1, 6)] + g.pick([], [g.varying("length", 2, 9)])
        x = g.input(shape + [g.size(4, 40)])
        for _ in range(g.size(1, 3)):
            y = activation(g, linear(g, x, g.size(4, 40)))
            x = layer_norm(g, y) if g.chance(0.3) else y
    with tempfile.TemporaryDirectory() as folder, quiet():
        source, target = Path(folder) / "source.onnx", Path(folder) / "target.onnx"
        onnx.save(g.model(), source)
        quantize_dynamic(
            source, target, per_channel=g.chance(0.5) and g.opset >= 13, reduce_range=g.chance(0.2),
            weight_type=g.pick(QuantType.QInt8, QuantType.QInt8, QuantType.QUInt8))
        return onnx.load(target)


def undone(model: onnx.ModelProto) -> onnx.ModelProto:
    """A dynamically quantized model with its products in floats: the same weights, activations as they are."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    sources, nodes = {}, []
    for node in graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            scale, zero = node.output[1], node.output[2]
            for name, value, type in [(scale, 1.0, np.float32), (zero, 0, np.uint8)]:
                graph.initializer.append(numpy_helper.from_array(np.array(value, type), name))
            sources[node.output[0]] = node.input[0]
        elif node.op_type == "MatMulInteger":
            packed = numpy_helper.to_array(weights[node.input[1]]).astype(np.float32)
            zero = numpy_helper.to_array(weights[node.input[3]]).astype(np.float32) if len(node.input) > 3 else 0
            plain = node.output[0] + ".plain"
            graph.initializer.append(numpy_helper.from_array(packed - zero, plain))
            if node.input[0] not in sources:
                # Rows of a quantized table are taken as they are.
                steps, shift = node.output[0] + ".steps", numpy_helper.to_array(weights[node.input[2]])
                graph.initializer.append(numpy_helper.from_array(shift.astype(np.float32), steps + ".zero"))
                nodes.append(helper.make_node("Cast", [node.input[0]], [steps + ".wide"], to=onnx.TensorProto.FLOAT))
                nodes.append(helper.make_node("Sub", [steps + ".wide", steps + ".zero"], [steps]))
                sources[node.input[0]] = steps
            nodes.append(helper.make_node("MatMul", [sources[node.input[0]], plain], list(node.output)))
        elif node.op_type == "DynamicQuantizeMatMul":
            packed, scale, zero = (
                numpy_helper.to_array(weights[name]).astype(np.float32) if name else 0
                for name in (list(node.input) + [""])[1:4])
            plain, product = node.output[0] + ".plain", node.output[0] + ".product"
            graph.initializer.append(numpy_helper.from_array((packed - zero) * scale, plain))
            bias = node.input[4:5]
            nodes.append(helper.make_node(
                "MatMul", [node.input[0], plain], [product if bias else node.output[0]]))
            if bias:
                nodes.append(helper.make_node("Add", [product, bias[0]], list(node.output)))
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    return copy


@contextlib.contextmanager
def quiet():
    """The quantizer advises on the root logger."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
