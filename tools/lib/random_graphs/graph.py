"""A random graph in the making, and the values it is to be run on."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .versions import lowered

# Sizes that differ from run to run: a dimension is an int, or the sizes that it has in each run.
RUNS = 2


def each(formula, *sizes):
    """What a formula makes of sizes, in each run if one of them differs."""
    if all(isinstance(size, int) for size in sizes):
        return formula(*sizes)
    return tuple(
        formula(*(size if isinstance(size, int) else size[run] for size in sizes)) for run in range(RUNS))


def stretched(a, b):
    """The shape of two that are stretched to each other."""
    rank = max(len(a), len(b))
    a, b = [1] * (rank - len(a)) + list(a), [1] * (rank - len(b)) + list(b)
    return [y if x == 1 else x for x, y in zip(a, b)]


class Graph:
    def __init__(self, seed: int, oldest: int = 9):
        """`oldest`: the operator set that all of the graph's operators are in."""
        self.seed, self.random = seed, np.random.default_rng(seed)
        self.opset = max(oldest, self.pick(9, 10, 11, 12, 13, 14, 17, 18, 21, 22))
        self.nodes, self.weights, self.inputs = [], {}, []
        self.shapes, self.types, self.read, self.shown = {}, {}, set(), []
        self.names = {}
        self.imports = {"": self.opset}

    # Choices.
    def chance(self, share: float) -> bool: return self.random.random() < share
    def size(self, low: int, high: int) -> int: return int(self.random.integers(low, high + 1))
    def pick(self, *options): return options[int(self.random.integers(len(options)))]

    def varying(self, name: str, low: int = 1, high: int = 5) -> tuple:
        """A dimension with a name, of another size in each run."""
        if name not in self.names:
            self.names[name] = tuple(int(s) for s in self.random.permutation(np.arange(low, high + 1))[:RUNS])
        return self.names[name]

    # Values.
    def input(self, shape, make=None, type=TensorProto.FLOAT, name: str | None = None) -> str:
        """`make` gives the values for a shape; of floats the default is the normal distribution."""
        name = name or f"input{len(self.inputs)}"
        self.inputs.append((name, type, list(shape), make or (lambda sizes: self.random.normal(0, 1, sizes))))
        self.shapes[name], self.types[name] = list(shape), type
        return name

    def constant(self, values, type=None) -> str:
        values = np.asarray(values)
        if values.dtype == np.float64:
            values = values.astype(np.float32)
        name = f"constant{len(self.weights)}"
        self.weights[name] = values
        self.shapes[name] = list(values.shape)
        self.types[name] = helper.np_dtype_to_tensor_dtype(values.dtype)
        return name

    def normal(self, *shape, spread: float = 1.0, mean: float = 0.0) -> str:
        return self.constant(self.random.normal(mean, spread, shape))

    def ints(self, *values: int) -> str: return self.constant(np.array(values, np.int64))

    def node(self, operation: str, *inputs: str, shape=None, type=None, domain: str = "", outputs: int = 1,
             **attributes):
        """Adds a node. `shape` is its output's, or those of several; nobody else works it out."""
        names = [f"{operation}{len(self.nodes)}" + (f".{i}" if outputs > 1 else "") for i in range(outputs)]
        read = list(inputs)
        if not domain:
            read, attributes = lowered(self, operation, read, attributes)
        self.nodes.append(helper.make_node(operation, read, names, name=names[0], domain=domain, **attributes))
        if domain:
            self.imports[domain] = 1
        self.read.update(read)
        shapes = shape if outputs > 1 else [shape]
        for name, one in zip(names, shapes):
            self.shapes[name] = list(self.shapes[inputs[0]] if one is None else one)
            self.types[name] = type or self.types[inputs[0]]
        return names if outputs > 1 else names[0]

    def listed(self, operation: str, x: str, name: str, values, since: int = 13, **more):
        """A node with numbers that were an attribute before a version, and are an input since."""
        if self.opset >= since:
            return self.node(operation, x, self.ints(*values), **more)
        return self.node(operation, x, **{name: list(values)}, **more)

    def shape(self, name: str) -> list: return self.shapes[name]

    def sample(self, run: int) -> dict:
        """Values for the inputs."""
        values = {}
        for name, type, shape, make in self.inputs:
            sizes = tuple(size if isinstance(size, int) else size[run] for size in shape)
            values[name] = np.asarray(make(sizes)).astype(helper.tensor_dtype_to_np_dtype(type))
        return values

    def outputs(self) -> list[str]:
        """What nobody reads, and what is shown although somebody does."""
        made = [name for node in self.nodes for name in node.output if name]
        return [name for name in made if name not in self.read or name in self.shown]

    def model(self, outputs: list[str] | None = None) -> onnx.ModelProto:
        def declared(size):
            if isinstance(size, int):
                return size
            return next((name for name, sizes in self.names.items() if sizes is size), None)

        inputs = [helper.make_tensor_value_info(name, type, [declared(s) for s in shape])
                  for name, type, shape, _ in self.inputs]
        shown = [helper.make_tensor_value_info(name, self.types[name], None)
                 for name in outputs or self.outputs()]
        used = {name for node in self.nodes for name in node.input}
        weights = [numpy_helper.from_array(values, name) for name, values in self.weights.items() if name in used]
        graph = helper.make_graph(self.nodes, "random", inputs, shown, weights)
        imports = [helper.make_opsetid(domain, version) for domain, version in self.imports.items()]
        return helper.make_model(graph, ir_version=10, opset_imports=imports)
