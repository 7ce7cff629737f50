"""Trains the storyteller until the steps or the minutes are used up: vocabulary, token ids, then
Muon (Jordan et al., 2024) on the layers' matrices and AdamW on the rest.

    python train.py --text text --work work --steps 8000 --minutes 70

Runs again from work/checkpoint.pt if that exists. The batches follow from the seed.
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
            sentence_iterator=lines,
            model_prefix=str(work / "tokenizer"),
            vocab_size=size,
            model_type="bpe",
            byte_fallback=True,
            split_digits=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            character_coverage=1.0,
            num_threads=2,
            required_chars="".join(chr(c) for c in range(33, 127)),
            unk_id=0,
            bos_id=1,
            eos_id=2,
            minloglevel=1,
        )
    return spm.SentencePieceProcessor(model_file=str(path))


def stories(text, work, name, tokenizer):
    """(ids, starts): all stories in a row as uint16, BOS story EOS, and where each begins and ends."""
    ids_path, starts_path = work / f"{name}.u16", work / f"{name}.starts.npy"
    if not ids_path.exists() or not starts_path.exists():
        texts = [s for s in (text / f"{name}.txt").read_text().split("\0") if s]
        ids = tokenizer.encode(texts, add_bos=True, add_eos=True, num_threads=2)
        np.concatenate([np.array(i, dtype=np.uint16) for i in ids]).tofile(ids_path)
        np.save(starts_path, np.cumsum([0] + [len(i) for i in ids]))
    return np.fromfile(ids_path, dtype=np.uint16), np.load(starts_path)


def batches(data, size, context, seed):
    """(inputs, targets), about `size` tokens each, one story a row, without end.

    Stories of like length go together so that little is padding; a padded target is -100, which
    cross-entropy leaves out. Every story starts at position 0, as it does when it is told.
    """
    ids, starts = data
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(len(starts) - 1)
        for first in range(0, len(order), 512):
            pool = sorted(order[first : first + 512], key=lambda n: starts[n + 1] - starts[n])
            groups, rows = [], []
            for n in pool:
                length = min(starts[n + 1] - starts[n] - 1, context)
                if rows and (len(rows) + 1) * length > size:
                    groups.append(rows)
                    rows = []
                rows.append(n)
            groups.append(rows)
            for number in random.permutation(len(groups)):
                yield padded(ids, starts, groups[number], context)


def padded(ids, starts, rows, context):
    cut = [
        ids[starts[n] : min(starts[n + 1], starts[n] + context + 1)].astype(np.int64) for n in rows
    ]
    longest = max(map(len, cut)) - 1
    inputs, targets = torch.zeros(len(cut), longest, dtype=torch.long), torch.full(
        (len(cut), longest), -100
    )
    for row, story in enumerate(cut):
        inputs[row, : len(story) - 1] = torch.from_numpy(story[:-1])
        targets[row, : len(story) - 1] = torch.from_numpy(story[1:])
    return inputs, targets


def loss_of(model, inputs, targets, bf16):
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        logits = model(inputs)
    return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


@torch.no_grad()
def heldout_loss(model, data, context, count, bf16=False):
    """Mean cross-entropy per token over the first `count` held-out stories."""
    total, tokens = 0.0, 0
    for n in range(min(count, len(data[1]) - 1)):
        inputs, targets = padded(*data, [n], context)
        total += loss_of(model, inputs, targets, bf16).item() * inputs.numel()
        tokens += inputs.numel()
    return total / tokens


def rate(progress, step, peak, warmup=100):
    """Warm-up, then a cosine from the peak to a twentieth of it."""
    cosine = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return peak * min(1.0, (step + 1) / warmup) * cosine


class Run:
    """A model in training: weights, optimizers, and how far it has come."""

    def __init__(self, shape, peak, path):
        self.shape, self.peak, self.path = shape, peak, path
        self.model = model = Storyteller(shape)
        self.step, self.seen, self.spent = 0, 0, 0.0  # batches, tokens, seconds
        named = model.named_parameters()
        matrices = [p for name, p in named if p.ndim == 2 and name != "embedding.weight"]
        vectors = [p for p in model.parameters() if p.ndim == 1]
        rest = [
            {"params": [model.embedding.weight], "weight_decay": 0.1},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimizers = [
            torch.optim.Muon(
                matrices, lr=peak, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(rest, lr=peak, betas=(0.9, 0.95), fused=True),
        ]

    def save(self):
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "shape": dataclasses.asdict(self.shape),
            "step": self.step,
            "tokens": self.seen,
            "spent": self.spent,
        }
        torch.save(state, self.path.with_suffix(".new"))
        self.path.with_suffix(".new").replace(self.path)

    def load(self):
        state = torch.load(self.path)
        self.model.load_state_dict(state["model"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(kept)
        self.step, self.seen, self.spent = state["step"], state["tokens"], state["spent"]

    def learn(self, inputs, targets, progress, bf16):
        """One step; returns the loss."""
        for group in (group for optimizer in self.optimizers for group in optimizer.param_groups):
            group["lr"] = rate(progress, self.step, self.peak)
        loss = loss_of(self.model, inputs, targets, bf16)
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self.seen += int((targets >= 0).sum())
        return loss.item()


def train(run, train_data, heldout_data, given):
    """Learns until the steps or the minutes are used up."""
    bf16, context = not given.fp32, run.shape.context
    source = batches(train_data, given.batch, context, given.seed)
    for _ in range(run.step):
        next(source)
    began, printed, counted = time.monotonic() - run.spent, time.monotonic(), run.seen
    while True:
        run.spent = time.monotonic() - began
        progress = max(run.step / given.steps, run.spent / 60 / given.minutes)
        if progress >= 1:
            return
        loss = run.learn(*next(source), progress, bf16)
        if run.step % 20 == 0:
            speed = (run.seen - counted) / (time.monotonic() - printed)
            printed, counted = time.monotonic(), run.seen
            spent = f"{progress:.1%}, {run.spent / 60:.1f} min"
            print(f"step {run.step} ({spent})  loss {loss:.4f}  {speed:.0f} tokens/s", flush=True)
        if run.step % 250 == 0:
            loss = heldout_loss(run.model, heldout_data, context, 60, bf16)
            print(f"step {run.step}  held-out loss {loss:.4f}", flush=True)
            run.save()


def arguments():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--text", type=pathlib.Path, default=pathlib.Path("text"))
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work"))
    options.add_argument("--steps", type=int, default=8000)
    options.add_argument("--minutes", type=float, default=1e9, help="end earlier, same schedule")
    options.add_argument("--batch", type=int, default=2048, help="tokens")
    options.add_argument("--peak", type=float, default=2e-3, help="highest learning rate")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--init", type=pathlib.Path, help="begin with this checkpoint's weights")
    options.add_argument("--fp32", action="store_true", help="no bf16 autocast")
    for field in dataclasses.fields(Shape):
        name = f"--{field.name.replace('_', '-')}"
        options.add_argument(name, type=field.type, default=field.default)
    return options.parse_args()


def main():
    given = arguments()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.work.mkdir(parents=True, exist_ok=True)
    shape = Shape(**{field.name: getattr(given, field.name) for field in dataclasses.fields(Shape)})
    tokenizer = vocabulary(given.text, given.work, shape.vocabulary)
    train_data = stories(given.text, given.work, "train", tokenizer)
    heldout_data = stories(given.text, given.work, "heldout", tokenizer)
    run = Run(shape, given.peak, given.work / "checkpoint.pt")
    if run.path.exists():
        run.load()
    elif given.init:
        run.model.load_state_dict(torch.load(given.init)["model"])
    parameters = sum(p.numel() for p in run.model.parameters())
    print(
        f"{parameters:,} parameters, {len(train_data[0]):,} training tokens, "
        f"{len(heldout_data[0]):,} held out, from step {run.step}",
        flush=True,
    )
    train(run, train_data, heldout_data, given)
    run.save()
    loss = heldout_loss(run.model, heldout_data, shape.context, 10_000)
    print(
        f"done: step {run.step}, {run.seen:,} tokens, {run.spent / 60:.1f} min, "
        f"held-out loss {loss:.4f}, perplexity {math.exp(loss):.3f}"
    )


if __name__ == "__main__":
    main()
