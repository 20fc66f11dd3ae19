"""Drawn folders with train/ and test/: each class has its own color."""

import numpy as np
from PIL import Image

TRAIN, TEST = (24, 12, 6), (4, 4, 4)


def draw(folder, train=TRAIN, test=TEST, size=24):
    """Write the images and return the folder."""
    rng = np.random.default_rng(0)
    for split, counts in (("train", train), ("test", test)):
        for label, count in enumerate(counts):
            (folder / split / f"class{label}").mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 80, (size, size, 3), dtype="uint8")
                pixels[..., label % 3] += 150
                Image.fromarray(pixels).save(folder / split / f"class{label}" / f"{number:02d}.png")
    return folder
