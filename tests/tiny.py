"""A long-tailed problem and recipes small enough for every backend: 8x8 images of three kinds of stripes."""

import keras
import numpy as np

import ltzoo
from ltzoo import data, recipes
from ltzoo.backbones.registry import register
from ltzoo.layers import BatchNormalization

CLASS_COUNTS = (24, 12, 4)


@register
def tiny_cnn(input_shape, width=4):
    """Two convolutions with batch norm: quick to trace, with everything that the stages treat differently."""
    inputs = features = keras.Input(input_shape)
    for index in range(2):
        name = f"block{index}"
        features = keras.layers.Conv2D(width, 3, strides=2, use_bias=False, name=f"{name}_conv")(features)
        features = BatchNormalization(name=f"{name}_norm")(features)
        features = keras.layers.ReLU(name=f"{name}_relu")(features)
    return keras.Model(inputs, features, name="tiny_cnn")


def dataset(counts=CLASS_COUNTS, seed=0, val=True):
    """Noisy stripes: vertical, horizontal, diagonal."""
    generator = np.random.default_rng(seed)
    row, column = np.mgrid[:8, :8]
    patterns = np.stack([column % 4 < 2, row % 4 < 2, (row + column) % 4 < 2])

    def split(counts):
        labels = np.repeat(np.arange(len(counts)), counts)
        images = 120.0 * patterns[labels % 3][..., None] + generator.normal(60, 30, (len(labels), 8, 8, 1))
        return np.clip(images, 0, 255).astype("uint8"), labels

    (x, y), (x_test, y_test) = split(counts), split([6] * len(counts))
    more = {"x_val": x_test[::2], "y_val": y_test[::2]} if val else {}
    names = ["vertical", "horizontal", "diagonal", "fourth"][: len(counts)]
    return data.from_arrays(x, y, x_test=x_test, y_test=y_test, class_names=names, name="stripes", **more)


def recipe(name="gcl", epochs=None, **overrides):
    """A recipe of one or two short stages with crops but no flips."""
    short = (2, 2) if len(recipes.get(name).stages) == 2 else (2,)
    settings = {
        "batch_size": 8,
        "augmentation": [{"name": "pad_crop_flip", "padding": 1, "flip": False}],
        "mixup_alpha": 0.0,
    }
    return recipes.get(name, epochs=epochs or short, **{**settings, **overrides})


def model(which="gcl", seed=0, counts=CLASS_COUNTS, **overrides):
    """A small classifier for `dataset()`."""
    which = recipe(which, **overrides) if isinstance(which, str) else which
    return ltzoo.models.build("tiny_cnn", which, dataset(counts), seed=seed)


def weights(classifier):
    """All weights as one list of arrays."""
    return [keras.ops.convert_to_numpy(variable.value) for variable in classifier.weights]
