"""The checks of the arguments of `fit(dataset)`, made before anything starts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ltzoo.checks import RANGES, flag, integer, one_of, received, shortened

_BY_RECIPE = {"epochs": "epochs", "batch_size": "batch_size", "initial_epoch": "epochs"}
_FROM_DATASET = ("y", "validation_data", "validation_split", "validation_batch_size", "sample_weight")


def check_data(x: Any) -> None:
    """Raise a TypeError if `fit` gets nothing to train on."""
    if x is None:
        raise TypeError(
            "`x`, the first argument of `fit`, must be a `LongTailedDataset`, or images for Keras's own fit. "
            "Received: x=None"
        )


def check_unknown(positional: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Raise a TypeError for arguments that `fit(dataset)` does not have; it says what to use instead."""
    if positional:
        raise TypeError(
            "`fit(dataset)` takes its arguments by name, such as `callbacks=` and `checkpoint=`. "
            f"Received: {shortened(positional[0])} after the dataset"
        )
    for name, value in keywords.items():
        if name in _BY_RECIPE:
            advice = f"the recipe sets it: ltzoo.recipes.get(name, {_BY_RECIPE[name]}=...)"
        elif name in _FROM_DATASET:
            advice = "labels, validation images and weights come from the dataset and the recipe's loss"
        else:
            advice = "see `ltzoo.training.fit_stages` for those it has"
        raise TypeError(f"`{name}` is no argument of `fit(dataset)`; {advice}. {received(name, value)}")


def check_arguments(
    *,
    verbose: Any,
    checkpoint: Any,
    resume: Any,
    checkpoint_seconds: Any,
    seed: Any,
    validate: Any,
    workers: Any,
    shard_index: Any,
    shard_count: Any,
    on_device: Any,
) -> None:
    """Raise a TypeError or ValueError that names the first argument with a wrong type or value."""
    RANGES["Positive"].check("checkpoint_seconds", checkpoint_seconds)
    integer("seed", seed, 0)
    if workers is not None:
        integer("workers", workers, 1)
    integer("shard_count", shard_count, 1)
    integer("shard_index", shard_index, 0)
    if shard_index >= shard_count:
        raise ValueError(
            "`shard_index` must be below `shard_count`. "
            f"Received: shard_index={shard_index}, shard_count={shard_count}"
        )
    for name, value in (("resume", resume), ("validate", validate), ("on_device", on_device)):
        flag(name, value)
    one_of("verbose", verbose, ("auto", 0, 1, 2))
    if checkpoint is not None:
        _check_folder(checkpoint)


def _check_folder(checkpoint):
    if not isinstance(checkpoint, (str, os.PathLike)) or not isinstance(os.fspath(checkpoint), str):
        raise TypeError(f"`checkpoint` must be the path of a folder. {received('checkpoint', checkpoint)}")
    if not os.fspath(checkpoint).strip():
        raise ValueError(f"`checkpoint` must name a folder. Received: checkpoint={checkpoint!r}")
    path = Path(checkpoint)
    if path.exists() and not path.is_dir():
        raise ValueError(f"`checkpoint` must be a folder, not a file. Received: checkpoint={str(path)!r}")
