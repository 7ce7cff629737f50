"""Writes the training text: seeded stories, one per record, separated by a NUL byte.

    python corpus.py --out text --stories 60000        text/train.txt, text/heldout.txt
    python corpus.py --show 3                          prints three

The same seed gives the same bytes. Held-out stories come from seeds that training never sees.
"""

import argparse
import pathlib
import random
import sys

import plots
import scenes
from narrator import Story

HELDOUT_STORIES = 500
HELDOUT_SEED = 1_000_000_000
SECOND_CHAPTER = 0.2  # share of stories that go on after their first plot


def tell(seed):
    story = Story(random.Random(seed))
    story.more_follows = story.chance(SECOND_CHAPTER)
    chapter(story)
    if story.more_follows:
        story.more_follows, story.continued = False, True
        chapter(story)
    return story.text()


def chapter(story):
    story.paragraph()
    for _ in range(100):
        plot = story.pick([p for p in plots.ALL if p.__name__ != story.plot])
        before = story.plot
        try:
            story.plot = plot.__name__
            story.cast = {key: who for key, who in story.cast.items() if key == "A"}
            plot(story)
            return
        except scenes.Unfit:
            story.plot = before


def write(path, seeds):
    with open(path, "w", encoding="utf-8") as out:
        for count, seed in enumerate(seeds, 1):
            out.write(tell(seed) + "\0")
            if count % 10_000 == 0:
                print(f"{path}: {count} stories", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--out", type=pathlib.Path, default=pathlib.Path("text"))
    options.add_argument("--stories", type=int, default=60_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument(
        "--show", type=int, default=0, help="print this many stories and write nothing"
    )
    given = options.parse_args()
    first = given.seed * 10_000_000
    if given.show:
        for seed in range(first, first + given.show):
            print(tell(seed), end="\n\n----\n\n")
        return
    given.out.mkdir(parents=True, exist_ok=True)
    write(given.out / "train.txt", range(first, first + given.stories))
    write(given.out / "heldout.txt", range(HELDOUT_SEED, HELDOUT_SEED + HELDOUT_STORIES))


if __name__ == "__main__":
    sys.exit(main())
