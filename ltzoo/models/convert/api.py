"""The public functions that convert checkpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ltzoo.arguments import checked
from ltzoo.checkpoint_layouts import get_layout
from ltzoo.checks import refuse
from ltzoo.models.classifier import LongTailedClassifier
from ltzoo.models.convert.checkpoint import parts_of, read_checkpoint, write_checkpoint
from ltzoo.models.convert.transfer import fill, find_layout, published
from ltzoo.models.load import load


@checked
def convert_checkpoint(
    checkpoints: str | os.PathLike | Mapping[str, Any] | Sequence[Any],
    entry_or_model: str | LongTailedClassifier,
    layout: str | None = None,
) -> LongTailedClassifier:
    """Make a classifier with the weights of a checkpoint that the authors of a method published.

    The conversion is strict: every tensor of the file is used once and every variable of the model is filled, or an
    error lists the differences. Exceptions are `num_batches_tracked`, the entries of NBN's `scale_factor` that its
    code never reads, optimizer and bookkeeping, and the training variables of the model's techniques.

    Args:
        checkpoints: a PyTorch file; or its contents as nested dicts of NumPy arrays or tensors, which needs no PyTorch;
            or a list of these in stage order, if a stage-2 file holds the classifier alone (GCL).
        entry_or_model: a zoo entry, or a `LongTailedClassifier`, which is filled in place.
        layout: one of `layout_names()`; None detects it from the names in the first file.

    Returns:
        the filled `LongTailedClassifier`.

    Raises:
        CheckpointError: a file cannot be read or does not fit the model; the model is unchanged.
        ValueError: the entry or the layout is unknown, or `checkpoints` is empty.
    """
    if isinstance(checkpoints, (str, os.PathLike, Mapping)):
        checkpoints = [checkpoints]
    if not all(isinstance(given, (str, os.PathLike, Mapping)) and given for given in checkpoints):
        refuse("checkpoints", "files, or their contents as dicts that are not empty", checkpoints)
    if not len(checkpoints):
        refuse("checkpoints", "one or more files", checkpoints)
    if layout is not None:
        get_layout(layout)
    files = [
        parts_of(given) if isinstance(given, Mapping) else read_checkpoint(given) for given in checkpoints
    ]
    chosen = find_layout(files, layout)
    model = (
        entry_or_model
        if isinstance(entry_or_model, LongTailedClassifier)
        else load(entry_or_model, weights=None)
    )
    fill(model, files, chosen)
    return model


def torch_state(model: LongTailedClassifier, layout: str) -> dict[str, Any]:
    """Return the weights of a classifier under the original names of a layout.

    This is the exact inverse of `convert_checkpoint`; counters are 0 and unread entries of `scale_factor` are 1. Of
    several heads only the last one is written.

    Returns:
        nested dicts of NumPy arrays.

    Raises:
        CheckpointError: the layout has no place for some variables of the model.
        ValueError: the layout is unknown.
    """
    return published(model, get_layout(layout))


def save_torch(model: LongTailedClassifier, path: str | os.PathLike, layout: str) -> None:
    """Write `torch_state(model, layout)` as a PyTorch file, whole or not at all.

    Raises:
        CheckpointError: the layout has no place for some variables of the model.
        ImportError: PyTorch is not installed.
        ValueError: the layout is unknown.
    """
    write_checkpoint(path, torch_state(model, layout))
