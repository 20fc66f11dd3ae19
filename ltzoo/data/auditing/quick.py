"""A look of a few seconds at a dataset before it is trained on."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from ltzoo.data.auditing.duplicates import SURE, near_pairs
from ltzoo.data.auditing.fingerprints import fingerprints
from ltzoo.data.auditing.grouping import measured_and_trained, suggest_groups
from ltzoo.data.auditing.images import ImageList, list_images
from ltzoo.data.auditing.plain import FEW
from ltzoo.data.auditing.scan import SIDE, Scan, gray_thumbnail
from ltzoo.data.copies import content_digest
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import FileSplit
from ltzoo.data.image_fit import ImageFit
from ltzoo.data.pixels import UnreadableImageError, decode_image
from ltzoo.data.reading_threads import in_order
from ltzoo.printable import printable

SECONDS = 3.0
MOST_IMAGES = 2_000

_CONTENT = 0.4  # Share of the time for the content of files.
_RUN = 200  # Images of a class that are looked at, of more than `MOST_IMAGES` in all.
_FITTED = ImageFit((SIDE, SIDE), "squash")


def quick_look(dataset: LongTailedDataset, seconds: float = SECONDS, seed: int = 0) -> list[str]:
    """Return a sentence each on tiny classes, images that are the same in two splits or classes, and groups.

    Files of equal length are compared by content, and up to `MOST_IMAGES` images by what they show, whole classes
    first, as long as the time allows. `ltzoo.data.audit` looks at all images, and for more. Datasets that are not made
    of files are not looked at, but for their classes. Groups are suggested if the dataset has none, and if images of a
    group are both trained on and measured.

    Args:
        dataset: the dataset.
        seconds: about the longest time that this takes.
        seed: chooses the images.
    """
    sentences = _tiny(dataset)
    splits = dataset.splits().values()
    if not all(isinstance(split, FileSplit) for split in splits):
        return sentences
    images = list_images(dataset)
    started = time.monotonic()
    same = _same_content(images.paths, started + _CONTENT * seconds)
    scan, positions = _look(images, _sample(images, seed), started + seconds)
    near = near_pairs(scan, ())
    sure = near.similarity >= SURE  # A sample tells little of how similar different images are.
    same += np.stack([positions[near.first[sure]], positions[near.second[sure]]], axis=1).tolist()
    sentences += _in_two_places(images, same, len(positions))
    if dataset.train.groups is None:
        sentences += _groups(images, positions, fingerprints(scan.thumbnails), seed)
    return sentences


def _tiny(dataset: LongTailedDataset) -> list[str]:
    counts = dataset.class_counts
    tiny = np.flatnonzero(counts < FEW)
    if not tiny.size:
        return []
    least = int(counts.argmin())
    return [
        f"{tiny.size:,} of {len(counts):,} classes have fewer than {FEW} training images; "
        f"{dataset.class_names[least]!r} has {int(counts[least])}"
    ]


def _in_two_places(images: ImageList, same: Iterable[list[int]], looked_at: int) -> list[str]:
    """Return a sentence on images that are the same in two splits or classes."""
    apart = [
        group for group in same if len(set(zip(images.splits[group], images.labels[group], strict=True))) > 1
    ]
    if not apart:
        return []
    first = apart[0][0]
    other = next(
        p
        for p in apart[0]
        if (images.splits[p], images.labels[p]) != (images.splits[first], images.labels[first])
    )
    concerned = len({p for group in apart for p in group})
    of = f"{len(images):,}" + (f" ({looked_at:,} looked at)" if looked_at < len(images) else "")
    return [
        f"{concerned:,} of {of} images show the same as one in another split or class, such as "
        f"{_place(images, first)} and {_place(images, other)}"
    ]


def _place(images: ImageList, position: int) -> str:
    return f"{printable(images.paths[position])} ({images.split(position)})"


def _groups(images: ImageList, positions: np.ndarray, rows: np.ndarray, seed: int) -> list[str]:
    """Return a sentence with the rule that keeps images together which file names and pictures join."""
    found = suggest_groups(images, positions, rows, seed)
    shared = [] if found is None else measured_and_trained(images, found.groups)
    if found is None or not len(shared):
        return []
    measured = int((images.splits != 0).sum())
    return [
        f"{len(shared):,} of {measured:,} validation and test images seem to belong to training images (same "
        f"{found.meaning}, and alike), so that their accuracy says little about new ones: "
        f"--group-by '{found.rule}' holds out such images together"
    ]


def _same_content(paths: list[str], deadline: float) -> list[list[int]]:
    """Return groups of files with equal content, as far as there is time."""
    lengths = defaultdict(list)
    for position, path in enumerate(paths):
        if time.monotonic() > deadline:
            break
        with contextlib.suppress(OSError):
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode):
                lengths[status.st_size].append(position)
    contents = defaultdict(list)
    for positions in sorted(lengths.values(), key=len):  # The rarest lengths tell the most.
        for position in positions if len(positions) > 1 else ():
            if time.monotonic() > deadline:
                break
            with contextlib.suppress(OSError):
                contents[content_digest(paths[position])].append(position)
    return [group for group in contents.values() if len(group) > 1]


def _sample(images: ImageList, seed: int) -> list[int]:
    """Return positions class by class in a random order; of many images, a run of neighboring names of each class."""
    generator = np.random.default_rng(seed)
    sample: list[int] = []
    for label in generator.permutation(np.unique(images.labels)):
        own = sorted(np.flatnonzero(images.labels == label).tolist(), key=images.below.__getitem__)
        if len(images) > MOST_IMAGES:
            start = int(generator.integers(max(1, len(own) - _RUN + 1)))
            own = own[start : start + _RUN]
        sample += own
        if len(sample) >= MOST_IMAGES:
            break
    return sample[:MOST_IMAGES]


def _look(images: ImageList, sample: list[int], deadline: float) -> tuple[Scan, np.ndarray]:
    """Return what near duplicates are found by, for as much of a sample as there is time for, and its positions."""

    def read(position: int) -> tuple[tuple[int, int], np.ndarray] | None:
        if time.monotonic() > deadline:
            return None
        try:
            image = decode_image(images.paths[position], fitted=_FITTED)
        except UnreadableImageError:
            return None
        return (image.height, image.width), gray_thumbnail(image)

    seen = [(position, one) for position, one in zip(sample, in_order(read, sample), strict=True) if one]
    scan = Scan.empty(len(seen))
    for place, (_, (size, thumbnail)) in enumerate(seen):
        scan.sizes[place], scan.thumbnails[place] = size, thumbnail
    return scan, np.asarray([position for position, _ in seen], np.int64)
