"""Graphs as encoders of text have them: embeddings, attention with masks, layers, pooling."""
import numpy as np
from onnx import TensorProto

from .graph import Graph, each, stretched
from .products import gelu, layer_norm, linear, mean_of


class Encoder:
    def __init__(self, g: Graph):
        self.g = g
        self.heads, self.size = g.pick(1, 2, 4), g.pick(4, 8, 16)
        self.width = self.heads * self.size
        self.batch, self.length = g.varying("batch", 1, 4), g.varying("length", 2, 11)
        self.vocabulary = g.size(11, 40)

    def embed(self) -> str:
        g = self.g
        self.ids = g.input([self.batch, self.length], lambda s: g.random.integers(0, self.vocabulary, s),
                           TensorProto.INT64, "input_ids")
        rows = [self.batch, self.length, self.width]
        x = g.node("Gather", g.normal(self.vocabulary, self.width), self.ids, shape=rows)
        # Ends that are computed are taken since 10.
        if g.chance(0.6) and g.opset >= 10:
            sizes = g.node("Shape", self.ids, shape=[2], type=TensorProto.INT64)
            end = g.node("Slice", sizes, g.ints(1), g.ints(2), shape=[1])
            places = g.node("Slice", g.normal(12, self.width), g.ints(0), end, g.ints(0), shape=rows[1:])
            x = g.node("Add", x, places)
        return layer_norm(g, x) if g.chance(0.7) else x

    def mask(self) -> None:
        """A mask of each sequence: a beginning, or any part with its first token."""
        g = self.g

        def make(sizes):
            ends = g.random.integers(1, sizes[1] + 1, sizes[0])
            kept = np.arange(sizes[1]) < ends[:, None]
            if self.scattered:
                kept = g.random.random(sizes) < 0.6
                kept[:, 0] = True
            return kept

        self.scattered = g.chance(0.3)
        self.tokens = g.input([self.batch, self.length], make, TensorProto.INT64, "attention_mask")
        kind = g.size(0, 3)
        shape = [self.batch, 1, 1, self.length]
        self.kept = self.bias = None
        if kind == 3 and g.chance(0.5):
            return
        wide = g.listed("Unsqueeze", self.tokens, "axes", [1, 2], shape=shape)
        if kind == 1:
            self.kept = g.node("Equal", wide, g.constant(np.int64(0)), type=TensorProto.BOOL)
            return
        floats = g.node("Cast", wide, to=TensorProto.FLOAT, type=TensorProto.FLOAT)
        padding = g.node("Sub", g.constant(np.float32(1)), floats, shape=shape)
        self.bias = g.node("Mul", padding, g.constant(np.float32(g.pick(-10000, -3.4028235e38, -1.5))))

    def project(self, x: str, order: list[int]) -> str:
        """[batch, length, width] to heads."""
        g = self.g
        rows = linear(g, x, self.width)
        return self.turned(rows, order)

    def turned(self, rows: str, order: list[int]) -> str:
        g = self.g
        shape = [self.batch, self.length, self.heads, self.size]
        if g.chance(0.6):
            target = g.ints(0, g.pick(0, -1), self.heads, self.size)
        else:
            sizes = g.node("Shape", rows, shape=[3], type=TensorProto.INT64)
            parts = [g.node("Slice", sizes, g.ints(i), g.ints(i + 1), g.ints(0), shape=[1]) for i in (0, 1)]
            target = g.node("Concat", *parts, g.ints(self.heads), g.ints(self.size), axis=0, shape=[4])
        parts = g.node("Reshape", rows, target, shape=shape)
        return g.node("Transpose", parts, perm=order, shape=[shape[axis] for axis in order])

    def attend(self, x: str) -> str:
        g = self.g
        if g.chance(0.25):
            joined = linear(g, x, 3 * self.width)
            pieces = g.listed("Split", joined, "split", [self.width] * 3, axis=2, outputs=3,
                            shape=[[self.batch, self.length, self.width]] * 3)
            query, value = (self.turned(p, [0, 2, 1, 3]) for p in (pieces[0], pieces[2]))
            key = self.turned(pieces[1], [0, 2, 3, 1])
        else:
            query, value = self.project(x, [0, 2, 1, 3]), self.project(x, [0, 2, 1, 3])
            key = self.project(x, [0, 2, 3, 1])
        scale = np.float32(self.size ** -0.5 if g.chance(0.8) else 0.3)
        form = g.size(0, 3)
        if form == 0:
            query = g.node("Mul", query, g.constant(scale))
        shape = [self.batch, self.heads, self.length, self.length]
        scores = g.node("MatMul", query, key, shape=shape)
        if form == 1:
            scores = g.node("Mul", scores, g.constant(scale))
        elif form == 2:
            scores = g.node("Div", scores, g.constant(np.float32(1 / scale)))
        elif g.chance(0.5):
            # One scale for each head.
            scores = g.node("Mul", scores, g.constant(g.random.uniform(0.2, 0.5, [self.heads, 1, 1])))
        if self.kept:
            scores = g.node("Where", self.kept, g.constant(np.float32(-3e38)), scores, shape=shape, type=TensorProto.FLOAT)
        elif self.bias:
            scores = g.node("Add", *((scores, self.bias) if g.chance(0.7) else (self.bias, scores)), shape=shape)
        if g.chance(0.1):
            g.shown.append(scores)
        shares = g.node("Softmax", scores, axis=-1 if g.chance(0.9) else -2)
        if g.chance(0.1):
            g.shown.append(shares)
        rows = g.node("MatMul", shares, value, shape=[self.batch, self.heads, self.length, self.size])
        rows = g.node("Transpose", rows, perm=[0, 2, 1, 3], shape=[self.batch, self.length, self.heads, self.size])
        rows = g.node("Reshape", rows, g.ints(0, 0, self.width), shape=[self.batch, self.length, self.width])
        return linear(g, rows, self.width)

    def layer(self, x: str) -> str:
        g = self.g
        first = g.chance(0.3)
        y = self.attend(layer_norm(g, x) if first else x)
        x = g.node("Add", *((y, x) if g.chance(0.5) else (x, y)))
        x = x if first else layer_norm(g, x)
        if g.chance(0.3):
            return x
        inner = linear(g, layer_norm(g, x) if first else x, 2 * self.width)
        inner = gelu(g, inner) if g.chance(0.8) else g.node("Relu", inner)
        x = g.node("Add", linear(g, inner, self.width), x)
        return x if first else layer_norm(g, x)

    def pool(self, x: str) -> None:
        g = self.g
        kind = g.size(0, 3)
        if kind == 0:
            first = g.node("Gather", x, g.constant(np.int64(0)), axis=1, shape=[self.batch, self.width])
            g.node("Tanh", linear(g, first, g.size(2, 5)))
        elif kind == 1:
            shape = [self.batch, self.length, 1]
            mask = g.node("Cast", g.listed("Unsqueeze", self.tokens, "axes", [2], shape=shape), to=TensorProto.FLOAT,
                          type=TensorProto.FLOAT)
            rows = [self.batch, self.width]
            total = g.listed("ReduceSum", g.node("Mul", x, mask), "axes", [1], keepdims=0, shape=rows)
            count = g.listed("ReduceSum", mask, "axes", [1], keepdims=0, shape=[self.batch, 1])
            g.node("Div", total, g.node("Clip", count, g.constant(np.float32(1e-9))))


def words(g: Graph) -> None:
    encoder = Encoder(g)
    x = encoder.embed()
    encoder.mask()
    for _ in range(g.size(1, 2)):
        x = encoder.layer(x)
    encoder.pool(x)
