"""Trains the storyteller: vocabulary, packed tokens, then AdamW until the steps or minutes are used up.

    python train.py --text text --work work --steps 8000 --minutes 70

Runs again from work/checkpoint.pt if that exists. Every batch follows from the seed and the step.
"""

import argparse
import dataclasses
import math
import pathlib
import time

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

from model import Shape, Storyteller


def vocabulary(text, work, size):
    """Trains the SentencePiece-BPE model once: byte fallback, single digits, no normalisation."""
    path = work / "tokenizer.model"
    if not path.exists():
        stories = (text / "train.txt").read_text().split("\0")[:20_000]
        lines = (line for story in stories for line in story.split("\n") if line)
        spm.SentencePieceTrainer.train(
            sentence_iterator=lines, model_prefix=str(work / "tokenizer"), vocab_size=size, model_type="bpe",
            byte_fallback=True, split_digits=True, normalization_rule_name="identity",
            remove_extra_whitespaces=False, character_coverage=1.0, num_threads=2,
            required_chars="".join(chr(c) for c in range(33, 127)), unk_id=0, bos_id=1, eos_id=2,
            minloglevel=1)
    return spm.SentencePieceProcessor(model_file=str(path))


def tokens(text, work, name, tokenizer):
    """All stories as one array of uint16: BOS story EOS, BOS story EOS, ..."""
    path = work / f"{name}.u16"
    if not path.exists():
        stories = [s for s in (text / f"{name}.txt").read_text().split("\0") if s]
        ids = tokenizer.encode(stories, add_bos=True, add_eos=True, num_threads=2)
        np.concatenate([np.array(i, dtype=np.uint16) for i in ids]).tofile(path)
    return np.fromfile(path, dtype=np.uint16)


def batch(stream, step, size, context, seed):
    """The step's windows: a shuffled walk over the whole stream, reshuffled each time round."""
    windows = (len(stream) - 1) // context
    first = step * size
    order = np.random.default_rng((seed, first // windows)).permutation(windows)
    rows = [order[n % windows] for n in range(first, first + size)]
    picked = np.stack([stream[r * context: r * context + context + 1] for r in rows]).astype(np.int64)
    return torch.from_numpy(picked[:, :-1]), torch.from_numpy(picked[:, 1:])


def loss_of(model, inputs, targets, bf16):
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        logits = model(inputs)
    return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


@torch.no_grad()
def heldout_loss(model, stream, context, windows, bf16=False):
    model.eval()
    total = 0.0
    windows = min(windows, (len(stream) - 1) // context)
    for row in range(windows):
        window = torch.from_numpy(stream[row * context: row * context + context + 1].astype(np.int64))[None]
        total += loss_of(model, window[:, :-1], window[:, 1:], bf16).item()
    model.train()
    return total / windows


def rate(progress, step, peak, warmup=100):
    """Warm-up, then a cosine from the peak to a twentieth of it."""
    cosine = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return peak * min(1.0, (step + 1) / warmup) * cosine


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--text", type=pathlib.Path, default=pathlib.Path("text"))
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work"))
    options.add_argument("--steps", type=int, default=8000)
    options.add_argument("--minutes", type=float, default=1e9, help="end earlier, with the same schedule")
    options.add_argument("--batch", type=int, default=4)
    options.add_argument("--peak", type=float, default=2e-3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--fp32", action="store_true", help="no bf16 autocast")
    for field in dataclasses.fields(Shape):
        options.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, default=field.default)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.work.mkdir(parents=True, exist_ok=True)
    shape = Shape(**{field.name: getattr(given, field.name) for field in dataclasses.fields(Shape)})
    tokenizer = vocabulary(given.text, given.work, shape.vocabulary)
    train_stream = tokens(given.text, given.work, "train", tokenizer)
    heldout_stream = tokens(given.text, given.work, "heldout", tokenizer)

    model = Storyteller(shape)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
                                  lr=given.peak, betas=(0.9, 0.95), fused=True)
    step, spent, saved = 0, 0.0, given.work / "checkpoint.pt"
    if saved.exists():
        state = torch.load(saved)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(train_stream):,} training tokens, "
          f"{len(heldout_stream):,} held out, from step {step}", flush=True)

    def save():
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "shape": dataclasses.asdict(shape),
                 "step": step, "spent": spent}
        torch.save(state, saved.with_suffix(".new"))
        saved.with_suffix(".new").replace(saved)

    began, last_print, since = time.monotonic() - spent, time.monotonic(), 0
    while True:
        spent = time.monotonic() - began
        progress = max(step / given.steps, spent / 60 / given.minutes)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(progress, step, given.peak)
        inputs, targets = batch(train_stream, step, given.batch, shape.context, given.seed)
        loss = loss_of(model, inputs, targets, not given.fp32)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, since = step + 1, since + inputs.numel()
        if step % 20 == 0:
            now = time.monotonic()
            print(f"step {step} ({progress:.1%}, {spent / 60:.1f} min)  loss {loss.item():.4f}  {since / (now - last_print):.0f} tokens/s", flush=True)
            last_print, since = now, 0
        if step % 250 == 0:
            print(f"step {step}  held-out loss {heldout_loss(model, heldout_stream, shape.context, 24, not given.fp32):.4f}", flush=True)
            save()
    save()
    final = heldout_loss(model, heldout_stream, shape.context, 10_000)
    print(f"done: step {step}, {step * given.batch * shape.context:,} tokens, {spent / 60:.1f} min, "
          f"held-out loss {final:.4f}, perplexity {math.exp(final):.3f}", flush=True)


if __name__ == "__main__":
    main()
