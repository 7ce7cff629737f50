"""Writes Tests/Fixtures/minilm-golden.json: what the reference libraries make of some sentences.

    python tools/golden/make_minilm.py models/minilm/1

Ids come from the `tokenizers` library, cut at the folder's max_seq_length with [CLS] and [SEP]
inside; embeddings from `transformers` in float32 (mean over the tokens, length 1).
"""

import json
import pathlib
import sys

import tokenizers
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
EMBEDDED = 16  # the first sentences also get an embedding
WORDS = "the quick brown fox jumps over a lazy dog while seven old wizards read their books".split()
SENTENCES = [
    "The cat sits on the mat.",
    "A feline is resting on a rug.",
    "Stock markets fell sharply on Monday.",
    "Hello",
    "a",
    "",
    "Crème brûlée, naïve façade — déjà vu à Zürich!",
    "我喜欢吃苹果。",
    "東京は日本の首都です。",
    "I love pizza 🍕 and 🦊 foxes 👩‍👩‍👧!",
    " ".join(WORDS[n * 7 % len(WORDS)] for n in range(300)),
    "How do I reset the password of my account if I no longer have access to the e-mail address?",
    "Der schnelle braune Fuchs springt über den faulen Hund.",
    'x = foo(bar[3], "baz") # comment; don\'t panic: 3.14159e-10',
    "Supercalifragilisticexpialidocious antidisestablishmentarianism",
    "ПРИВЕТ, Мир! Ёлка и йод",
    "   \t spaces\u00a0and\u2003tabs \n new\u2028lines   ",
    "INTERNATIONALIZATION OF THE UPPERCASE İSTANBUL STRAẞE",
    "e\u0301clair cafe\u0301 A\u030angstro\u0308m ﬁne ① ½ Ⅳ",
    "zero\u200bwidth\u200djoiner\ufeff and\u00adsoft hyphens \u0007 bell \ufffd",
    "w" * 101 + " " + "w" * 100,
    "!!!???...---'''\"\"\"“quotes”‘single’«guillemets»…",
    "한국어 문장과 العربية وעברית ไทย हिन्दी",
    "https://example.com/path?query=1&b=two user@example.org $12,345.67 50% #tag @name",
]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "models/minilm/1")
    limit = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    model = transformers.BertModel.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    cases = []
    for number, sentence in enumerate(SENTENCES):
        case = {"text": sentence, "ids": tokenizer.encode(sentence).ids}
        if number < EMBEDDED:
            with torch.no_grad():
                hidden = model(torch.tensor([case["ids"]])).last_hidden_state[0]
            embedding = torch.nn.functional.normalize(hidden.mean(0), dim=0)
            case["embedding"] = [round(x, 6) for x in embedding.tolist()]
        cases.append(case)
    golden = {
        "model": "all-MiniLM-L6-v2",
        "max_seq_length": limit,
        "by": (
            f"tokenizers {tokenizers.__version__}, transformers {transformers.__version__}, "
            f"torch {torch.__version__.split('+')[0]}, float32"
        ),
        "cases": cases,
    }
    out = ROOT / "Tests/Fixtures/minilm-golden.json"
    lines = ",\n".join("  " + json.dumps(case, separators=(",", ":")) for case in cases)
    head = json.dumps({k: v for k, v in golden.items() if k != "cases"}, indent=1)[:-2]
    out.write_text(f'{head},\n "cases": [\n{lines}\n ]\n}}\n')
    print(
        f"{out.relative_to(ROOT)}: {len(cases)} sentences, {EMBEDDED} embeddings,"
        f" {out.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
