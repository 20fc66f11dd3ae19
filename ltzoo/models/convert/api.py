"""Converting checkpoints: the functions that users call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ltzoo.models.classifier import LongTailedClassifier
from ltzoo.models.convert.checkpoint import parts_of, read_checkpoint, write_checkpoint
from ltzoo.models.convert.layouts import get_layout
from ltzoo.models.convert.transfer import fill, find_layout, published
from ltzoo.models.load import load


def convert_checkpoint(
    checkpoints: str | os.PathLike | Mapping[str, Any] | Sequence[Any],
    entry_or_model: str | LongTailedClassifier,
    layout: str | None = None,
) -> LongTailedClassifier:
    """A classifier with the weights of a checkpoint that the authors of a method published.

    Strict: every tensor of the file is used once and every variable of the model is filled, or an error lists what
    differs. Knowingly left out are `num_batches_tracked`, the entries of NBN's `scale_factor` that its code never
    reads, optimizer and bookkeeping; and what a technique of the model keeps for training.

    Args:
        checkpoints: a PyTorch file; or what it holds, nested dicts of NumPy arrays (or tensors), for which PyTorch
            is not needed; or a list of those in the order of the stages, where a stage-2 file holds the classifier
            alone (GCL).
        entry_or_model: a zoo entry, or a `LongTailedClassifier`, which is filled in place.
        layout: one of `layout_names()`; None finds it from the names in the first file.

    Raises:
        CheckpointError: the file cannot be read, or does not fit the model, which then stays as it was.
        ValueError: an unknown entry or layout.
    """
    if isinstance(checkpoints, (str, os.PathLike, Mapping)):
        checkpoints = [checkpoints]
    if not len(checkpoints):
        raise ValueError(f"`checkpoints` must hold one or more files. Received: {checkpoints!r}")
    files = [
        parts_of(given) if isinstance(given, Mapping) else read_checkpoint(given) for given in checkpoints
    ]
    chosen = find_layout(files, layout)
    model = entry_or_model
    if not isinstance(model, LongTailedClassifier):
        model = load(entry_or_model, weights=None)
    fill(model, files, chosen)
    return model


def torch_state(model: LongTailedClassifier, layout: str) -> dict[str, Any]:
    """The weights of a classifier under the original names of a layout: nested dicts of NumPy arrays.

    The exact inverse of `convert_checkpoint`; counters are 0 and unread entries of `scale_factor` are 1. Of a model
    with several heads the last one is written.

    Raises:
        CheckpointError: the model has variables that the layout has no place for.
        ValueError: an unknown layout.
    """
    return published(model, get_layout(layout))


def save_torch(model: LongTailedClassifier, path: str | os.PathLike, layout: str) -> None:
    """Writes `torch_state` as a PyTorch file, whole or not at all.

    Raises:
        ImportError: PyTorch is not installed.
    """
    write_checkpoint(path, torch_state(model, layout))
