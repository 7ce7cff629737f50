"""ONNX Runtime with dynamic int8 on a BERT sentence encoder, timed on demand by apus-bench.

    minilm_onnx.py MODEL_FOLDER CACHE_FOLDER

Writes the model (with mean pooling and normalisation) as ONNX on first use. Then answers each line
"batch length threads seconds" on stdin with the sentences per second of that many seconds.
"""

import json
import os
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file


class Graph:
    """Nodes and weights as they are added; each method gives the name of its output."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes = []
        self.initializers = {}

    def add(self, operator: str, *inputs: str, **attributes) -> str:
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def linear(self, x: str, name: str) -> str:
        weight = self.constant(name + ".transposed", self.weights[name + ".weight"].T)
        return self.add("Add", self.add("MatMul", x, weight), self.weight(name + ".bias"))

    def norm(self, x: str, name: str, epsilon: float) -> str:
        return self.add(
            "LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"),
            axis=-1, epsilon=epsilon)

    def gelu(self, x: str) -> str:
        root = self.constant("root_two", np.float32(2**0.5))
        erf = self.add("Erf", self.add("Div", x, root))
        one = self.constant("one", np.float32(1))
        half = self.constant("half", np.float32(0.5))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, one)), half)


def write_model(folder: str, path: str) -> None:
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    graph = Graph(load_file(os.path.join(folder, "model.safetensors")))
    mean = pool(graph, encode(graph, config))
    outputs = [
        helper.make_tensor_value_info(
            mean, TensorProto.FLOAT, ["batch", config["hidden_size"]])]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "encoder", inputs, outputs, list(graph.initializers.values())),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path + ".f32")
    quantize_dynamic(
        path + ".f32", path + ".part", weight_type=QuantType.QInt8, per_channel=True)
    os.replace(path + ".part", path)
    os.remove(path + ".f32")


def encode(graph: Graph, config: dict) -> str:
    """[batch, length, width] of the last layer."""
    heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]
    size = config["hidden_size"] // heads
    words = graph.add(
        "Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    length = graph.add("Shape", "input_ids", start=1, end=2)
    zero = graph.constant("zero", np.array([0], np.int64))
    positions = graph.add(
        "Slice", graph.weight("embeddings.position_embeddings.weight"), zero, length, zero)
    segment = graph.constant(
        "segment", graph.weights["embeddings.token_type_embeddings.weight"][0])
    x = graph.add("Add", graph.add("Add", words, positions), segment)
    x = graph.norm(x, "embeddings.LayerNorm", epsilon)
    mask = attention_bias(graph)
    split = graph.constant("split", np.array([0, 0, heads, size], np.int64))
    join = graph.constant("join", np.array([0, 0, heads * size], np.int64))
    scale = graph.constant("scale", np.float32(size**-0.5))
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}."

        def project(part: str, order: list[int]) -> str:
            rows = graph.add("Reshape", graph.linear(x, name + "attention.self." + part), split)
            return graph.add("Transpose", rows, perm=order)

        query, value = (project(part, [0, 2, 1, 3]) for part in ("query", "value"))
        key = project("key", [0, 2, 3, 1])
        scores = graph.add("Mul", graph.add("MatMul", query, key), scale)
        shares = graph.add("Softmax", graph.add("Add", scores, mask), axis=-1)
        rows = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
        rows = graph.linear(
            graph.add("Reshape", rows, join), name + "attention.output.dense")
        x = graph.norm(
            graph.add("Add", rows, x), name + "attention.output.LayerNorm", epsilon)
        inner = graph.gelu(graph.linear(x, name + "intermediate.dense"))
        x = graph.norm(
            graph.add("Add", graph.linear(inner, name + "output.dense"), x),
            name + "output.LayerNorm", epsilon)
    return x


def attention_bias(graph: Graph) -> str:
    """[batch, 1, length, length]: 0 for tokens, −10000 for padding; written out, as ONNX Runtime is
    faster at adding that than at broadcasting in the middle."""
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = graph.add("Unsqueeze", mask, graph.constant("axes", np.array([1, 2], np.int64)))
    padding = graph.add("Sub", graph.constant("mask_one", np.float32(1)), mask)
    padding = graph.add("Mul", padding, graph.constant("far", np.float32(-10000)))
    length = graph.add("Shape", "input_ids", start=1, end=2)
    ones = graph.constant("ones", np.array([1, 1], np.int64))
    one = graph.constant("one_more", np.array([1], np.int64))
    shape = graph.add("Concat", ones, length, one, axis=0)
    return graph.add("Expand", padding, shape)


def pool(graph: Graph, x: str) -> str:
    """[batch, width]: the mean over tokens, of length 1."""
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = graph.add("Unsqueeze", mask, graph.constant("last", np.array([-1], np.int64)))
    one = graph.constant("tokens", np.array([1], np.int64))
    total = graph.add("ReduceSum", graph.add("Mul", x, mask), one, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", mask, one, keepdims=0))
    return graph.add("Div", mean, graph.add("ReduceL2", mean, axes=[1], keepdims=1))


def main(folder: str, cache: str) -> None:
    path = os.path.join(cache, f"encoder-dynamic-int8-{onnxruntime.__version__}.onnx")
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        write_model(folder, path)
    sessions = {}
    random = np.random.default_rng(1)
    print(f"onnxruntime {onnxruntime.__version__}", flush=True)
    for line in sys.stdin:
        batch, length, threads, seconds = line.split()
        batch, length, threads = int(batch), int(length), int(threads)
        if threads not in sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            sessions[threads] = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"])
        feed = {
            "input_ids": random.integers(1000, 30000, (batch, length)),
            "attention_mask": np.ones((batch, length), np.int64),
        }
        run = sessions[threads].run
        print(measure(lambda: run(None, feed), float(seconds), batch), flush=True)


# As apus-bench does: CPU time is fair to one thread on a machine that does other things too.
clock = time.process_time if os.environ.get("APUS_BENCH_CLOCK") == "cpu" else time.perf_counter


def measure(run, seconds: float, batch: int) -> float:
    run()
    calls, start = 0, clock()
    while (elapsed := clock() - start) < seconds or calls == 0:
        run()
        calls += 1
    return batch * calls / elapsed


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
