"""Writes tools/models/storyteller/expected.json: what llama.cpp makes of the committed model.

    python tools/golden/make_storyteller.py

Greedy, 48 tokens. `margins` are the leads, in logits, of each chosen token over the second best: an
engine that rounds differently may choose differently where a lead is thin, as it often is where a
story could go on in several ways. Fed with `greedy_ids`, it must agree wherever a lead is wide.
"""

import json
import pathlib
import re

import llama_cpp
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "tools/models/storyteller/1/model.gguf"
TOKENS = 48
PROMPTS = [
    "Once upon a time",
    "The little dog",
    "Lily and Tom went to the park.",
    "In a stone house by the sea lived a boy named Max.",
]


def continuation(model, ids):
    """(greedy ids, the lead of each)"""
    model.reset()
    chosen, margins = [], []
    fresh = ids
    for _ in range(TOKENS):
        model.eval(fresh)
        logits = np.array(model.scores[model.n_tokens - 1])
        second, best = np.sort(logits)[-2:]
        fresh = [int(logits.argmax())]
        if fresh[0] == model.token_eos():
            break
        margins.append(float(best - second))
        chosen += fresh
    return chosen, margins


def text_of(model, ids):
    return model.detokenize(ids, prev_tokens=[model.token_bos()]).decode("utf-8", "replace")


def version():
    """The version of ggml that the reference was built on, as far as its library tells."""
    return f"llama-cpp-python {llama_cpp.__version__}"


def main():
    model = llama_cpp.Llama(str(MODEL), n_ctx=512, n_threads=1, logits_all=True, verbose=False)
    cases = []
    for prompt in PROMPTS:
        ids = model.tokenize(prompt.encode(), add_bos=True, special=False)
        greedy, margins = continuation(model, ids)
        whole = text_of(model, ids + greedy)
        cases.append(
            {
                "prompt": prompt,
                "prompt_ids": ids,
                "greedy_ids": greedy,
                "greedy_48_tokens": whole[len(text_of(model, ids)) :],
                "margins": [round(margin, 3) for margin in margins],
            }
        )
        print(f"{min(margins):8.4f}  {prompt}{cases[-1]['greedy_48_tokens']}", flush=True)
    by = f"llama.cpp ({version()}), temperature 0"
    expected = {"model": "storyteller", "by": by, "cases": cases}
    path = ROOT / "tools/models/storyteller/expected.json"
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    # Numbers of a list on one line.
    text = re.sub(r"\n {4}(?=[-\d])|(?<=\d)\n {3}(?=\])", " ", text)
    text = text.replace("[ ", "[").replace(" ]", "]")
    path.write_text(text + "\n")
    print(f"{path.relative_to(ROOT)}: {len(PROMPTS)} prompts")


if __name__ == "__main__":
    main()
