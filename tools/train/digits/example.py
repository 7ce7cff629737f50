"""Writes a picture of a digit that was held out, as a telephone would take it of a sheet of paper.

    python example.py tools/models/digits/example.jpg
"""

import pathlib
import sys

import numpy as np
import pictures
from PIL import Image

NUMBER = 7  # of the test part
SIDE = 320
PAPER, INK = np.array([233, 228, 214]), np.array([38, 44, 92])


def main():
    _, _, inks, labels = pictures.split()
    ink = pictures.drawn(inks[NUMBER], SIDE, turn=0.08, sizes=(0.75, 0.75), move=(0.02, -0.03))
    ink = 1 / (1 + np.exp(-14 * (ink - 0.45)))
    light = 1 + np.einsum("k,kij->ij", [-0.12, 0.15], np.indices(ink.shape) / SIDE - 0.5)
    picture = (PAPER + ink[..., None] * (INK - PAPER)) * light[..., None]
    picture = picture + np.random.default_rng(1).normal(0, 3, picture.shape)
    path = pathlib.Path(sys.argv[1])
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path, quality=80)
    print(f"{path}: a {labels[NUMBER]}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
