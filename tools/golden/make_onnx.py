"""Writes Tests/Fixtures/onnx: small models of which the tests know what must be read of them.

    python tools/golden/make_onnx.py

Written by the `onnx` library, which also checks them. What is in them stands in
Tests/ModelsTests/ONNX/ONNXGoldenTests.swift.
"""

import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "Tests/Fixtures/onnx"
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL

# Types whose values can stand in a list of numbers as well as in raw bytes, and values they hold.
REALS = ["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2",
         "FLOAT8E5M2FNUZ", "FLOAT4E2M1"]
SIGNED, UNSIGNED = ["INT8", "INT16", "INT32", "INT64"], ["UINT8", "UINT16", "UINT32", "UINT64"]
VALUES = {
    **{name: [0.5, -2.0, 1.5, 3.0, -1.0] for name in REALS},
    **{name: [1, -2, 127, -128, 0] for name in SIGNED},
    **{name: [1, 2, 255, 128, 0] for name in UNSIGNED},
    "INT4": [1, -2, 7, -8, 3], "UINT4": [1, 2, 15, 8, 3],
    "INT2": [1, -2, 0, -1, 1], "UINT2": [1, 2, 3, 0, 1],
    "BOOL": [True, False, True, True, False],
    "COMPLEX64": [1 + 2j, -1j, 0.5, 2, -3 + 1j], "COMPLEX128": [1 + 2j, -1j, 0.5, 2, -3 + 1j],
    "FLOAT8E8M0": [0.5, 2.0, 1.0, 4.0, 8.0],
}


def save(name, graph, opsets, ir=10, functions=()):
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir, functions=functions,
                              producer_name="make_onnx", producer_version="1")
    helper.set_model_props(model, {"purpose": "tests"})
    onnx.checker.check_model(model)
    path = FOLDER / name
    path.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def value(name, kind=FLOAT, shape=("batch", 2)):
    return helper.make_tensor_value_info(name, kind, shape)


def bare(name, kind=None):
    """A graph's output as branches declare it."""
    return helper.make_tensor_value_info(name, kind, None) if kind else onnx.ValueInfoProto(name=name)


def make_types():
    tensors = []
    for name, values in VALUES.items():
        kind = getattr(TensorProto, name)
        listed = helper.make_tensor(f"list_{name.lower()}", kind, [5], values)
        array = numpy_helper.to_array(listed)
        raw = numpy_helper.from_array(array, f"raw_{name.lower()}")
        assert raw.HasField("raw_data") and not listed.HasField("raw_data")
        tensors += [raw, listed]
    texts = helper.make_tensor("texts", TensorProto.STRING, [2, 2], [b"a", b"", "ü".encode(), b"\xff"])
    empty = helper.make_tensor("empty", FLOAT, [0, 3], [])
    scalar = helper.make_tensor("scalar", FLOAT, [], [7.0])
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "types", [value("x")], [value("y")], [*tensors, texts, empty, scalar])
    save("types.onnx", graph, {"": 22}, ir=13)


def make_control():
    """A loop whose body chooses by an If between values of both graphs around it; a scan."""
    then = helper.make_graph(
        [helper.make_node("Add", ["state_in", "bias"], ["sum"], "add")], "then", [], [bare("sum", FLOAT)])
    otherwise = helper.make_graph(
        [helper.make_node("Mul", ["state_in", "x"], ["product"], "mul")], "else", [], [bare("product", FLOAT)])
    body = helper.make_graph(
        [helper.make_node("If", ["more"], ["state_out"], "choose", then_branch=then, else_branch=otherwise),
         helper.make_node("Identity", ["more"], ["more_out"])],
        "body",
        [value("step", INT64, []), value("more", BOOL, []), value("state_in", FLOAT, None)],
        [value("more_out", BOOL, []), value("state_out", FLOAT, None)])
    scanned = helper.make_graph(
        [helper.make_node("Add", ["total", "row"], ["next"]), helper.make_node("Identity", ["next"], ["row_out"])],
        "scanned", [value("total", FLOAT, [2]), value("row", FLOAT, [2])],
        [value("next", FLOAT, [2]), value("row_out", FLOAT, [2])])
    nodes = [
        helper.make_node("Loop", ["count", "", "x"], ["looped"], "loop", body=body),
        helper.make_node("Scan", ["start", "looped"], ["last", "rows"], "scan", body=scanned, num_scan_inputs=1),
    ]
    weights = [numpy_helper.from_array(numpy.array([1.0, 2.0], "float32"), "bias"),
               numpy_helper.from_array(numpy.array([0.0, 0.0], "float32"), "start")]
    graph = helper.make_graph(
        nodes, "control", [value("x"), value("count", INT64, [])], [value("rows"), value("last", FLOAT, [2])], weights)
    save("control.onnx", graph, {"": 17})


def make_function():
    """A function that calls another, with a default, a referred attribute and an If."""
    leaky = helper.make_function(
        "house", "Leaky", ["x"], ["y"],
        [helper.make_node("LeakyRelu", ["x"], ["y"])],
        [helper.make_opsetid("", 16)], attributes=["slope"],
        attribute_protos=[])
    reference = onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope")
    leaky.node[0].attribute.append(reference)
    then = helper.make_graph(
        [helper.make_node("Neg", ["half"], ["negated"])], "then", [], [bare("negated", FLOAT)])
    otherwise = helper.make_graph(
        [helper.make_node("Identity", ["half"], ["same"])], "else", [], [bare("same", FLOAT)])
    twice = helper.make_function(
        "house", "Twice", ["a", "flag"], ["b"],
        [helper.make_node("Leaky", ["a"], ["half"], domain="house"),
         helper.make_node("If", ["flag"], ["chosen"], then_branch=then, else_branch=otherwise),
         helper.make_node("Leaky", ["chosen"], ["b"], domain="house", slope=0.5)],
        [helper.make_opsetid("", 16), helper.make_opsetid("house", 1)],
        attribute_protos=[helper.make_attribute("slope", 0.25)])
    twice.node[0].attribute.append(
        onnx.AttributeProto(name="slope", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope"))
    nodes = [
        helper.make_node("Twice", ["x", "flag"], ["middle"], "first", domain="house"),
        helper.make_node("Twice", ["middle", "flag"], ["y"], "second", domain="house", slope=0.75),
    ]
    graph = helper.make_graph(nodes, "function", [value("x"), value("flag", BOOL, [])], [value("y")])
    save("function.onnx", graph, {"": 16, "house": 1}, functions=[leaky, twice])


def make_operators():
    """Operators of all three sets, with attributes of many kinds."""
    nodes = [
        helper.make_node("Scaler", ["x"], ["scaled"], "scaler", domain="ai.onnx.ml",
                         offset=[0.5, 1.0], scale=[2.0, 4.0]),
        helper.make_node("DynamicQuantizeMatMul", ["scaled", "w", "w_scale", "w_zero"], ["hidden"], "quantized",
                         domain="com.microsoft"),
        helper.make_node(
            "TreeEnsembleClassifier", ["hidden"], ["label", "scores"], "trees", domain="ai.onnx.ml",
            nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0],
            nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[1.5, 0.0, 0.0],
            nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0], class_treeids=[0, 0],
            class_nodeids=[1, 2], class_ids=[0, 1], class_weights=[1.0, 1.0],
            classlabels_strings=["no", "yes"], post_transform="NONE"),
        helper.make_node("ZipMap", ["scores"], ["map"], "map", domain="ai.onnx.ml",
                         classlabels_strings=["no", "yes"]),
        helper.make_node("Constant", [], ["fixed"], "constant",
                         value=numpy_helper.from_array(numpy.arange(6, dtype="int64").reshape(2, 3))),
    ]
    weights = [numpy_helper.from_array(numpy.array([[1, 2], [3, 4]], "int8"), "w"),
               numpy_helper.from_array(numpy.array([0.5], "float32"), "w_scale"),
               numpy_helper.from_array(numpy.array([0], "int8"), "w_zero")]
    entry = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(FLOAT, []))
    maps = helper.make_value_info("map", helper.make_sequence_type_proto(entry))
    graph = helper.make_graph(
        nodes, "operators", [value("x"), value("w_scale", FLOAT, [1])],
        [value("label", TensorProto.STRING, [None]), maps, value("fixed", INT64, [2, 3])], weights,
        value_info=[value("hidden", FLOAT, ["batch", "batch + 1"])])
    save("operators.onnx", graph, {"": 17, "ai.onnx.ml": 3, "com.microsoft": 1, "unused": 9})


def make_external():
    weights = [numpy_helper.from_array(numpy.arange(6, dtype="float32").reshape(2, 3), "w"),
               numpy_helper.from_array(numpy.array([7, 8], "int64"), "axes"),
               numpy_helper.from_array(numpy.array([9.0], "float32"), "inside")]
    data = b""
    for tensor in weights[:2]:
        data += bytes(-len(data) % 64)
        onnx.external_data_helper.set_external_data(tensor, "data/weights.bin", len(data), len(tensor.raw_data))
        data += tensor.raw_data
        tensor.ClearField("raw_data")
    (FOLDER / "external/data").mkdir(parents=True, exist_ok=True)
    (FOLDER / "external/data/weights.bin").write_bytes(data)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "external", [value("x")], [value("y", FLOAT, ["batch", 3])], weights)
    imports = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    path = FOLDER / "external/model.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_types()
    make_control()
    make_function()
    make_operators()
    make_external()
