"""Making a new classifier from names."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo import backbones, recipes
from ltzoo.backbones.conversions import convert
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.models.classifier import LongTailedClassifier
from ltzoo.models.initialization import reinitialize, without_initial_values
from ltzoo.models.normalization import channel_statistics
from ltzoo.recipes.recipe import Recipe


def build(
    backbone: str | Mapping[str, Any] | keras.Model,
    recipe: str | Recipe,
    class_counts: Sequence[int] | np.ndarray | LongTailedDataset,
    *,
    input_shape: Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
    mean: float | Sequence[float] | np.ndarray | None = None,
    std: float | Sequence[float] | np.ndarray | None = None,
    seed: int = 0,
    name: str | None = None,
    compile: bool = True,
    initialize: bool = True,
) -> LongTailedClassifier:
    """A new `LongTailedClassifier`, ready for `fit(dataset)`.

    Args:
        backbone: a name for `ltzoo.backbones.get`, a dict `{"name": ..., arguments}`, or a `keras.Model` from
            normalised images to a feature map (its weights are kept as far as the recipe's conversions keep them, and
            so are pretrained weights that a name of another library brings along).
        recipe: a name of `ltzoo.recipes.names()` or a `Recipe`.
        class_counts: training images per class; or a `LongTailedDataset`, which also gives the image shape, the
            class names and the pixel statistics.
        input_shape: (height, width, channels); default (32, 32, 3).
        class_names: a name for each class.
        mean, std: of the pixels on the 0..1 scale, per channel or one number. Default: those that the backbone was
            trained with (`ltzoo.backbones.pixel_statistics`), the dataset's, ImageNet's for three channels, or 0.5 and
            0.25.
        seed: the initial weights of the backbone and head and the noise in training are functions of it.
        name: the model's name.
        compile: compile it for `fit(x, y)` and `evaluate`; `fit(dataset)` compiles for each stage anyway.
        initialize: give it initial weights. False is quicker, for a model whose weights are loaded next.

    Raises:
        ValueError: unknown names, or counts and names that do not fit.
    """
    dataset = class_counts if isinstance(class_counts, LongTailedDataset) else None
    if dataset is not None:
        class_counts = dataset.class_counts
        input_shape = dataset.image_shape if input_shape is None else input_shape
        class_names = dataset.class_names if class_names is None else class_names
    input_shape = (32, 32, 3) if input_shape is None else tuple(input_shape)
    if not isinstance(recipe, Recipe):
        recipe = recipes.get(recipe)
    made_here = not isinstance(backbone, keras.Model)
    with contextlib.nullcontext() if initialize else without_initial_values():
        if made_here:
            config = {"name": backbone} if isinstance(backbone, str) else dict(backbone)
            backbone_name = config.pop("name")
            if backbones.is_library_name(backbone_name):
                # These take a seed, and pretrained ones must stay as they are.
                made_here, config = (
                    False,
                    {"seed": seed, **config, **({} if initialize else {"weights": None})},
                )
            backbone = backbones.get(backbone_name, input_shape=input_shape, **config)
        mean, std = _statistics(mean, std, backbone, dataset, input_shape)
        # PyTorch allows no dots in the names of parts, as in "mobilenet_0.25_224".
        name = name or f"{recipe.name}_{backbone.name}".replace(".", "_")
        backbone = convert(backbone, recipe.conversions, num_classes=len(class_counts), seed=seed)
        if made_here and initialize:
            reinitialize(backbone, seed)
        model = LongTailedClassifier(
            backbone,
            recipe,
            class_counts,
            image_shape=input_shape,
            class_names=class_names,
            mean=mean,
            std=std,
            seed=seed,
            name=name,
        )
    if initialize:
        for number, head in enumerate(model.heads):
            reinitialize(head, seed + 1 + number)
    if compile:
        model.finish_training()
    return model


def _statistics(mean, std, backbone, dataset, input_shape):
    """Mean and deviation of the pixels: what is given, what the backbone was trained with, the dataset's, or usual."""
    if mean is None and std is None:
        known = backbones.pixel_statistics(backbone)
        if known is None and dataset is not None:
            known = channel_statistics(dataset)
        if known is None and input_shape[-1] == 3:
            known = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        if known is not None:
            mean, std = known
    return 0.5 if mean is None else mean, 0.25 if std is None else std
