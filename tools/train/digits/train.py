"""Trains the digits classifier, quantizes it with apus and writes it, with its accuracy on pictures held out.

    python train.py --apus .build/apus --out tools/models/digits/1

The data is scikit-learn's copy of UCI's optical digits. Takes some minutes on two cores.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import network
import numpy as np
import onnx
import onnxruntime
import pictures

EPOCHS = 70
BATCH = 64
RATE = 3e-3
DECAY = 1e-2
SEED = 3
CALIBRATION = 100


def fitted(inks, labels):
    """The network after training on pictures that are new in each epoch."""
    random = np.random.default_rng(SEED)
    made = network.Network(SEED)
    steps = EPOCHS * (len(inks) // BATCH)
    for epoch in range(EPOCHS):
        order, right, loss = random.permutation(len(inks)), 0, 0.0
        for start in range(0, len(order) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            x = np.stack([pictures.varied(inks[row], random) for row in rows])[:, None]
            wanted = np.full((BATCH, 10), 0.01, np.float32)
            wanted[np.arange(BATCH), labels[rows]] = 0.91
            logits, way = made.forward(x)
            shares = np.exp(logits - logits.max(1, keepdims=True))
            shares /= shares.sum(1, keepdims=True)
            loss -= (wanted * np.log(shares + 1e-9)).sum() / len(order)
            right += (logits.argmax(1) == labels[rows]).sum()
            rate = RATE * 0.5 * (1 + np.cos(np.pi * made.steps / steps))
            made.learn(made.backward((shares - wanted) / BATCH, way), rate, DECAY)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:3d}  loss {loss:.3f}  right {right / len(order):.4f}", flush=True)
    return made


def accuracy(path, x, labels):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return float((session.run(None, {"image": x})[0].argmax(1) == labels).mean())


def quantized(apus, made, inks, out):
    """Writes the model in 8-bit integers, by pictures of the training part."""
    random = np.random.default_rng(SEED + 1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(made.model(), folder / "model.onnx")
        (folder / "samples").mkdir()
        for number, ink in enumerate(inks[:: len(inks) // CALIBRATION]):
            np.save(folder / f"samples/{number:03d}.npy", pictures.varied(ink, random)[None])
        subprocess.run(
            [apus, "quantize", folder / "model.onnx", "--calibrate", folder / "samples",
             "--output", out / "model.onnx"], check=True)


def main():
    root = pathlib.Path(__file__).resolve().parents[3]
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--apus", type=pathlib.Path, default=root / ".build/apus")
    options.add_argument("--out", type=pathlib.Path, default=root / "tools/models/digits/1")
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    inks, labels, test_inks, test_labels = pictures.split()
    made = fitted(inks, labels)
    quantized(given.apus, made, inks, given.out)
    (given.out / "labels.txt").write_text("".join(f"{digit}\n" for digit in range(10)))
    settings = {
        "do_resize": True, "size": {"height": pictures.SIDE, "width": pictures.SIDE}, "resample": 2,
        "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [0.5], "image_std": [0.5],
    }
    (given.out / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    random = np.random.default_rng(SEED + 2)
    tests = {
        "dark on light": [pictures.plain(ink, True) for ink in test_inks],
        "light on dark": [pictures.plain(ink, False) for ink in test_inks],
        "varied": [pictures.varied(ink, random) for ink in test_inks],
    }
    print(f"{given.out / 'model.onnx'}: {(given.out / 'model.onnx').stat().st_size} bytes")
    print(f"right of {len(test_labels)} held out     fp32    int8")
    for name, drawn in tests.items():
        x = np.stack(drawn)[:, None]
        before = accuracy(made.model().SerializeToString(), x, test_labels)
        after = accuracy(given.out / "model.onnx", x, test_labels)
        print(f"  {name:<22}{before:8.4f}{after:8.4f}")


if __name__ == "__main__":
    main()
