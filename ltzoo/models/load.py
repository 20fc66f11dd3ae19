"""Load zoo entries, published cards, saved models and run folders, with another head if wanted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ltzoo import own_parts, shipped
from ltzoo.arguments import checked
from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import PositiveInt
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.models import weights_file
from ltzoo.models.addresses import is_address
from ltzoo.models.build import build
from ltzoo.models.cards import Card, card, is_card_file, read_card
from ltzoo.models.find_weights import PRETRAINED, find_weights
from ltzoo.models.keras_archive import load_archive
from ltzoo.models.new_classes import with_new_classes
from ltzoo.models.output_bound import TooLargeOutputs, check_outputs
from ltzoo.models.weight_bound import TooManyWeights, WeightBound, most_weights
from ltzoo.models.weights_errors import NoWeightsError, WeightsError
from ltzoo.printable import shown_address
from ltzoo.recipes.recipe import Recipe

if TYPE_CHECKING:
    from ltzoo.models.classifier import LongTailedClassifier


@checked
def load(
    entry_or_path: str | os.PathLike,
    weights: str | os.PathLike | None = PRETRAINED,
    *,
    num_classes: PositiveInt | None = None,
    class_counts: Sequence[int] | np.ndarray | LongTailedDataset | None = None,
    class_names: Sequence[str] | None = None,
    recipe: str | Recipe | None = None,
    input_shape: Sequence[PositiveInt] | None = None,
    trainable: str | Sequence[str] = "all",
) -> LongTailedClassifier:
    """Load a classifier, ready for `predict`, for `fit(x, y)` (fine-tuning) and for `fit(dataset)`.

        model = load("gcl_resnet32_cifar10_lt")                               # as trained
        model = load("gcl_resnet32_cifar10_lt", num_classes=7)                # its backbone, a new head
        model = load("gcl_resnet32_cifar10_lt", class_counts=dataset, trainable=["stage3_*"])

    With `num_classes`, `class_counts` or `recipe` the backbone keeps its weights and everything else is new: head,
    losses, clouds, samplers and shot groups follow the new class counts. See `ltzoo.models.with_new_classes`.

    Args:
        entry_or_path: a zoo entry (`ltzoo.models.names()`), the path or address of a published card (`NAME.json`), a
            `.keras` file, or a folder of `ltzoo train`. If an entry has no weights, but its twin with the constants of
            the authors' code has (`gcl_published_...` for `gcl_...`), the twin is loaded, with a warning.
        weights: for a zoo entry: "pretrained", None for new weights, the path of a `.weights.h5` file, or an
            address; see `ltzoo.models.find_weights`.
        num_classes: number of classes of a new head.
        class_counts: training images per class of the new data; or a `LongTailedDataset`, which also gives the class
            names and, for a zoo entry, the image shape. With `num_classes` alone, classes count as equally frequent.
        class_names: one name per class.
        recipe: another recipe for `fit(dataset)`, by name or as a `Recipe`; its head replaces the entry's.
        input_shape: (height, width, channels) of the images, for a zoo entry; backbones take any size.
        trainable: what `fit` may change: "all", "head", or patterns of backbone layers that train with the head, such
            as `["stage3_*"]`; see `LongTailedClassifier.set_trainable`.

    Raises:
        ValueError: there is no such entry, or the arguments do not match.
        FileNotFoundError: there is no such file.
        WeightsError: there are no weights, they differ from the card's, or they do not fit the network.
    """
    new = {
        "class_counts": class_counts,
        "num_classes": num_classes,
        "class_names": class_names,
        "recipe": recipe,
    }
    if isinstance(class_counts, LongTailedDataset) and input_shape is None:
        input_shape = class_counts.image_shape
    if not isinstance(trainable, str):
        trainable = tuple(trainable)
    own_parts.load()
    source = _entry(entry_or_path)
    if source is None:
        model = _load_file(Path(entry_or_path).expanduser())
        if input_shape is not None and tuple(input_shape) != model.image_shape:
            raise ValueError(
                f"`input_shape` of a saved model must be {model.image_shape}; only a zoo entry can be loaded for "
                f"another shape. Received: input_shape={tuple(input_shape)}"
            )
    else:
        model = _load_entry(*source, weights, input_shape)
    if any(value is not None for value in new.values()):
        model = with_new_classes(model, **new)
    if trainable != "all":
        model.set_trainable(trainable)
    return model


def _entry(entry_or_path):
    """Return the card and the folder of its weights; None for a saved model."""
    if entry_or_path in shipped.names():
        return card(str(entry_or_path)), None
    if is_card_file(entry_or_path):
        return read_card(entry_or_path)
    if is_address(entry_or_path):
        raise WeightsError(
            "`entry_or_path` must be the address of a card, which ends in .json. "
            f"Received: entry_or_path={shown_address(entry_or_path)!r}"
        )
    path = Path(entry_or_path).expanduser()
    if path.exists() or path.suffix == ".keras" or len(path.parts) > 1:
        return None
    return card(str(entry_or_path)), None  # Raises the error for an unknown entry.


def _load_entry(entry, beside, weights, input_shape):
    # Find the weights first: they may be missing, and building a large network takes seconds.
    entry, path = (entry, None) if weights is None else _with_weights(entry, weights, beside)
    if beside is not None:
        _check_size(entry, input_shape, path)
    model = _build(entry, input_shape, initialize=path is None)
    if path is not None:
        try:
            weights_file.load_weights(model, path)
        except WeightsError:
            raise
        except (ValueError, OSError, KeyError) as error:
            raise WeightsError(
                f"`weights` does not fit the network of {entry.name}: {str(error).splitlines()[0]}. "
                f"Received: weights={str(path)!r}"
            ) from error
    # Most models are loaded to predict, so the optimizer creates its variables only when `fit` starts.
    model.finish_training(build_optimizer=False)
    return model


def _with_weights(entry, weights, beside):
    """Return an entry and its weights file; if it has none, those of its twin with the authors' constants."""
    try:
        return entry, find_weights(entry, weights, beside=beside)
    except NoWeightsError:
        twin = shipped.published_twin(entry.name, entry.recipe["name"], entry.backbone, entry.dataset)
        if twin is None or entry.weights is not None:
            raise
    other = card(twin)
    warn_caller(
        f"{entry.name} has no weights. This is {twin}: the same method, network and data, trained with the "
        f"constants of the authors' code (recipe {other.recipe['name']!r}). Load it by that name to silence this."
    )
    return other, find_weights(other)


def _check_size(entry, input_shape, path):
    """Refuse the card of a network that is larger than its weights, before it takes memory."""
    stored = (entry.weights or {}).get("size") if path is None else path.stat().st_size
    try:
        with WeightBound(most_weights(stored)):
            check_outputs(_build(entry, input_shape, initialize=False))
    except (TooManyWeights, TooLargeOutputs) as error:
        raise WeightsError(f"The card of {entry.name} is refused: {error}") from error


def _build(entry: Card, input_shape, initialize):
    backbone = {key: value for key, value in entry.backbone.items() if key != "weights"}
    return build(
        backbone,
        Recipe.from_dict(entry.recipe),
        entry.class_counts,
        input_shape=entry.input_shape if input_shape is None else input_shape,
        class_names=entry.class_names,
        image_fit=(entry.preprocessing or {}).get("fit"),
        mean=entry.mean,
        std=entry.std,
        seed=entry.seed,
        name=entry.name,
        compile=False,  # Weights files hold no optimizer.
        initialize=initialize,
    )


def _load_file(path):
    if path.is_dir():
        if not (path / "model.keras").is_file():
            raise FileNotFoundError(
                f"`entry_or_path` must be a folder with a model.keras; has the run finished? "
                f"Received: entry_or_path={str(path)!r}"
            )
        path = path / "model.keras"
    if not path.is_file():
        raise FileNotFoundError(
            f"`entry_or_path` must be an existing model file. Received: entry_or_path={str(path)!r}"
        )
    return load_archive(path)
