"""Files of the shape of a published dataset: its lists, and small JPEG images at every listed place."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ltzoo import data

SHARED = 64  # Different contents; every file is its own, since links to one image are refused as repeats.
_ELSEWHERE = {"imagenet_lt": {"val": 20, "test": 50}, "inaturalist2018": {"test": 3}}


def write(name: str, class_counts, folder: Path) -> int:
    """Write the lists and images of a dataset; return the number of files.

    Args:
        name: a dataset with published lists.
        class_counts: training images per class.
        folder: new folder.
    """
    contents = [_jpeg(number, (64, 48)) for number in range(SHARED)]
    written = 0
    known = data.facts(name)
    assert known is not None
    for split, file in known.lists.items():
        counts = class_counts if split == "train" else [_ELSEWHERE[name][split]] * len(class_counts)
        lines = []
        for label, count in enumerate(counts):
            place = Path(split) / f"n{label:08d}"
            (folder / place).mkdir(parents=True)
            for number in range(count):
                path = place / f"n{label:08d}_{number}.JPEG"
                (folder / path).write_bytes(contents[(label + number) % SHARED])
                lines.append(f"{path.as_posix()} {label}")
        (folder / file).write_text("\n".join(lines) + "\n")
        written += len(lines)
    return written


def photos(folder: Path, count: int) -> list[str]:
    """Write images of ImageNet's usual size, 500 x 375 pixels, with detail at several scales."""
    folder.mkdir(parents=True)
    paths = []
    for number in range(count):
        paths.append(str(folder / f"{number}.jpg"))
        Path(paths[-1]).write_bytes(_jpeg(number, (500, 375)))
    return paths


def _jpeg(seed, size):
    rng, file = np.random.default_rng(seed), io.BytesIO()
    image = np.zeros((size[1], size[0], 3), "float32")
    for scale in (4, 16, 64):
        small = rng.normal(0, 12 * scale**0.3, (size[1] // scale + 1, size[0] // scale + 1, 3))
        image += np.kron(small, np.ones((scale, scale, 1)))[: size[1], : size[0]]
    Image.fromarray(np.clip(128 + image, 0, 255).astype("uint8")).save(file, "JPEG", quality=85)
    return file.getvalue()
