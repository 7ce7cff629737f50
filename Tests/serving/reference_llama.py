"""A Llama from a GGUF file of f32 tensors, in numpy's double precision: what served logits are compared with."""
import pathlib
import struct

import numpy

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9


class Reader:
    """The head of a GGUF file, front to back (v3)."""

    def __init__(self, data: bytes):
        self.data, self.place = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.place)
        self.place += struct.calcsize("<" + form)
        return values[0]

    def string(self):
        length = self.take("Q")
        self.place += length
        return self.data[self.place - length:self.place].decode()

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, count = self.take("I"), self.take("Q")
            return [self.value(inner) for _ in range(count)]
        return self.take(SCALARS[kind])


class ReferenceLlama:
    def __init__(self, path: pathlib.Path):
        data = path.read_bytes()
        reader = Reader(data)
        assert reader.take("4s") == b"GGUF" and reader.take("I") == 3
        tensors, entries = reader.take("Q"), reader.take("Q")
        self.metadata = {}
        for _ in range(entries):
            key = reader.string()
            self.metadata[key] = reader.value(reader.take("I"))
        heads = []
        for _ in range(tensors):
            name = reader.string()
            shape = [reader.take("Q") for _ in range(reader.take("I"))]
            assert reader.take("I") == 0, f"{name} is no f32"
            heads.append((name, shape[::-1], reader.take("Q")))
        alignment = self.metadata.get("general.alignment", 32)
        start = -(-reader.place // alignment) * alignment
        self.tensors = {
            name: numpy.frombuffer(data, "<f4", int(numpy.prod(shape)), start + place).reshape(shape).astype(numpy.float64)
            for name, shape, place in heads
        }

    def __getitem__(self, name):
        return self.tensors[name + ".weight"]

    def norm(self, x, name):
        epsilon = self.metadata["llama.attention.layer_norm_rms_epsilon"]
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * self[name]

    def rotate(self, x):
        """[positions, heads, size]: pairs of neighbours turn by their position."""
        positions, _, size = x.shape
        base = self.metadata.get("llama.rope.freq_base", 10000.0)
        angles = numpy.outer(numpy.arange(positions), base ** (-numpy.arange(0, size, 2) / size))[:, None]
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = numpy.empty_like(x)
        turned[..., 0::2] = even * numpy.cos(angles) - odd * numpy.sin(angles)
        turned[..., 1::2] = even * numpy.sin(angles) + odd * numpy.cos(angles)
        return turned

    def attend(self, x, prefix):
        count = len(x)
        heads = self.metadata["llama.attention.head_count"]
        shared = heads // self.metadata.get("llama.attention.head_count_kv", heads)
        q, k, v = ((x @ self[f"{prefix}.attn_{part}"].T).reshape(count, -1, x.shape[1] // heads) for part in "qkv")
        q, k = self.rotate(q), self.rotate(k)
        k, v = k.repeat(shared, 1), v.repeat(shared, 1)
        scores = numpy.einsum("ihd,jhd->hij", q, k) / numpy.sqrt(q.shape[-1])
        scores[:, ~numpy.tri(count, dtype=bool)] = -numpy.inf
        weights = numpy.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        return numpy.einsum("hij,jhd->ihd", weights, v).reshape(count, -1) @ self[f"{prefix}.attn_output"].T

    def logits(self, ids):
        """[positions, vocabulary]: the logits of what follows each of the ids."""
        x = self["token_embd"][numpy.array(ids)]
        for layer in range(self.metadata["llama.block_count"]):
            prefix = f"blk.{layer}"
            x = x + self.attend(self.norm(x, f"{prefix}.attn_norm"), prefix)
            h = self.norm(x, f"{prefix}.ffn_norm")
            gate = h @ self[f"{prefix}.ffn_gate"].T
            x = x + (gate / (1 + numpy.exp(-gate)) * (h @ self[f"{prefix}.ffn_up"].T)) @ self[f"{prefix}.ffn_down"].T
        output = "output" if "output.weight" in self.tensors else "token_embd"
        return self.norm(x, "output_norm") @ self[output].T

    def log_softmax(self, ids):
        logits = self.logits(ids)
        logits -= logits.max(-1, keepdims=True)
        return logits - numpy.log(numpy.exp(logits).sum(-1, keepdims=True))
