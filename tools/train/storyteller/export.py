"""Writes a checkpoint and its vocabulary as one GGUF file: matrices Q8_0, norms F32.

    python export.py --work work --out tools/models/storyteller/1/model.gguf

The rotary pairs of model.py are neighbours, as GGUF's llama architecture has them, so no matrix is
permuted. The output is the embedding (no output.weight in the file).
"""

import argparse
import pathlib

import gguf
import sentencepiece as spm
import torch

from model import Shape, Storyteller

NAMES = {
    "attention_norm": "attn_norm",
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "o": "attn_output",
    "ffn_norm": "ffn_norm",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}


def gguf_name(name):
    if name == "embedding.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, number, part, _ = name.split(".")
    return f"blk.{number}.{NAMES[part]}.weight"


def describe(writer, shape, steps, tokens):
    writer.add_name("Apus Storyteller")
    writer.add_description(
        "Writes short English stories; trained by the Apus project on text its own script makes."
    )
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_uint32("apus.training.steps", steps)
    writer.add_uint64("apus.training.tokens", tokens)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.rope_base)


def add_vocabulary(writer, tokenizer):
    kinds = []
    for n in range(tokenizer.get_piece_size()):
        kinds.append(
            gguf.TokenType.UNKNOWN
            if tokenizer.is_unknown(n)
            else (
                gguf.TokenType.CONTROL
                if tokenizer.is_control(n)
                else gguf.TokenType.BYTE if tokenizer.is_byte(n) else gguf.TokenType.NORMAL
            )
        )
    every = range(tokenizer.get_piece_size())
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([tokenizer.id_to_piece(n) for n in every])
    writer.add_token_scores([tokenizer.get_score(n) for n in every])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(tokenizer.bos_id())
    writer.add_eos_token_id(tokenizer.eos_id())
    writer.add_unk_token_id(tokenizer.unk_id())
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work"))
    options.add_argument("--out", type=pathlib.Path, required=True)
    given = options.parse_args()
    state = torch.load(given.work / "checkpoint.pt", map_location="cpu")
    shape = Shape(**state["shape"])
    model = Storyteller(shape)
    model.load_state_dict(state["model"])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(given.out, "llama")
    describe(writer, shape, state["step"], state["tokens"])
    add_vocabulary(
        writer, spm.SentencePieceProcessor(model_file=str(given.work / "tokenizer.model"))
    )
    q8 = gguf.GGMLQuantizationType.Q8_0
    for name, weight in model.named_parameters():
        values = weight.detach().float().numpy()
        if weight.ndim == 2:
            writer.add_tensor(gguf_name(name), gguf.quants.quantize(values, q8), raw_dtype=q8)
        else:
            writer.add_tensor(gguf_name(name), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{given.out}: step {state['step']}, {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
