"""Small ONNX models, made here, and pictures without a library for them."""
import pathlib
import shutil
import struct
import zlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKLEARN = ROOT / "Tests/Fixtures/onnx-sklearn"
PICTURES = ROOT / "Tests/Fixtures/images"


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def save(folder, nodes, inputs, outputs, **constants):
    """A version folder with the graph of these nodes."""
    folder.mkdir(parents=True)
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "model.onnx")
    return folder


def sklearn(folder, name):
    """One of the models that skl2onnx wrote."""
    folder.mkdir(parents=True)
    shutil.copy(SKLEARN / name / "model.onnx", folder)


def colours(folder, size=8, softmax=False, labels="red\ngreen\nblue\n", image="{size: [8, 8], resample: 2}"):
    """Says which of the three colours a picture has most of: logits ten times its mean, of 0 to 1."""
    names = ["pooled", "flat", "scores"]
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["pooled"]), helper.make_node("Flatten", ["pooled"], ["flat"]),
             helper.make_node("MatMul", ["flat", "weight"], ["scores"])]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["scores"], ["shares"]))
        names.append("shares")
    save(folder, nodes, [value("x", ["N", 3, size, size])], [value(names[-1], ["N", 3])],
         weight=10 * numpy.eye(3, dtype=numpy.float32))
    if labels:
        (folder / "labels.txt").write_text(labels)
    if image:
        (folder / "model.yaml").write_text(f"image: {image}\n")
    return folder


def addition(folder, amount):
    """y = x + amount, on rows of two."""
    return save(folder, [helper.make_node("Add", ["x", "amount"], ["y"])], [value("x", ["N", 2])], [value("y", ["N", 2])],
                amount=numpy.float32([amount, amount]))


def loop(folder, times=None):
    """x doubled as often as the input "count" says, or always so many times: all of it is constant then."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["goes"], ["on"]), helper.make_node("Mul", ["sum", "two"], ["next"])], "body",
        [value("i", [], TensorProto.INT64), value("goes", [], TensorProto.BOOL), value("sum", [1])],
        [value("on", [], TensorProto.BOOL), value("next", [1])])
    count = [value("count", [1], TensorProto.INT64)] if times is None else []
    names = ["count", "", "one" if count == [] else "x"]
    nodes = [helper.make_node("Loop", names, ["made"], body=body), helper.make_node("Mul", ["made", "x"], ["y"])]
    constants = {} if times is None else {"count": numpy.int64([times]), "one": numpy.float32([1])}
    return save(folder, nodes, count + [value("x", [1])], [value("y", [1])], two=numpy.float32([2]), **constants)


def product(folder, width=2048):
    """The mean of a product of so many rows as the input "rows" says with a square matrix: of ones, width."""
    nodes = [helper.make_node("Concat", ["rows", "width"], ["shape"], axis=0),
             helper.make_node("ConstantOfShape", ["shape"], ["x"], value=helper.make_tensor("", TensorProto.FLOAT, [1], [1])),
             helper.make_node("MatMul", ["x", "weights"], ["z"]),
             helper.make_node("ReduceMean", ["z"], ["mean"], keepdims=0),
             helper.make_node("Unsqueeze", ["mean", "zero"], ["y"])]
    return save(folder, nodes, [value("rows", [1], TensorProto.INT64)], [value("y", [1])],
                width=numpy.int64([width]), zero=numpy.int64([0]), weights=numpy.ones((width, width), numpy.float32))


def words(folder, output="last_hidden_state", **settings):
    """Looks up a vector for each token: [its id, 1], or logits: the ids' sum in the second of two classes."""
    table = numpy.stack([numpy.arange(6), numpy.ones(6)], 1).astype(numpy.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["vectors"])]
    shape = ["batch", "tokens", 2]
    if output == "last_hidden_state":
        nodes.append(helper.make_node("Identity", ["vectors"], [output]))
    else:
        nodes.append(helper.make_node("ReduceSum", ["vectors", "axis"], [output], keepdims=0))
        shape = ["batch", 2]
    inputs = [value(name, ["batch", "tokens"], TensorProto.INT64) for name in ("input_ids", "attention_mask")]
    save(folder, nodes, inputs, [value(output, shape)], table=table, axis=numpy.int64([1]))
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    for name, text in settings.items():
        (folder / f"{name}.json").write_text(text)


def png(width, height, colour, said=None):
    """A picture of one colour; `said` is a size that its header claims."""
    return png_of_rows(*(said or (width, height)), [b"\0" + bytes(colour) * width] * height)


def png_of_rows(width, height, rows):
    """A picture of these rows, each behind its filter."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
