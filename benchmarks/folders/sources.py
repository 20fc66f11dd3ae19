"""The public repositories whose images the table is made of, and how each becomes train/ and test/ folders.

No image is part of this library: `git clone` each repository into DATA_ROOT/raw, and `folder_of` makes the folders.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from benchmarks.folders.splits import Split, long_tail


@dataclasses.dataclass(frozen=True)
class Source:
    """One set of images.

    Attributes:
        name: its name in the table.
        url: repository to clone; its last part is the folder in DATA_ROOT/raw.
        license: terms of the images.
        images: what they show.
        split: which of them are for training and for testing.
        classes: number of classes.
        split_of: returns that split of a checkout.
        digest: `splits.digest` of the folders.
    """

    name: str
    url: str
    license: str
    images: str
    split: str
    classes: int
    split_of: Callable[[Path], Split]
    digest: str


def _plankton(checkout: Path) -> Split:
    folders = [path for path in (checkout / "Dataset/train").iterdir() if path.is_dir()]
    files = {path.name: sorted(path.glob("*.jpg")) for path in folders}
    return long_tail(
        files, lambda rank, of, size: max(5, round(0.117 * size)), test_share=1 / 3, most_test=14
    )


def _grocery(checkout: Path) -> Split:
    root = checkout / "dataset"
    split: Split = {"train": {}, "test": {}}
    for name in ("train", "val", "test"):
        part = split["test" if name == "test" else "train"]
        for line in (root / f"{name}.txt").read_text().splitlines():
            path = root / line.split(",")[0].strip()
            part.setdefault(path.parent.name, []).append(path)
    return split


def _elpv(checkout: Path) -> Split:
    root = checkout / "src/elpv_dataset/data"
    files: dict[str, list[Path]] = {}
    for line in (root / "labels.csv").read_text().splitlines():
        path, probability, kind = line.split()
        files.setdefault(f"{kind}_{float(probability):.2f}", []).append(root / path)
    files = {name: sorted(paths) for name, paths in files.items()}
    return long_tail(
        files,
        lambda rank, of, size: round(600 * (12 / 600) ** (rank / (of - 1))),
        test_share=0.3,
        most_test=40,
    )


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="plankton",
            url="https://github.com/atthom/pfe_plankton_classif",
            license="the repository names none; the images are those of PlanktonSet 1.0 (NOAA NCEI accession 0127422, "
            "doi:10.7289/V5D21VJD), published for the National Data Science Bowl of 2015",
            images="gray silhouettes of plankton, cut out, 121 classes",
            split="a third of each class, at most 14 images, is for testing; 11.7 % of each class, at least 5 images, "
            "are for training. So the training images keep the shares of the survey",
            classes=121,
            split_of=_plankton,
            digest="576f21af0d178cb5",
        ),
        Source(
            name="grocery",
            url="https://github.com/marcusklasson/GroceryStoreDataset",
            license="MIT",
            images="color photographs of groceries by a smartphone, 81 classes",
            split="the official one; its training and validation images are for training",
            classes=81,
            split_of=_grocery,
            digest="5ae3084967bbbcd0",
        ),
        Source(
            name="elpv",
            url="https://github.com/zae-bayern/elpv-dataset",
            license="CC BY-NC-SA 4.0",
            images="gray electroluminescence images of solar cells: 4 degrees of defects, 2 kinds of cells, 8 classes",
            split="30 % of each class, at most 40 images, are for testing; of the others, 600 of the largest class "
            "down to 12 of the smallest are for training, in equal ratios",
            classes=8,
            split_of=_elpv,
            digest="7614f6aaf80f01c1",
        ),
    )
}
