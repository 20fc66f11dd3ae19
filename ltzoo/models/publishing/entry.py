"""Make a zoo entry of a trained classifier: weights, card and golden outputs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ltzoo import shipped
from ltzoo.files import atomic_write
from ltzoo.models.cards import Card, card, check_named
from ltzoo.models.half_precision import rounded_to_half
from ltzoo.models.hashes import sha256
from ltzoo.models.weights_file import save_weights
from ltzoo.recipes.stage_checks import plain_value

UNKNOWN = "unknown"
_KEPT = ("paper", "preprocessing", "starts_from", "cost", "notes")

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
    cost: Mapping[str, Any] | None = None,
    notes: Sequence[str] | None = None,
    weights_license: str | None = None,
    data_license: str | None = None,
    origin: str | None = None,
    licence: str | None = None,
    half: bool = False,
) -> Card:
    """Write `NAME.weights.h5`, `NAME.json` (the card) and `NAME.golden.npz` into a folder.

    The golden file holds four images of random pixels, with the model's features and logits for them. With it, every
    backend and later version can prove that it computes the same network. If the zoo already has a card of this name,
    its paper results, preprocessing, starting weights, cost and notes are kept.

    Args:
        model: a `LongTailedClassifier` after training.
        name: METHOD_BACKBONE_DATASET.
        folder: the folder to write to.
        backbone: `{"name": ..., arguments}` that the model was built with.
        dataset: `{"name": ..., arguments}` that the model was trained on.
        measured: a `ltzoo.metrics.Result` of this model, or None.
        paper: results that the paper reports; None keeps the existing card's.
        training: `{"backend", "seconds", "command"}`, or None.
        cost: cost of training, see `Card`; None keeps the existing card's.
        notes: sentences for the card; None keeps the existing card's.
        weights_license: license of the weights, as an SPDX identifier or a name; None means "unknown". `push` refuses
            unknown licenses. Weights that others trained have the license of their owner.
        data_license: terms of the training data; None takes those that are known of a published dataset.
        origin: who trained the weights, or the address that they come from, for the card's `source`.
        licence: an earlier name of `weights_license`.
        half: store the weights in float16, and compute the golden outputs with the rounded weights. `measured` must
            then be a result of `half_precision.rounded_to_half(model)`.

    Returns:
        the `Card`.

    Raises:
        ValueError: `backbone` or `dataset` does not have this form, or a name or number is not one that a card may
            hold; nothing is written.
    """
    check_named(backbone=backbone, dataset=dataset)
    backbone, dataset = plain_value(backbone), plain_value(dataset)
    if licence is not None and weights_license is not None:
        raise ValueError(
            "`licence` is the earlier name of `weights_license`; give one of them. "
            f"Received: licence={licence!r}, weights_license={weights_license!r}"
        )
    folder = Path(folder)
    if half:
        model = rounded_to_half(model)
    weights = folder / f"{name}.weights.h5"
    known = card(name) if name in shipped.names() else None
    kept = {} if known is None else {key: getattr(known, key) for key in _KEPT}
    given = {"paper": paper, "cost": cost, "notes": notes}
    kept |= {key: value for key, value in given.items() if value is not None}
    if model.image_fit != "crop":
        kept["preprocessing"] = {"fit": model.image_fit, "interpolation": "bilinear"}
    entry = Card(
        name=name,
        recipe=model.recipe.to_dict(),
        backbone=backbone,
        dataset=dataset,
        class_counts=tuple(model.class_counts.tolist()),
        class_names=tuple(model.class_names),
        input_shape=tuple(model.image_shape),
        mean=tuple(model.mean),
        std=tuple(model.std),
        seed=model.seed,
        weights_license=weights_license or licence or UNKNOWN,
        data_license=data_license or shipped.dataset(dataset["name"]).get("license"),
        source=origin,
        citation=model.recipe.citation,
        measured=None if measured is None else _numbers(measured),
        training=training,
        **kept,
    )
    entry.check()
    save_weights(model, weights, half=half)
    written = {"file": weights.name, "size": weights.stat().st_size, "sha256": sha256(weights)}
    entry = dataclasses.replace(entry, weights=written)
    write_golden(model, folder / f"{name}.golden.npz")
    with atomic_write(folder / f"{name}.json") as temporary:
        Path(temporary).write_text(entry.to_json(), encoding="utf-8")
    return entry


def write_golden(model: LongTailedClassifier, path: str | os.PathLike) -> None:
    """Write `images` `[4, height, width, channels]`, `features` `[4, D]` and `logits` `[4, num_classes]`.

    The images have random pixels. Features and logits are computed in inference mode.
    """
    images = np.random.RandomState(0).randint(0, 256, (4, *model.image_shape)).astype(np.uint8)
    features, logits = model.extract_features_on_batch(images), model.predict_on_batch(images)
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, images=images, features=features, logits=np.asarray(logits))


def _numbers(result):
    wanted = ("top1", "many", "medium", "few", "balanced", "ece", "nll")
    values = {key: float(getattr(result, key)) for key in wanted}
    return {key: round(value, 6) if np.isfinite(value) else None for key, value in values.items()}
