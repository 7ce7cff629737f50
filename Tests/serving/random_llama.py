"""Writes Llama models of random weights as GGUF v3 files: what tests need is their shape, not sense."""
import pathlib
import struct

import numpy

UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9  # value types of the format
ALIGNMENT = 32


def string(text) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(item) -> bytes:
    """A metadata value with its type before it; a list has the type of its first element."""
    match item:
        case bool(): return struct.pack("<I?", BOOL, item)
        case int(): return struct.pack("<II", UINT32, item)
        case float(): return struct.pack("<If", FLOAT32, item)
        case str(): return struct.pack("<I", STRING) + string(item)
        case [str(), *_]: return struct.pack("<IIQ", ARRAY, STRING, len(item)) + b"".join(map(string, item))
        case [float(), *_]: return struct.pack("<IIQ", ARRAY, FLOAT32, len(item)) + struct.pack(f"<{len(item)}f", *item)
        case [int(), *_]: return struct.pack("<IIQ", ARRAY, INT32, len(item)) + struct.pack(f"<{len(item)}i", *item)


def vocabulary(words):
    """Pieces and their types: three control pieces, every byte, and words of some 200 bytes."""
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    types = [2, 3, 3] + [6] * 256
    return pieces + [f"▁word{n}" + "-" * 200 for n in range(words)], types + [1] * words


def write_endless_llama(path: pathlib.Path, words=64, width=32, context=8192):
    """A model of one layer that writes long words until its context is full: the rows of all other
    tokens in its output are zero, and of many random words one is always likelier."""
    pieces, types = vocabulary(words)
    random = numpy.random.default_rng(7)
    output = random.normal(size=(len(pieces), width))
    output[:-words] = 0
    tensors = {
        "token_embd.weight": random.normal(size=(len(pieces), width)),
        "output.weight": output,
        "output_norm.weight": numpy.ones(width),
        "blk.0.attn_norm.weight": numpy.ones(width),
        "blk.0.ffn_norm.weight": numpy.ones(width),
    }
    for part in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        tensors[f"blk.0.{part}.weight"] = random.normal(size=(width, width)) / width**0.5
    metadata = describe(pieces, types, width, context)
    write(path, metadata, {name: tensor.astype("<f4") for name, tensor in tensors.items()})


MARKERS = ["<|im_start|>", "<|im_end|>"]


def write_chain_llama(path: pathlib.Path, answer=("▁fine", "▁thanks"), template=None, width=64, context=2048):
    """A model that knows but the token before: a line break is followed by the words of `answer`, those by
    `<|im_end|>`, every other token by itself. Its attention and its hidden layer are all zeros."""
    pieces, types = vocabulary(0)
    pieces, types = pieces + MARKERS + list(answer), types + [3] * len(MARKERS) + [1] * len(answer)
    follower = numpy.arange(len(pieces))
    chain = ["<0x0A>", *answer, "<|im_end|>"]
    for token, following in zip(chain, chain[1:]):
        follower[pieces.index(token)] = pieces.index(following)
    embedding = numpy.random.default_rng(7).choice([-1.0, 1.0], size=(len(pieces), width))
    output = numpy.zeros_like(embedding)
    # Several tokens may have one follower: it looks like all of them.
    numpy.add.at(output, follower, embedding)
    ones, zeros = numpy.ones(width), numpy.zeros((width, width))
    tensors = {"token_embd.weight": embedding, "output.weight": output, "output_norm.weight": ones,
               "blk.0.attn_norm.weight": ones, "blk.0.ffn_norm.weight": ones}
    for part in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        tensors[f"blk.0.{part}.weight"] = zeros
    metadata = describe(pieces, types, width, context)
    metadata["tokenizer.ggml.add_space_prefix"] = False
    if template:
        metadata["tokenizer.chat_template"] = template
    write(path, metadata, {name: tensor.astype("<f4") for name, tensor in tensors.items()})


def describe(pieces, types, width, context):
    """The metadata of a model of one layer and two heads."""
    return {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.embedding_length": width,
        "llama.feed_forward_length": width,
        "llama.attention.head_count": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.context_length": context,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": pieces,
        "tokenizer.ggml.scores": [0.0] * len(pieces),
        "tokenizer.ggml.token_type": types,
    }


def write(path, metadata, tensors):
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(string(key) + value(item) for key, item in metadata.items())
    data = b""
    for name, tensor in tensors.items():
        head += string(name) + struct.pack("<I", tensor.ndim)
        head += struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape)) + struct.pack("<IQ", 0, len(data))
        data += tensor.tobytes() + bytes(-tensor.nbytes % ALIGNMENT)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + data)
