"""Trains the sentiment head on minilm's embeddings and writes its weights and its test accuracy.

    python train.py --data shared/data --minilm models/minilm/1 --out tools/models/sentiment/1

The last 500 lines of each review file are the test part, looked at once, after the choice; kind,
width and weight decay are chosen by five-fold cross-validation on the rest.
"""

import argparse
import json
import pathlib

import numpy as np
import safetensors.torch
import tokenizers
import torch
import torch.nn.functional as F
import transformers

LABELS = ["negative", "positive"]
TEST_LINES = 500
FOLDS = 5
WEIGHT_DECAYS = [1e-5, 3e-5, 1e-4, 3e-4]
WIDTHS = [0, 8]  # 0: linear, else one hidden layer with tanh
MARGIN = 0.005  # how much more accurate a hidden layer must be to be worth it
SEED = 1


def reviews(data):
    """(training texts, training labels, test texts, test labels); files are Latin-1, lines end at 0x0A."""
    parts = ([], [], [], [])
    for label, name in enumerate(["rt-polarity.neg", "rt-polarity.pos"]):
        lines = [
            line.strip()
            for line in (data / name).read_bytes().decode("latin-1").split("\n")
            if line.strip()
        ]
        for texts, labels, chosen in (
            (parts[0], parts[1], lines[:-TEST_LINES]),
            (parts[2], parts[3], lines[-TEST_LINES:]),
        ):
            texts += chosen
            labels += [label] * len(chosen)
    return parts


@torch.no_grad()
def embed(folder, texts):
    """float32 embeddings [texts, 384] of length 1: mean over the tokens, as the folder's files say."""
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(
        json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    )
    model = transformers.BertModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer.enable_padding()
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    result = torch.empty(len(texts), model.config.hidden_size)
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        encoded = tokenizer.encode_batch([texts[n] for n in rows])
        mask = torch.tensor([e.attention_mask for e in encoded])
        hidden = model(
            torch.tensor([e.ids for e in encoded]), attention_mask=mask
        ).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        result[rows] = F.normalize(mean, dim=1)
        if start // 64 % 20 == 0:
            print(f"embedded {start + len(rows)} of {len(texts)}", flush=True)
    return result


def scores(head, x):  # [n, 384] -> [n, 2]
    if "dense.weight" in head:
        x = torch.tanh(F.linear(x, head["dense.weight"], head["dense.bias"]))
    return F.linear(x, head["classifier.weight"], head["classifier.bias"])


def fit(x, y, width, decay):
    """Full-batch L-BFGS on the mean cross-entropy plus decay times the squared weights."""
    torch.manual_seed(SEED)
    shapes = {"classifier": (2, width or x.shape[1])} | (
        {"dense": (width, x.shape[1])} if width else {}
    )
    head = {}
    for name, shape in shapes.items():
        head[f"{name}.weight"] = torch.randn(shape) * 0.1
        head[f"{name}.bias"] = torch.zeros(shape[0])
    for tensor in head.values():
        tensor.requires_grad_()
    optimizer = torch.optim.LBFGS(head.values(), max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        squares = sum((t**2).sum() for n, t in head.items() if n.endswith("weight"))
        loss = F.cross_entropy(scores(head, x), y) + decay * squares
        loss.backward()
        return loss

    optimizer.step(closure)
    return {name: tensor.detach() for name, tensor in head.items()}


def accuracy(head, x, y):
    return (scores(head, x).argmax(1) == y).float().mean().item()


def cross_validated(x, y, width, decay):
    fold = torch.from_numpy(np.random.default_rng(SEED).permutation(len(y)) % FOLDS)
    return float(
        np.mean(
            [
                accuracy(fit(x[fold != n], y[fold != n], width, decay), x[fold == n], y[fold == n])
                for n in range(FOLDS)
            ]
        )
    )


def main():
    root = pathlib.Path(__file__).resolve().parents[3]
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--data", type=pathlib.Path, default=root.parent / "shared/data")
    options.add_argument("--minilm", type=pathlib.Path, default=root / "models/minilm/1")
    options.add_argument("--out", type=pathlib.Path, default=root / "tools/models/sentiment/1")
    given = options.parse_args()
    torch.set_num_threads(1)
    texts, labels, test_texts, test_labels = reviews(given.data)
    x, test_x = embed(given.minilm, texts + test_texts).split([len(texts), len(test_texts)])
    y, test_y = torch.tensor(labels), torch.tensor(test_labels)
    tried = {}
    for width in WIDTHS:
        for decay in WEIGHT_DECAYS:
            tried[width, decay] = cross_validated(x, y, width, decay)
            print(
                f"hidden {width:2d}  weight decay {decay:.0e}  cross-validated"
                f" {tried[width, decay]:.4f}",
                flush=True,
            )
    best = max(tried, key=tried.get)
    linear = max((choice for choice in tried if choice[0] == 0), key=tried.get)
    chosen = best if tried[best] >= tried[linear] + MARGIN else linear
    head = fit(x, y, *chosen)
    given.out.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(
        {n: t.contiguous() for n, t in head.items()}, given.out / "head.safetensors"
    )
    description = {
        "base": "minilm",
        "labels": LABELS,
        "activation": "tanh" if chosen[0] else "none",
    }
    (given.out / "head.json").write_text(json.dumps(description, indent=2) + "\n")
    print(
        f"chosen: hidden {chosen[0]}, weight decay {chosen[1]:.0e}, cross-validated"
        f" {tried[chosen]:.4f}"
    )
    print(
        f"training part {accuracy(head, x, y):.4f} of {len(y)}, test part"
        f" {accuracy(head, test_x, test_y):.4f} of {len(test_y)}"
    )
    right = scores(head, test_x).argmax(1) == test_y
    for label, name in enumerate(LABELS):
        print(f"  {name}: {right[test_y == label].float().mean().item():.4f}")


if __name__ == "__main__":
    main()
