"""Making a zoo entry of a trained classifier: weights, card and golden outputs, side by side."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ltzoo.files import atomic_write
from ltzoo.models.cards import Card

if TYPE_CHECKING:
    from ltzoo.metrics import Result
    from ltzoo.models.classifier import LongTailedClassifier


def publish(
    model: LongTailedClassifier,
    name: str,
    folder: str | os.PathLike,
    *,
    backbone: Mapping[str, Any],
    dataset: Mapping[str, Any],
    measured: Result | None = None,
    paper: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    licence: str = "Apache-2.0",
) -> Card:
    """Writes `NAME.weights.h5`, `NAME.json` (the card) and `NAME.golden.npz` into a folder.

    The golden file holds eight images of random pixels and the logits of the model for them, so that every backend
    and later version can prove that it computes the same network.

    Args:
        model: a `LongTailedClassifier` after training.
        name: METHOD_BACKBONE_DATASET.
        folder: the folder of weights.
        backbone: `{"name": ..., arguments}` that the model was built with.
        dataset: `{"name": ..., arguments}` that it was trained on.
        measured: a `ltzoo.metrics.Result` of this very model, or None.
        paper: what the paper reports, or None.
        training: `{"backend", "seconds", "command"}`, or None.
        licence: of the weights.

    Returns:
        The `Card`.
    """
    folder = Path(folder)
    weights = folder / f"{name}.weights.h5"
    with atomic_write(weights) as temporary:
        renamed = temporary.with_name(f".{name}.part.weights.h5")
        _without_optimizer(model).save_weights(renamed)
        renamed.replace(temporary)
    content = weights.read_bytes()
    entry = Card(
        name=name,
        recipe=model.recipe.to_dict(),
        backbone=backbone,
        dataset=dataset,
        class_counts=tuple(int(count) for count in model.class_counts),
        class_names=tuple(model.class_names),
        input_shape=tuple(model.image_shape),
        mean=tuple(model.mean),
        std=tuple(model.std),
        seed=model.seed,
        licence=licence,
        citation=model.recipe.citation,
        measured=None if measured is None else _numbers(measured),
        paper=paper,
        weights={"file": weights.name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()},
        training=training,
    )
    images = np.random.RandomState(0).randint(0, 256, (8, *model.image_shape)).astype(np.uint8)
    with atomic_write(folder / f"{name}.golden.npz") as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, images=images, logits=model.predict(images, verbose=0))
    with atomic_write(folder / f"{name}.json") as temporary:
        Path(temporary).write_text(entry.to_json(), encoding="utf-8")
    return entry


def _without_optimizer(model):
    # Keras puts the optimizer's variables into a weights file; a copy that is not compiled has none.
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy


def _numbers(result):
    wanted = ("top1", "many", "medium", "few", "balanced", "ece", "nll")
    values = {key: float(getattr(result, key)) for key in wanted}
    return {key: round(value, 6) if np.isfinite(value) else None for key, value in values.items()}
