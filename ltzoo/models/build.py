"""Build a new classifier from names."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo import backbones, recipes
from ltzoo.arguments import checked
from ltzoo.backbones.conversions import convert
from ltzoo.backbones.random_start import starts_random
from ltzoo.checks import ModelSeed, PositiveInt, refuse
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.layers import ShiftedCropEncoder
from ltzoo.models.classifier import LongTailedClassifier
from ltzoo.models.initialization import reinitialize, without_initial_values
from ltzoo.models.normalization import channel_statistics
from ltzoo.models.values import checked_counts, checked_shape
from ltzoo.recipes.recipe import Recipe


@checked
def build(
    backbone: str | Mapping[str, Any] | keras.Model,
    recipe: str | Recipe,
    class_counts: Sequence[int] | np.ndarray | LongTailedDataset,
    *,
    input_shape: Sequence[PositiveInt] | None = None,
    class_names: Sequence[str] | None = None,
    mean: float | Sequence[float] | np.ndarray | None = None,
    std: float | Sequence[float] | np.ndarray | None = None,
    image_fit: str | None = None,
    seed: ModelSeed = 0,
    name: str | None = None,
    compile: bool = True,
    initialize: bool = True,
) -> LongTailedClassifier:
    """Build a new `LongTailedClassifier`, ready for `fit(dataset)`.

    Args:
        backbone: a name for `ltzoo.backbones.get`, a dict `{"name": ..., arguments}`, or a `keras.Model` from
            normalized images to a feature map. The weights of a `keras.Model` are kept as far as the recipe's
            conversions keep them, and so are the pretrained weights of a named backbone.
        recipe: a name of `ltzoo.recipes.names()` or a `Recipe`.
        class_counts: training images per class; or a `LongTailedDataset`, which also gives the image shape, the
            class names and the pixel statistics.
        input_shape: (height, width, channels); default (32, 32, 3).
        class_names: one name per class.
        mean, std: pixel statistics on the 0..1 scale, per channel or one number. Default: those that the backbone was
            trained with (`ltzoo.backbones.pixel_statistics`), the dataset's, ImageNet's for three channels, or 0.5 and
            0.25.
        image_fit: how images of any shape become `input_shape`: "crop", "squash" or "pad". Default: the dataset's, or
            "crop".
        seed: seed of the initial weights of backbone and head, and of the noise in training.
        name: name of the model.
        compile: whether to compile for `fit(x, y)` and `evaluate`; `fit(dataset)` compiles for each stage anyway.
        initialize: whether to draw initial weights; False is faster for a model whose weights are loaded next.

    Raises:
        ValueError: a name is unknown, or counts and names do not match.
    """
    dataset: LongTailedDataset | None = None
    if isinstance(class_counts, LongTailedDataset):
        dataset = class_counts
        class_counts = dataset.class_counts
        input_shape = dataset.image_shape if input_shape is None else input_shape
        class_names = dataset.class_names if class_names is None else class_names
        image_fit = dataset.image_fit if image_fit is None else image_fit
    image_shape = (32, 32, 3) if input_shape is None else checked_shape("input_shape", input_shape)
    counts = checked_counts(class_counts)
    if not isinstance(recipe, Recipe):
        recipe = recipes.get(recipe)
    with contextlib.nullcontext() if initialize else without_initial_values():
        if isinstance(backbone, keras.Model):
            network, draws_weights, random = backbone, False, False
        else:
            config = _config(backbone)
            network, draws_weights = _network(config, image_shape, seed, initialize)
            random = initialize and starts_random(config)
        mean, std = _statistics(mean, std, network, dataset, image_shape)
        # PyTorch allows no dots in the names of parts, as in "mobilenet_0.25_224".
        name = name or f"{recipe.name}_{network.name}".replace(".", "_")
        network = convert(network, recipe.conversions, num_classes=len(counts), seed=seed)
        if draws_weights and initialize:
            reinitialize(_encoder(network), seed)
        model = LongTailedClassifier(
            network,
            recipe,
            counts,
            image_shape=image_shape,
            class_names=class_names,
            image_fit=image_fit or "crop",
            mean=mean,
            std=std,
            seed=seed,
            name=name,
        )
    if initialize:
        for number, head in enumerate(model.heads):
            reinitialize(head, seed + 1 + number)
    model.starts_random = random
    if compile:
        model.finish_training()
    return model


def _config(named) -> dict[str, Any]:
    config: dict[str, Any] = {"name": named} if isinstance(named, str) else dict(named)
    if "name" not in config or "input_shape" in config:
        refuse("backbone", "a dict with the key 'name' and without 'input_shape'", named)
    return config


def _network(config, image_shape, seed, initialize):
    """Return the named backbone, and whether its initial weights shall be drawn from `seed` here."""
    config = dict(config)
    name = config.pop("name")
    backbones.check(name)
    by_library = backbones.is_library_name(name)
    if by_library:
        config = {"seed": seed, **config}  # These draw their weights from their own seed.
    if not initialize and (by_library or "weights" in config):
        config["weights"] = None
    # Pretrained weights stay unchanged.
    draws_weights = not by_library and config.get("weights") is None
    return backbones.get(name, input_shape=image_shape, **config), draws_weights


def _encoder(network):
    """Return the network inside of a conversion that calls it several times, so that it starts as it would alone."""
    inner = [layer.encoder for layer in network.layers if isinstance(layer, ShiftedCropEncoder)]
    return inner[0] if inner else network


def _statistics(mean, std, backbone, dataset, input_shape):
    """Return mean and deviation of the pixels: as given, else the backbone's, the dataset's, ImageNet's or defaults."""
    if mean is None and std is None:
        known = backbones.pixel_statistics(backbone)
        if known is None and dataset is not None:
            known = channel_statistics(dataset)
        if known is None and input_shape[-1] == 3:
            known = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        if known is not None:
            mean, std = known
    return 0.5 if mean is None else mean, 0.25 if std is None else std
