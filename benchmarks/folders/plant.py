"""Plant known faults in a copy of a folder of images, so that what an audit finds can be counted."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ltzoo.data.auditing.images import list_images

WRONG_LABELS = 0.02
RESIZED, MIRRORED, ACROSS = 20, 10, 5


@dataclasses.dataclass
class Planted:
    """What was planted: paths from the folder.

    Attributes:
        wrong_labels: moved file and the class it came from.
        resized, mirrored, across: copies and their originals.
    """

    wrong_labels: dict[str, str] = dataclasses.field(default_factory=dict)
    resized: dict[str, str] = dataclasses.field(default_factory=dict)
    mirrored: dict[str, str] = dataclasses.field(default_factory=dict)
    across: dict[str, str] = dataclasses.field(default_factory=dict)


def plant(source: Path, folder: Path, seed: int = 0) -> Planted:
    """Copy a folder with train/ and test/ and plant faults.

    2 % of the training images move to the folder of a random other class. 20 training images are copied at 40 to 90 %
    of their size, with JPEG quality 40 to 85 and brightness 0.9 to 1.1; 10 are mirrored and saved again; 5 test images
    are copied into the training folder of their class, resized and saved again.

    Args:
        source: the folder.
        folder: the copy; replaced if it exists.
        seed: chooses images and changes.
    """
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(source, folder)
    images, rng, planted = list_images(folder), np.random.default_rng(seed), Planted()
    train = rng.permutation(np.flatnonzero(images.splits == 0))
    test = rng.permutation(np.flatnonzero(images.splits == 2))
    counts = images.train_counts()
    wrong = [p for p in train if counts[images.labels[p]] > 2][: round(WRONG_LABELS * len(train))]
    for number, position in enumerate(wrong):
        own = images.class_of(position)
        other = rng.choice([name for name in images.class_names if name != own])
        path = Path(images.paths[position])
        target = folder / "train" / other / f"moved{number}{path.suffix}"
        path.rename(target)
        planted.wrong_labels[target.relative_to(folder).as_posix()] = own
    moved = set(wrong)
    rest = [p for p in train if p not in moved]
    for number, position in enumerate(rest[: RESIZED + MIRRORED]):
        name = "resized" if number < RESIZED else "mirrored"
        target = Path(images.paths[position]).parent / f"copy{number}.jpg"
        _copy(images.paths[position], target, rng, mirrored=name == "mirrored")
        getattr(planted, name)[target.relative_to(folder).as_posix()] = images.name(position)
    for number, position in enumerate(test[:ACROSS]):
        target = folder / "train" / images.class_of(position) / f"leak{number}.jpg"
        target.parent.mkdir(exist_ok=True)
        _copy(images.paths[position], target, rng, mirrored=False)
        planted.across[target.relative_to(folder).as_posix()] = images.name(position)
    return planted


def _copy(path: str, target: Path, rng: np.random.Generator, mirrored: bool) -> None:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if mirrored:
        image = ImageOps.mirror(image)
    else:
        scale = rng.uniform(0.4, 0.9)
        image = image.resize((max(8, round(image.width * scale)), max(8, round(image.height * scale))))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.9, 1.1))
    image.save(target, quality=int(rng.integers(40, 86)))
