"""Pillow and NumPy from a JPEG to a model's input, timed on demand by apus-bench.

    pillow_images.py make FILE.jpg    writes the picture that is measured, 640 × 480
    pillow_images.py time FILE.jpg    answers each line "work seconds" on stdin with the pictures per
                                      second of that many seconds; work is decode, resize or prepare
"""

import io
import os
import pathlib
import sys
import time

import numpy as np
import PIL
from PIL import Image, ImageFilter

MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def make(path: str) -> None:
    """Slopes, discs and noise, of about as many bytes as a photograph of this size."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:480, 0:640]
    picture = np.stack([x * 255 / 640, y * 255 / 480, (x + y) * 255 / 1120], -1)
    for _ in range(60):
        centre, radius = random.uniform(0, (640, 480)), random.uniform(5, 80)
        disc = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2
        picture[disc] = 0.5 * picture[disc] + 0.5 * random.uniform(0, 255, 3)
    picture += random.normal(0, 12, picture.shape)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    image.filter(ImageFilter.GaussianBlur(0.7)).save(path, quality=85)


def decode(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file)).convert("RGB")


def prepare(file: bytes) -> np.ndarray:
    image = decode(file)
    width, height = (224 * side // min(image.size) for side in image.size)
    left, top = (width - 224) // 2, (height - 224) // 2
    image = image.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + 224, top + 224))
    values = (np.asarray(image).astype(np.float32) * np.float32(1 / 255) - MEAN) / STD
    return np.ascontiguousarray(values.transpose(2, 0, 1))


# As apus-bench does: CPU time is fair to one thread on a machine that does other things too.
clock = time.process_time if os.environ.get("APUS_BENCH_CLOCK") == "cpu" else time.perf_counter


def measure(run, seconds: float) -> float:
    run()
    calls, start = 0, clock()
    while (elapsed := clock() - start) < seconds or calls == 0:
        run()
        calls += 1
    return calls / elapsed


def answer(path: str) -> None:
    file = pathlib.Path(path).read_bytes()
    image = decode(file)
    works = {
        "decode": lambda: decode(file),
        "resize": lambda: image.resize((224, 224), Image.Resampling.BILINEAR),
        "prepare": lambda: prepare(file),
    }
    print(f"Pillow {PIL.__version__}", flush=True)
    for line in sys.stdin:
        work, seconds = line.split()
        print(measure(works[work], float(seconds)), flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", path]:
            make(path)
        case ["time", path]:
            answer(path)
        case _:
            sys.exit(__doc__)
