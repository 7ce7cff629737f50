"""Writes Tests/Fixtures/token-digests.json: digests of the reference ids of every line of data.

    python tools/golden/make_tokens.py --data shared/data --minilm models/minilm/1 --gguf stories260K-f32.gguf

The digest of a block of 100 lines is FNV-1a, 64 bits, over the bytes of its ids, line after line:
each id as a little-endian 32-bit number, each line closed by the number 0xFFFFFFFF. The ids are
those the model is fed: WordPiece with [CLS] and [SEP], not truncated, by the `tokenizers` library;
SentencePiece-BPE with BOS, by the `sentencepiece` library on a model rebuilt from the GGUF file's
pieces and scores. A line ends at byte 0x0A, which is no part of it; no other byte ends one. What
follows the last 0x0A is a line if it is not empty.
"""

import argparse
import hashlib
import json
import pathlib
import struct

import gguf
import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2 as spm

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = 100
FILES = {
    "rt-polarity.neg": "latin-1",
    "rt-polarity.pos": "latin-1",
    "sts-dev.tsv": "utf-8",
    "tinyshakespeare.txt": "utf-8",
}


def fnv1a(data, state=0xCBF29CE484222325):
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


def digests(lines_ids):
    """One digest, as 16 hexadecimal digits, for each block of lines."""
    blocks = []
    for start in range(0, len(lines_ids), BLOCK):
        data = b"".join(
            struct.pack(f"<{len(ids) + 1}I", *ids, 0xFFFFFFFF)
            for ids in lines_ids[start : start + BLOCK]
        )
        blocks.append(f"{fnv1a(data):016x}")
    return blocks


def lines(path, encoding):
    pieces = path.read_bytes().split(b"\n")
    return [piece.decode(encoding) for piece in (pieces if pieces[-1] else pieces[:-1])]


def word_piece(folder):
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return lambda text: tokenizer.encode(text).ids


def sentence_piece(path):
    """The SentencePiece library on the vocabulary that the GGUF file carries."""
    fields = gguf.GGUFReader(path).fields
    value = lambda name: fields[f"tokenizer.ggml.{name}"].contents()
    model = spm.ModelProto()
    for text, score, kind in zip(value("tokens"), value("scores"), value("token_type")):
        model.pieces.add(piece=text, score=score, type=kind)
    model.trainer_spec.model_type = spm.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.vocab_size = len(model.pieces)
    model.trainer_spec.unk_id, model.trainer_spec.bos_id, model.trainer_spec.eos_id = 0, 1, 2
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    return lambda text: processor.encode(text, add_bos=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data")
    options.add_argument("--minilm", type=pathlib.Path, default=ROOT / "models/minilm/1")
    options.add_argument(
        "--gguf", type=pathlib.Path, default=ROOT.parent / "shared/models/stories260K-f32.gguf"
    )
    given = options.parse_args()
    encoders = {"wordpiece": word_piece(given.minilm), "sentencepiece": sentence_piece(given.gguf)}
    assert fnv1a(b"a") == 0xAF63DC4C8601EC8C, "FNV-1a test vector"
    result = {
        "digest": "FNV-1a 64 of each block of lines; see tools/golden/make_tokens.py",
        "block": BLOCK,
        "by": {
            "wordpiece": (
                f"tokenizers {tokenizers.__version__}, all-MiniLM-L6-v2, [CLS] and [SEP], not"
                " truncated"
            ),
            "sentencepiece": (
                f"sentencepiece {sentencepiece.__version__}, vocabulary of {given.gguf.name},"
                " with BOS"
            ),
        },
        "files": [],
    }
    for name, encoding in FILES.items():
        path = given.data / name
        text = lines(path, encoding)
        entry = {
            "name": name,
            "encoding": encoding,
            "lines": len(text),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for kind, encode in encoders.items():
            ids = [encode(line) for line in text]
            entry[kind] = {"tokens": sum(map(len, ids)), "first": ids[0], "digests": digests(ids)}
            print(f"{name}: {len(text)} lines, {entry[kind]['tokens']} {kind} ids", flush=True)
        result["files"].append(entry)
    out = ROOT / "Tests/Fixtures/token-digests.json"
    out.write_text(json.dumps(result, separators=(",", ":")).replace('","', '",\n"') + "\n")
    print(f"{out.relative_to(ROOT)}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
