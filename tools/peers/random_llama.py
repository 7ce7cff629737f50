"""Writes a Llama GGUF of random Q8_0 weights in the shape of a real model, for benchmarks.

    random_llama.py 15M|110M OUT.gguf
"""

import sys

import gguf
import numpy as np

# layers, width, heads, kv heads, feed-forward width, context
SHAPES = {
    "15M": (6, 288, 6, 6, 768, 2048),
    "110M": (12, 768, 12, 12, 2048, 2048),
}
VOCABULARY = 32000


def main(shape: str, path: str) -> None:
    layers, width, heads, kv_heads, hidden, context = SHAPES[shape]
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"random {shape}")
    writer.add_block_count(layers)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(VOCABULARY)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    add_vocabulary(writer)

    def vector(name: str, length: int) -> None:
        writer.add_tensor(name, np.ones(length, np.float32))

    def matrix(name: str, rows: int, columns: int) -> None:
        values = random.standard_normal((rows, columns), np.float32) / np.sqrt(columns)
        blocks = gguf.quants.quantize(
            values.astype(np.float32), gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    kv_width = width // heads * kv_heads
    matrix("token_embd.weight", VOCABULARY, width)
    vector("output_norm.weight", width)
    for layer in range(layers):
        block = f"blk.{layer}."
        vector(block + "attn_norm.weight", width)
        vector(block + "ffn_norm.weight", width)
        matrix(block + "attn_q.weight", width, width)
        matrix(block + "attn_k.weight", kv_width, width)
        matrix(block + "attn_v.weight", kv_width, width)
        matrix(block + "attn_output.weight", width, width)
        matrix(block + "ffn_gate.weight", hidden, width)
        matrix(block + "ffn_up.weight", hidden, width)
        matrix(block + "ffn_down.weight", width, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_vocabulary(writer: gguf.GGUFWriter) -> None:
    """Special pieces, the 256 bytes, then made-up words: all that loaders ask for."""
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    types = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2
    types += [gguf.TokenType.BYTE] * 256
    words = VOCABULARY - len(pieces)
    pieces += [f"\u2581w{index}" for index in range(words)]
    types += [gguf.TokenType.NORMAL] * words
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0] * len(pieces))
    writer.add_token_types([int(kind) for kind in types])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in SHAPES:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
