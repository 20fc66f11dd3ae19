"""Loading: zoo entries by name, saved models and run folders by path."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import keras

from ltzoo import shipped
from ltzoo.models.build import build
from ltzoo.models.cards import Card, card
from ltzoo.models.errors import WeightsError
from ltzoo.training import Recipe

if TYPE_CHECKING:
    from ltzoo.models.classifier import LongTailedClassifier

PRETRAINED = "pretrained"


def load(
    entry_or_path: str | os.PathLike, weights: str | os.PathLike | None = PRETRAINED
) -> LongTailedClassifier:
    """A classifier, ready for `predict`, for `fit(x, y)` (fine-tuning) and for `fit(dataset)`.

    Args:
        entry_or_path: a zoo entry (`ltzoo.models.names()`), a `.keras` file, or a folder of `ltzoo train`.
        weights: for a zoo entry: "pretrained", None for new weights, or the path of a `.weights.h5` file.

    Raises:
        ValueError: no such entry.
        FileNotFoundError: no such file.
        WeightsError: the weights' hash is not the card's, or the file does not fit the network.
    """
    path = Path(entry_or_path)
    if entry_or_path not in shipped.names() and (
        path.exists() or path.suffix == ".keras" or len(path.parts) > 1
    ):
        return _load_file(path)
    entry = card(str(entry_or_path))
    model = build(
        dict(entry.backbone),
        Recipe.from_dict(entry.recipe),
        entry.class_counts,
        input_shape=entry.input_shape,
        class_names=entry.class_names,
        mean=entry.mean,
        std=entry.std,
        seed=entry.seed,
        name=entry.name,
        compile=False,  # Weights files hold no optimizer.
    )
    if weights == PRETRAINED:
        model.load_weights(verified_weights(entry))
    elif weights is not None:
        if not Path(weights).is_file():
            raise FileNotFoundError(
                f"`weights` must be a .weights.h5 file. Received: {str(weights)!r}, not found"
            )
        try:
            model.load_weights(weights)
        except (ValueError, OSError, KeyError) as error:
            raise WeightsError(
                f"{weights} does not fit the network of {entry.name}: {str(error).splitlines()[0]}"
            ) from error
    model.finish_training()
    return model


def verified_weights(entry: Card) -> Path:
    """The path of an entry's weights file, after its SHA-256 was found equal to the card's."""
    how = (
        f"Train it: {entry.training['command']}"
        if entry.training
        else "Build it with weights=None and train it"
    )
    if entry.weights is None:
        raise WeightsError(f"No weights exist for {entry.name}. {how}, or pass weights=None.")
    path = shipped.folder() / entry.weights["file"]
    if not path.is_file():
        raise WeightsError(f"The weights of {entry.name} are missing: {path}. {how}, or pass weights=None.")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != entry.weights["sha256"]:
        raise WeightsError(
            f"The weights file {path} is not the one of the card of {entry.name}: damaged or changed. Install ltzoo "
            f"again or pass weights=None. Received: SHA-256 {found}, the card says {entry.weights['sha256']}"
        )
    return path


def _load_file(path):
    if path.is_dir():
        if not (path / "model.keras").is_file():
            raise FileNotFoundError(
                f"The folder {str(path)!r} holds no model.keras: is the training finished?"
            )
        path = path / "model.keras"
    if not path.is_file():
        raise FileNotFoundError(f"No such model file: {str(path)!r}")
    return keras.saving.load_model(path)
