"""Pictures of digits: from 8×8 grey values to what the model takes, as varied as real ones are."""

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

SIDE = 28
TEST = 360  # the last ones of 1797, which nothing is fitted to or chosen by


def split():
    """(training inks, labels, test inks, labels); an ink is [8, 8], from 0 (paper) to 1."""
    digits = load_digits()
    inks, labels = digits.images / 16, digits.target
    return inks[:-TEST], labels[:-TEST], inks[-TEST:], labels[-TEST:]


def drawn(ink, side=SIDE, turn=0.0, sizes=(1.0, 1.0), move=(0.0, 0.0), slant=0.0):
    """The ink on a square of `side` pixels, from 0 to 1: turned by radians, of these parts of the
    square's height and width, moved by parts of it, slanted."""
    scale = ink.shape[0] / side
    ink = np.pad(ink, 2)  # strokes end before the paper does
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = scale * np.diag(1 / np.array(sizes)) @ turned @ np.array([[1, 0], [slant, 1]])
    middle = (side - 1) / 2 + np.array(move) * side
    # Cubic, from the middle of the one to the middle of the other.
    offset = (ink.shape[0] - 1) / 2 - matrix @ middle
    return ndimage.affine_transform(ink, matrix, offset, (side, side), order=3).clip(0, 1)


def varied(ink, random):
    """The ink as another hand, pen, paper and camera would have it: float32 [28, 28], -1 to 1."""
    size = random.uniform(0.65, 1.1)
    picture = drawn(
        ink,
        turn=random.uniform(-0.25, 0.25),
        sizes=size * random.uniform(0.85, 1.15, 2),
        move=random.uniform(-0.1, 0.1, 2) * (1.2 - size),
        slant=random.uniform(-0.25, 0.25),
    )
    if random.random() < 0.3:
        picture = ndimage.gaussian_filter(picture, random.uniform(0, 1))
    # Sharper edges than 8×8 values give, and thinner or bolder strokes.
    picture = picture ** random.uniform(0.6, 1.6)
    steep = random.uniform(1, 6)
    if random.random() < 0.6:
        middle = random.uniform(0.3, 0.6)
        low, high = (1 / (1 + np.exp(steep * 2 * (middle - end))) for end in (0, 1))
        picture = (1 / (1 + np.exp(steep * 2 * (middle - picture))) - low) / (high - low)
    paper = random.uniform(0, 0.25)
    picture = paper + picture * (random.uniform(0.6, 1) - paper)
    shade = random.uniform(-0.1, 0.1, 2)
    picture = picture + np.einsum("k,kij->ij", shade, np.indices(picture.shape) / SIDE - 0.5)
    picture = picture + random.normal(0, random.uniform(0, 0.05), picture.shape)
    if random.random() < 0.5:
        picture = 1 - picture
    return (2 * picture.clip(0, 1) - 1).astype(np.float32)


def plain(ink, dark):
    """The ink as it is, dark on light or light on dark."""
    picture = drawn(ink, sizes=(0.9, 0.9))
    return (2 * (1 - picture if dark else picture) - 1).astype(np.float32)
