"""Writes BERT encoders of any size whose weights are all zero: the file is a hole, and takes no disk."""
import json
import pathlib

POSITIONS, VOCABULARY = 512, 1000


def write_blank_bert(folder: pathlib.Path, layers, width):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": width,
        "intermediate_size": 4 * width, "layer_norm_eps": 1e-12, "max_position_embeddings": POSITIONS,
        "num_attention_heads": width // 64, "num_hidden_layers": layers, "type_vocab_size": 2,
        "vocab_size": VOCABULARY}))
    header, end = {}, 0
    for name, shape in shapes(layers, width):
        size = 4
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)


def shapes(layers, width):
    yield from linear_or_norm("embeddings.LayerNorm", [width])
    for table, rows in (("word", VOCABULARY), ("position", POSITIONS), ("token_type", 2)):
        yield f"embeddings.{table}_embeddings.weight", [rows, width]
    for layer in range(layers):
        prefix = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            yield from linear_or_norm(f"{prefix}.attention.self.{part}", [width, width])
        yield from linear_or_norm(f"{prefix}.attention.output.dense", [width, width])
        yield from linear_or_norm(f"{prefix}.intermediate.dense", [4 * width, width])
        yield from linear_or_norm(f"{prefix}.output.dense", [width, 4 * width])
        for norm in ("attention.output", "output"):
            yield from linear_or_norm(f"{prefix}.{norm}.LayerNorm", [width])


def linear_or_norm(name, shape):
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]
