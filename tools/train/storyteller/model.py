"""The Llama architecture, as small as it gets: RMSNorm, rotary pairs, grouped heads, SwiGLU."""

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Shape:
    """Every width is a multiple of 32, the block of Q8_0."""

    vocabulary: int = 2048
    width: int = 256
    layers: int = 6
    heads: int = 8
    kv_heads: int = 4
    ffn: int = 512
    context: int = 512
    rope_base: float = 10000.0
    epsilon: float = 1e-5


class Norm(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x):  # [batch, time, width]
        return F.rms_norm(x.float(), (x.shape[-1],), self.weight, self.epsilon)


def rotation(shape):
    """cos and sin, each [context, head/2]; pair (2i, 2i+1) turns by position * base^(-2i/head)."""
    head = shape.width // shape.heads
    frequency = shape.rope_base ** (-torch.arange(0, head, 2).float() / head)
    angle = torch.outer(torch.arange(shape.context).float(), frequency)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):  # [batch, heads, time, head]
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1)
    return turned.flatten(-2).to(x.dtype)


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        head = shape.width // shape.heads
        self.heads, self.kv_heads = shape.heads, shape.kv_heads
        self.attention_norm, self.ffn_norm = Norm(shape), Norm(shape)
        self.q = nn.Linear(shape.width, shape.heads * head, bias=False)
        self.k = nn.Linear(shape.width, shape.kv_heads * head, bias=False)
        self.v = nn.Linear(shape.width, shape.kv_heads * head, bias=False)
        self.o = nn.Linear(shape.heads * head, shape.width, bias=False)
        self.gate = nn.Linear(shape.width, shape.ffn, bias=False)
        self.up = nn.Linear(shape.width, shape.ffn, bias=False)
        self.down = nn.Linear(shape.ffn, shape.width, bias=False)

    def forward(self, x, cos, sin):
        normed = self.attention_norm(x)
        q = rotate(self.q(normed).unflatten(-1, (self.heads, -1)).transpose(1, 2), cos, sin)
        k = rotate(self.k(normed).unflatten(-1, (self.kv_heads, -1)).transpose(1, 2), cos, sin)
        v = self.v(normed).unflatten(-1, (self.kv_heads, -1)).transpose(1, 2)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(mixed.transpose(1, 2).flatten(-2))
        normed = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(normed)) * self.up(normed))


class Storyteller(nn.Module):
    """Token ids [batch, time] -> logits [batch, time, vocabulary]; the embedding is the output too."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape)
        cos, sin = rotation(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                last = name.endswith(("o.weight", "down.weight"))
                nn.init.normal_(weight, std=0.02 / (2 * shape.layers) ** 0.5 if last else 0.02)

    def forward(self, ids):
        time = ids.shape[1]
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, self.cos[:time], self.sin[:time])
        return F.linear(self.norm(x), self.embedding.weight)
