"""Writes tools/models/storyteller/expected.json: what llama.cpp makes of the committed model.

    python tools/golden/make_storyteller.py

Greedy, 48 tokens. `smallest_margin` is the least lead, in logits, that a chosen token had over the
second best: an engine that rounds differently may differ where a lead is thin, so prompts are
taken whose leads are wide.
"""

import json
import pathlib

import llama_cpp
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "tools/models/storyteller/1/model.gguf"
TOKENS = 48
WANTED = 3
PROMPTS = [
    "Once upon a time",
    "The little dog",
    "Lily and Tom went to the park.",
    "One rainy day, a brave mouse",
    "There was once a girl named Anna.",
    "In a stone house by the sea lived a boy named Max.",
    "Once there was a clever fox who lived under an oak tree.",
    "Long ago there was a shy owl named Maple.",
]


def continuation(model, ids):
    """(greedy ids, the smallest lead among them)"""
    model.reset()
    chosen, margins = [], []
    fresh = ids
    for _ in range(TOKENS):
        model.eval(fresh)
        logits = np.array(model.scores[model.n_tokens - 1])
        second, best = np.sort(logits)[-2:]
        fresh = [int(logits.argmax())]
        margins.append(float(best - second))
        if fresh[0] == model.token_eos():
            break
        chosen += fresh
    return chosen, min(margins)


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
        greedy, margin = continuation(model, ids)
        whole = text_of(model, ids + greedy)
        cases.append(
            {
                "prompt": prompt,
                "prompt_ids": ids,
                "greedy_ids": greedy,
                "greedy_48_tokens": whole[len(text_of(model, ids)) :],
                "smallest_margin": round(margin, 4),
            }
        )
        print(f"{margin:8.4f}  {prompt}{cases[-1]['greedy_48_tokens']}", flush=True)
    cases.sort(key=lambda case: -case["smallest_margin"])
    by = f"llama.cpp ({version()}), temperature 0"
    expected = {"model": "storyteller", "by": by, "cases": cases[:WANTED]}
    path = ROOT / "tools/models/storyteller/expected.json"
    path.write_text(json.dumps(expected, indent=1) + "\n")
    print(f"{path.relative_to(ROOT)}: {WANTED} of {len(PROMPTS)} prompts")


if __name__ == "__main__":
    main()
