"""all-MiniLM-L6-v2 in fp32 with numpy alone: what the served int8 model is compared with."""
import math
import os
import pathlib

# Threads that spin for each other cost more than they give on small matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
from safetensors.numpy import load_file
from tokenizers import Tokenizer



def erf(x):
    """Abramowitz and Stegun 7.1.26 has an error of 1.5e-7: below what fp32 shows after the sums."""
    t = 1 / (1 + 0.3275911 * numpy.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return numpy.sign(x) * (1 - series * numpy.exp(-x * x))


class ReferenceBert:
    heads, epsilon = 12, 1e-12

    def __init__(self, folder: pathlib.Path, maximum_tokens: int = 256):
        self.weights = {k.removeprefix("bert."): v.astype(numpy.float32) for k, v in load_file(folder / "model.safetensors").items()
                        if v.dtype != numpy.int64}
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(maximum_tokens)
        self.layers = 1 + max(int(k.split(".")[2]) for k in self.weights if k.startswith("encoder.layer."))

    def linear(self, name, x):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, name, x):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / numpy.sqrt((centred * centred).mean(-1, keepdims=True) + self.epsilon)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def embed(self, text: str) -> numpy.ndarray:
        ids = self.tokenizer.encode(text).ids
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = self.norm("embeddings.LayerNorm", x + w["embeddings.token_type_embeddings.weight"][0])
        for number in range(self.layers):
            layer = f"encoder.layer.{number}"
            split = lambda y: y.reshape(len(ids), self.heads, -1).transpose(1, 0, 2)
            q, k, v = (split(self.linear(f"{layer}.attention.self.{part}", x)) for part in ("query", "key", "value"))
            scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
            scores = numpy.exp(scores - scores.max(-1, keepdims=True))
            context = (scores / scores.sum(-1, keepdims=True)) @ v
            context = context.transpose(1, 0, 2).reshape(len(ids), -1)
            x = self.norm(f"{layer}.attention.output.LayerNorm", x + self.linear(f"{layer}.attention.output.dense", context))
            hidden = self.linear(f"{layer}.intermediate.dense", x)
            hidden = hidden * 0.5 * (1 + erf(hidden / math.sqrt(2)))
            x = self.norm(f"{layer}.output.LayerNorm", x + self.linear(f"{layer}.output.dense", hidden))
        mean = x.mean(0)
        return mean / numpy.linalg.norm(mean)


def spearman(a, b) -> float:
    """Rank correlation; equal values share the mean of their ranks."""
    def ranks(values):
        values = numpy.asarray(values)
        order = numpy.argsort(values, kind="stable")
        rank = numpy.empty(len(values))
        rank[order] = numpy.arange(len(values))
        _, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
        return (numpy.bincount(inverse, rank) / counts)[inverse]
    return float(numpy.corrcoef(ranks(a), ranks(b))[0, 1])
