"""Features of frozen networks, computed once for each split and kept in memory and on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from ltzoo.caller_warnings import warn_caller
from ltzoo.data.reading_threads import in_order
from ltzoo.files import atomic_write
from ltzoo.keras_internals import untracked

if TYPE_CHECKING:
    from ltzoo.data.splits import Split

BLOCK = 2048  # images in one file
_DIGEST = hashlib.sha256().digest_size
_SAMPLE = 8
_FILES = 1024  # Files that a thread looks at at a time: on a network disk each look takes milliseconds.
# Disk that must stay free, and bytes that the features of a split may have on disk.
_FREE = 2**30
LARGEST = 8 * 2**30


class FeatureStore:
    """Features `[N, D]` of splits by the weights that computed them.

    In memory are the features of the current weights. On disk are blocks of float32 numbers, each with its SHA-256,
    so that a resumed training computes only what is missing. Their names are a digest of the network's weights, of
    the files (path, size and time of change) and of some pixels as they are read. So other images, weights or ways
    to read them never use old features. Images that are neither files nor arrays are not kept on disk.

    Args:
        folder: folder of the files; None keeps features in memory only.

    Attributes:
        seconds: what computing and reading features took since it was last set to 0; see `EpochSeconds`.
    """

    def __init__(self, folder: str | os.PathLike | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        self.seconds = 0.0
        self._weights = ""
        self._kept: list[tuple[Any, np.ndarray]] = []

    def get(
        self, classifier: Any, split: Split, compute: Callable[[np.ndarray], np.ndarray], batch_size: int
    ) -> np.ndarray:
        """Return the features float32 `[N, D]` of all images of a split.

        Args:
            classifier: the classifier whose backbone computes them.
            split: the split.
            compute: the features of the images at some positions.
            batch_size: images per batch; blocks are whole batches.
        """
        started = time.perf_counter()
        weights = weights_digest(classifier)
        if weights != self._weights:
            self._weights, self._kept = weights, []
        for known, features in self._kept:
            if known is split:
                return features
        features = self._from_disk(classifier, split, compute, batch_size)
        features.flags.writeable = False
        self._kept.append((split, features))
        self.seconds += time.perf_counter() - started
        return features

    def _from_disk(self, classifier, split, compute, batch_size):
        count, size = len(split.labels), classifier.feature_size
        key = None if self.folder is None else self._key(split)
        if self.folder is None or key is None or count * size * 4 > LARGEST:
            return compute(np.arange(count))
        blocks = []
        for start, stop in _blocks(count, batch_size):
            positions = np.arange(start, stop)
            path = self.folder / f"{key}-{start:09d}.f32"
            block = _read(path, (len(positions), size))
            if block is None:
                block = np.asarray(compute(positions), np.float32)
                _write(path, block)
            blocks.append(block)
        return np.concatenate(blocks)

    def _key(self, split) -> str | None:
        identity = _identity(split)
        if identity is None:
            return None
        digest = hashlib.sha256(f"{self._weights} {split.image_shape} {len(split.labels)} ".encode())
        digest.update(identity)
        positions = np.unique(np.linspace(0, len(split.labels) - 1, _SAMPLE).astype(np.int64))
        digest.update(np.ascontiguousarray(split.load(positions)).tobytes())
        return digest.hexdigest()[:32]


@contextlib.contextmanager
def kept_features(classifier: Any, store: FeatureStore) -> Iterator[None]:
    """Let a classifier keep its features in a store within the block."""
    untracked(classifier, "feature_store", store)
    try:
        yield
    finally:
        untracked(classifier, "feature_store", None)


def _blocks(count, batch_size):
    """Return (start, stop) of blocks of whole batches; the last one is not smaller than a batch, if it can be."""
    rows = -(-BLOCK // batch_size) * batch_size
    starts = list(range(0, count, rows))
    if len(starts) > 1 and count - starts[-1] < batch_size:
        starts.pop()
    return zip(starts, [*starts[1:], count], strict=True)


def weights_digest(classifier: Any) -> str:
    """Return a digest of all that turns pixels into features: the backbone's weights and settings, and the dtype."""
    digest = hashlib.sha256()
    backbone = classifier.backbone
    for variable in backbone.variables:
        if "float" in variable.dtype:  # Others are states of random layers, which rest in inference.
            digest.update(
                np.ascontiguousarray(ops.convert_to_numpy(ops.cast(variable.value, "float32"))).tobytes()
            )
    averaged = [getattr(layer, "averages", None) for layer in backbone.layers]
    settings = (classifier.mean, classifier.std, classifier.dtype_policy.name, averaged, _structure(backbone))
    digest.update(repr(settings).encode())
    return digest.hexdigest()


def _structure(backbone):
    try:
        return json.dumps(_without_seeds(json.loads(backbone.to_json())), sort_keys=True)
    except (NotImplementedError, TypeError, ValueError):  # A subclassed model without a config.
        return type(backbone).__qualname__, backbone.name


def _without_seeds(config):
    """Return a config without its seeds, which Keras draws anew in every process and inference never uses."""
    if isinstance(config, dict):
        return {key: _without_seeds(value) for key, value in config.items() if key != "seed"}
    return [_without_seeds(entry) for entry in config] if isinstance(config, list) else config


def split_digest(split: Any) -> str | None:
    """Return a digest that changes with the images and labels of a split, and with how they are read.

    Files count by path, size and time of change. None if the images are neither files nor arrays.
    """
    identity = _identity(split)
    if identity is None:
        return None
    kind = type(split).__qualname__
    settings = kind, split.image_shape, getattr(split, "image_fit", None), getattr(split, "resize", None)
    digest = hashlib.sha256(f"{settings} {len(split.labels)} ".encode() + identity)
    digest.update(np.ascontiguousarray(split.labels, "<i8").tobytes())
    return digest.hexdigest()


def _identity(split) -> bytes | None:
    """Return bytes that change with the images of a split, or None if nothing says so."""
    images = getattr(split, "images", None)
    if isinstance(images, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(images).tobytes()).digest()
    paths = getattr(split, "paths", None)
    if paths is None:
        return None
    digest = hashlib.sha256()
    parts = (paths[start : start + _FILES] for start in range(0, len(paths), _FILES))
    for lines in in_order(_states, parts):
        if lines is None:
            return None
        digest.update(lines)
    return digest.digest()


def _states(paths) -> bytes | None:
    """Return path, size and time of change of files, or None if one is missing."""
    lines = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            return None
        lines.append(f"{path}\0{status.st_size} {status.st_mtime_ns}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def _read(path, shape) -> np.ndarray | None:
    """Return the numbers in a file that holds exactly what was written, or None."""
    size = 4 * shape[0] * shape[1]
    try:
        if path.stat().st_size != size + _DIGEST:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content[:size]).digest() != content[size:]:
        return None
    return np.frombuffer(content, "<f4", shape[0] * shape[1]).reshape(shape)


def _write(path, block):
    content = np.ascontiguousarray(block, "<f4").tobytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free < len(content) + _FREE:
            return
        with atomic_write(path) as temporary:
            temporary.write_bytes(content + hashlib.sha256(content).digest())
    except OSError as error:  # The training works without.
        warn_caller(
            f"the features cannot be kept on disk, so a resumed training computes them again ({error})"
        )
