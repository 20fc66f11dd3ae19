"""A look of a few seconds at a dataset before it is trained on."""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict

import numpy as np

from ltzoo.data.auditing.duplicates import exact_groups, near_pairs
from ltzoo.data.auditing.scan import SIDE, Scan, gray_thumbnail
from ltzoo.data.copies import content_digest
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import FileSplit
from ltzoo.data.image_fit import ImageFit
from ltzoo.data.pixels import UnreadableImageError, decode_image
from ltzoo.data.reading_threads import in_order

SECONDS = 3.0
MOST_IMAGES = 2_000
FEW = 10

_FITTED = ImageFit((SIDE, SIDE), "squash")


def quick_look(dataset: LongTailedDataset, seconds: float = SECONDS, seed: int = 0) -> list[str]:
    """Return a sentence each on tiny classes, and on images that are the same in two splits or classes.

    Files of equal length are compared by content, and a sample of up to `MOST_IMAGES` images by what they show, as long
    as the time allows. `ltzoo.data.audit` looks at all images, and for more. Splits that are not files are not looked
    at.

    Args:
        dataset: the dataset.
        seconds: about the longest time that this takes.
        seed: chooses the sample.
    """
    sentences = _tiny(dataset)
    deadline = time.monotonic() + seconds
    splits = list(dataset.splits().values())
    files = [split for split in splits if isinstance(split, FileSplit)]
    if len(files) < len(splits):
        return sentences
    paths = [path for split in files for path in split.paths]
    where = np.repeat(np.arange(len(files)), [len(split) for split in files])
    labels = np.concatenate([split.labels for split in files])
    found = _same(paths, where, labels, deadline, seed)
    if found:
        pairs, looked_at = found
        first, second = pairs[0]
        of = f"{looked_at:,} images" + (" looked at" if looked_at < len(paths) else "")
        sentences.append(
            f"{len({p for pair in pairs for p in pair}):,} of {of} show the same as one in another split or class, "
            f"such as {paths[first]} and {paths[second]}"
        )
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


def _same(paths, where, labels, deadline, seed) -> tuple[list[tuple[int, int]], int] | None:
    """Return pairs of images that are the same in two splits or classes, and how many images were looked at."""
    groups = _same_content(paths, deadline)
    sample = np.random.default_rng(seed).permutation(len(paths))[:MOST_IMAGES]
    scan, chosen = _look(paths, sample, deadline)
    near = near_pairs(scan, exact_groups(scan))
    pairs = [(group[0], other) for group in groups for other in group[1:]]
    pairs += [(int(chosen[a]), int(chosen[b])) for a, b in zip(near.first, near.second, strict=True)]
    apart = [(a, b) for a, b in pairs if where[a] != where[b] or labels[a] != labels[b]]
    return (apart, len(chosen)) if apart else None


def _same_content(paths, deadline) -> list[list[int]]:
    """Return groups of files with equal content, as far as there is time."""
    lengths = defaultdict(list)
    for position, path in enumerate(paths):
        if time.monotonic() > deadline:
            break
        with contextlib.suppress(OSError):
            lengths[os.stat(path).st_size].append(position)
    contents = defaultdict(list)
    for positions in lengths.values():
        for position in positions if len(positions) > 1 else ():
            if time.monotonic() > deadline:
                break
            with contextlib.suppress(OSError):
                contents[content_digest(paths[position])].append(position)
    return [group for group in contents.values() if len(group) > 1]


def _look(paths, sample, deadline) -> tuple[Scan, np.ndarray]:
    """Return what near duplicates are found by, for as much of a sample as there is time for, and its positions."""

    def read(position: int):
        if time.monotonic() > deadline:
            return None
        try:
            image = decode_image(paths[position], fitted=_FITTED)
        except UnreadableImageError:
            return None
        return (image.height, image.width), gray_thumbnail(image)

    seen = [(position, one) for position, one in zip(sample, in_order(read, sample), strict=True) if one]
    count = len(seen)
    scan = Scan(
        [None] * count,
        [b""] * count,
        np.asarray([size for _, (size, _) in seen], np.int64).reshape(count, 2),
        np.zeros(count, bool),
        np.zeros(count, bool),
        np.asarray([thumbnail for _, (_, thumbnail) in seen], np.uint8).reshape(count, SIDE, SIDE),
    )
    return scan, np.asarray([position for position, _ in seen], np.int64)
