"""From a seed to a case: a model, values for it, onnxruntime's answers and how near they must be."""
import functools
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime

from . import microsoft, quantized
from .elements import elements, reductions
from .forms import forms
from .graph import RUNS, Graph
from .peers import calibrated, dynamic, undone
from .pictures import pictures
from .products import products
from .words import words


@dataclass
class Run:
    """One run of a model: inputs, answers, and how far from those each element may be."""
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    tolerances: list[float]


@dataclass
class Case:
    name: str
    model: onnx.ModelProto
    runs: list[Run]


def session(model: onnx.ModelProto, plain: bool = True):
    """`plain` is each node as it is defined. onnxruntime's own fusions take some graphs for others: a GELU with
    another constant for one, and a normalization with the power 4."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    if plain:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def largest(values: np.ndarray) -> float:
    return float(np.abs(values).max()) if values.size else 0.0


def near(values: np.ndarray) -> float:
    """1e-4 of the output's largest value, or of 0.1 where that is less: values on the way are of the order of 1,
    and may cancel out. All that is not a float must be the same."""
    return 1e-4 * max(largest(values), 0.1) if values.dtype == np.float32 else 0.0


def runs(g: Graph, model, answer) -> list[Run]:
    """`answer` gives outputs and tolerances for a feed."""
    made = []
    for index in range(RUNS):
        feed = g.sample(index)
        outputs, tolerances = answer(feed)
        made.append(Run([feed[value.name] for value in model.graph.input], outputs, tolerances))
    return made


def in_floats(g: Graph, build):
    build(g)
    model = g.model()
    peer = session(model)

    def answer(feed):
        outputs = peer.run(None, feed)
        return outputs, [near(output) for output in outputs]

    return model, runs(g, model, answer)


def in_bytes(g: Graph, build):
    """Within one step of the output's scale. onnxruntime's own levels of optimization differ by steps too: a
    sum on the border of two steps may fall to either side, and what follows carries that on. Where they
    differ by more than one, so may the answer."""
    model = build(g)
    plainly = session(model)
    try:
        peers = plainly, session(model, plain=False)
    except Exception:
        # Its shape inference and its pools disagree about ceil_mode, and QLinearConcat asks.
        peers = plainly, plainly
    steps = quantized.steps(model)

    def answer(feed):
        plain, fused = (peer.run(None, feed) for peer in peers)
        tolerances = []
        for value, a, b in zip(model.graph.output, plain, fused):
            apart = largest(a.astype(np.float64) - b.astype(np.float64))
            tolerances.append(1.01 * steps[value.name] + (apart if apart > 1.01 * steps[value.name] else 0))
        return plain, tolerances

    return model, runs(g, model, answer)


def on_the_way(g: Graph, build):
    """Activations that are quantized on the way: compared with the same weights and activations in floats, as
    a scale for the whole tensor (onnxruntime's) and one for each row (ours) round differently.

    A row's scale is at most the tensor's, so our errors are of no larger spread than onnxruntime's: twice
    its largest is allowed. Of a few elements the largest may be small by luck, so 2 % of the largest answer
    are allowed on top: rounding errors of range/255 have the spread of range/883, 0.7 % of that of normally
    distributed values; four times that is 1 % of the largest answer for one product, and products in a row
    add theirs as squares."""
    model = build(g)
    peer, plain = session(model), session(undone(model))

    def answer(feed):
        wanted, rounded = plain.run(None, feed), peer.run(None, feed)
        return wanted, [2 * largest(a - b) + 0.02 * largest(a) for a, b in zip(wanted, rounded)]

    return model, runs(g, model, answer)


def in_microsoft(g: Graph):
    microsoft.KINDS[g.seed // len(TURNS) % len(microsoft.KINDS)](g)
    model = g.model()
    names = {node.op_type for node in model.graph.node}
    if "DynamicQuantizeMatMul" in names:
        return on_the_way(g, lambda g: model)
    if names & {"QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool"}:
        return in_bytes(g, lambda g: model)
    return in_floats(g, lambda g: None)


def plainly(build): return functools.partial(in_floats, build=build)


def made(g: Graph): return quantized.made(g, session)


# Of thirty seeds, how many are of a kind.
KINDS = [
    ("elements", 3, plainly(elements)), ("forms", 3, plainly(forms)), ("reductions", 2, plainly(reductions)),
    ("pictures", 5, plainly(pictures)), ("products", 3, plainly(products)), ("words", 4, plainly(words)),
    ("quantized", 4, functools.partial(in_bytes, build=made)),
    ("calibrated", 2, functools.partial(in_bytes, build=functools.partial(calibrated, form="QDQ"))),
    ("integers", 1, functools.partial(in_bytes, build=functools.partial(calibrated, form="QOperator"))),
    ("dynamic", 2, functools.partial(on_the_way, build=dynamic)), ("microsoft", 1, in_microsoft),
]
# Operator sets that a kind's operators, or onnxruntime's quantizers, need.
OLDEST = {"quantized": 10, "calibrated": 11, "integers": 11, "dynamic": 11, "microsoft": 11}
TURNS = [(name, build) for name, count, build in KINDS for _ in range(count)]


def make(seed: int, kind: str | None = None) -> Case:
    name, build = TURNS[seed % len(TURNS)]
    if kind:
        name, build = next(entry for entry in TURNS if entry[0] == kind)
    g = Graph(seed, OLDEST.get(name, 9))
    model, answers = build(g)
    return Case(f"{name}-{seed}", model, answers)
