"""Audit a folder of images before anything is trained on it."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ltzoo import checks
from ltzoo.data import arguments
from ltzoo.data.auditing import duplicates, grouping, labels, plain
from ltzoo.data.auditing import encoder as encoders
from ltzoo.data.auditing.exclude import to_exclude
from ltzoo.data.auditing.findings import KINDS, Finding
from ltzoo.data.auditing.fingerprints import fingerprints
from ltzoo.data.auditing.images import ImageList, list_images
from ltzoo.data.auditing.scan import scan
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.exclusions import Exclusion

FEATURE_IMAGES = 10_000


@dataclasses.dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        images: the files, splits and classes that were looked at.
        findings: all findings, by kind in the order of `KINDS`, the worst of a kind first.
        compared: number of images whose features were computed; 0 without an encoder.
        seconds: how long the audit took.
    """

    images: ImageList
    findings: tuple[Finding, ...]
    compared: int
    seconds: float

    def of(self, kind: str) -> list[Finding]:
        """Return the findings of one of `ltzoo.data.auditing.findings.KINDS`.

        Raises:
            ValueError: an unknown kind.
        """
        checks.one_of("kind", kind, KINDS)
        return [finding for finding in self.findings if finding.kind == kind]

    def exclusions(self, labels: bool = False) -> list[Exclusion]:
        """Return the images to leave out of training and measuring, each once.

        These are unreadable and blank images, and all copies but one of each group of duplicates: a test image is kept
        rather than a validation image, that rather than a training image, and in a split the largest. Of exact
        duplicates in several classes none is kept. Of near duplicates in several classes, whose labels may both be
        right, only those are left out that are in another split. Every class keeps a training image.

        Args:
            labels: also leave out images with suspicious labels.
        """
        return to_exclude(self.images, self.findings, labels)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: numbers, classes, and each finding with the paths of its images."""
        images = self.images
        return {
            "root": str(images.root),
            "images": images.split_counts(),
            "classes": len(images.class_names),
            "features_of": self.compared,
            "seconds": round(self.seconds, 1),
            "findings": [
                {
                    "kind": finding.kind,
                    "text": finding.text,
                    "paths": [images.name(p) for p in finding.images],
                    "splits": [images.split(p) for p in finding.images],
                    "classes": [images.class_of(p) for p in finding.images],
                    **finding.facts,
                }
                for finding in self.findings
            ],
        }


def audit(
    path: str | os.PathLike | LongTailedDataset | ImageList,
    *,
    encoder: str | Callable[[np.ndarray], np.ndarray] | None = encoders.DEFAULT,
    feature_images: int = FEATURE_IMAGES,
    few: int = plain.FEW,
    image_size: int = 128,
    seed: int = 0,
) -> Audit:
    """Look for what may be wrong with images: duplicates, wrong labels, unreadable files, tiny classes, and more.

    Every file is decoded once; a bad one does not stop the audit. `docs/check.md` describes the findings, and how well
    they find planted faults.

    Args:
        path: a folder in any layout that `from_directory` reads, a folder of images without classes, a dataset of
            files, or what `ltzoo.data.auditing.table_images.list_table` returns. A class of a folder or table may lack
            training images.
        encoder: what computes the features for suspicious labels and groups: the name of a backbone with ImageNet
            weights; a function from images, uint8 `[n, 128, 128, 3]`, to features `[n, D]`; or None, which leaves
            suspicious labels out and is several times faster.
        feature_images: most images whose features are computed. Of more, each class gives at most an equal number, so
            that rare classes are looked at as a whole.
        few: classes with fewer training images are tiny.
        image_size: side of the images that a network will be given; images of less than half of it are small.
        seed: chooses the images with features, and the folds that check labels.

    Returns:
        An `Audit`.

    Raises:
        FileNotFoundError: the folder is missing or holds no image.
        TypeError: `path` or `encoder` is of a wrong type.
        ValueError: the layout is ambiguous, or an argument is out of range.
    """
    started = time.monotonic()
    most = checks.integer("feature_images", feature_images, 1)
    few = checks.integer("few", few, 1)
    side = checks.integer("image_size", image_size, 1, arguments.LARGEST_SIDE)
    seed = checks.integer("seed", seed, 0, arguments.LARGEST_SEED)
    if not (encoder is None or isinstance(encoder, str) or callable(encoder)):
        raise TypeError(
            "`encoder` must be the name of a backbone, a function from images to features, or None. "
            f"{checks.received('encoder', encoder)}"
        )
    images = list_images(path)
    encode = encoders.encoder(encoder) if isinstance(encoder, str) else encoder
    features = _Features(encode)
    chosen = None if encode is None else _choose(images.labels, most, seed)
    seen = scan(
        images.paths,
        side=encoders.SIDE,
        chosen=chosen,
        use=None if encode is None else features.add,
        batch_size=encoders.BATCH,
    )
    exact = duplicates.exact_groups(seen)
    near = duplicates.near_pairs(seen, exact)
    found = [
        *plain.files(images, seen),
        *duplicates.duplicates(images, seen, exact, near),
        *plain.classes(images, seen, few),
        *plain.colors(images, seen),
        *plain.shapes(images, seen, side),
    ]
    if features.positions:
        positions, rows = features.arrays()
        together = duplicates.joined(len(images), near, exact)
        found += labels.suspicious_labels(images, positions, rows, together, seed)
    else:
        positions = np.flatnonzero(seen.readable)
        rows = fingerprints(seen.thumbnails, positions=positions)
    found += grouping.groups_found(images, grouping.suggest_groups(images, positions, rows, seed))
    order = list(KINDS)
    found.sort(key=lambda finding: (order.index(finding.kind), -finding.score))
    return Audit(images, tuple(found), len(features.positions) and len(positions), time.monotonic() - started)


class _Features:
    """Features of images, as they come."""

    def __init__(self, encode: Callable[[np.ndarray], np.ndarray] | None) -> None:
        self.encode = encode
        self.positions: list[np.ndarray] = []
        self.rows: list[np.ndarray] = []

    def add(self, positions: np.ndarray, images: np.ndarray) -> None:
        assert self.encode is not None
        rows = np.asarray(self.encode(images), "float32")
        if rows.ndim != 2 or len(rows) != len(images) or not np.isfinite(rows).all():
            raise ValueError(
                "`encoder` must return finite features [n, D] for images [n, height, width, 3]. "
                f"Received: an array of shape {rows.shape} for {images.shape}"
            )
        self.positions.append(positions)
        self.rows.append(rows)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        positions, rows = np.concatenate(self.positions), np.concatenate(self.rows)
        order = np.argsort(positions, kind="stable")
        return positions[order], rows[order]


def _choose(labels: np.ndarray, most: int, seed: int) -> np.ndarray | None:
    """Return a mask of at most `most` images, equally many of each class as far as it has them; None for all."""
    if len(labels) <= most:
        return None
    counts = np.bincount(labels)
    each = next(
        limit for limit in range(int(counts.max()), -1, -1) if np.minimum(counts, limit).sum() <= most
    )
    chosen = np.zeros(len(labels), bool)
    generator = np.random.default_rng(seed)
    for label in np.flatnonzero(counts):
        chosen[generator.permutation(np.flatnonzero(labels == label))[:each]] = True
    return chosen
