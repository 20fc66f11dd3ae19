"""What a dataset of files is like: its counts, and what a look at some of its images shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.data.auditing.audit import Audit, audit
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.splits import Split

MOST_IMAGES = 2_000
"""Images that are looked at, of all splits together; each class of a split gives two or more."""

_FEWEST = 2


@dataclasses.dataclass(frozen=True)
class Survey:
    """Counts of all images, and an audit of some.

    Attributes:
        dataset: the dataset.
        counts: training images per class.
        images: images by split.
        audit: what was found among the images that were looked at. Its findings on numbers of images are about these
            only.
        looked_at: how many these are.
    """

    dataset: LongTailedDataset
    counts: ClassCounts
    images: dict[str, int]
    audit: Audit
    looked_at: int

    @property
    def seconds_per_image(self) -> float:
        """About how long reading an image takes here."""
        return self.audit.seconds / self.looked_at

    @property
    def all_seen(self) -> bool:
        """Whether all images were looked at."""
        return self.looked_at == sum(self.images.values())

    @property
    def test_counts(self) -> np.ndarray | None:
        """Test images per class `[C]`, or None without test images."""
        test = self.dataset.test
        return None if test is None else np.bincount(test.labels, minlength=self.dataset.num_classes)


def survey(
    dataset: LongTailedDataset,
    *,
    most: int = MOST_IMAGES,
    encoder: str | Callable[[np.ndarray], np.ndarray] | None = None,
    seed: int = 0,
) -> Survey:
    """Count images and look at some of them.

    Args:
        dataset: a dataset of image files.
        most: images to look at. Of more, each class of a split gives at most an equal number, neighbors in the order of
            the files, so that series of images stay visible.
        encoder: see `ltzoo.data.audit`; None looks for no suspicious labels.
        seed: chooses the images.

    Raises:
        ValueError: the dataset is not made of files.
    """
    images = {name: len(split) for name, split in dataset.splits().items()}
    total, generator = sum(images.values()), np.random.default_rng(seed)
    parts = dataset.splits()
    if total > most:
        parts = {name: _some(split, most * len(split) // total, generator) for name, split in parts.items()}
    part = LongTailedDataset(
        dataset.name, parts["train"], parts.get("val"), parts.get("test"), dataset.class_names
    )
    found = audit(part, encoder=encoder, feature_images=most, seed=seed)
    return Survey(dataset, ClassCounts(dataset.class_counts), images, found, len(found.images))


def _some(split: Split, most: int, generator: np.random.Generator) -> Split:
    """Return about `most` images: of each class as many, one after the other."""
    order = np.argsort(split.labels, kind="stable")
    counts = np.bincount(split.labels)
    each = _FEWEST
    while np.minimum(counts, each + 1).sum() <= most and each < counts.max():
        each += 1
    chosen, start = [], 0
    for count in counts.tolist():
        first = start + int(generator.integers(max(count - each, 0) + 1))
        chosen.append(order[first : min(first + each, start + count)])
        start += count
    return split.subset(np.concatenate(chosen))
