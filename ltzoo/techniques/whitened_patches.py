"""Initialization of the first convolution with filters that whiten image patches."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ltzoo.checks import NonNegative, PositiveInt
from ltzoo.data.streams import sample_of
from ltzoo.keras_internals import layers_of
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("whitened_patches")
@keras.saving.register_keras_serializable(package="ltzoo")
class WhitenedPatches(Technique):
    """Set the first convolution to the whitening filters of the training patches when the stage begins.

        C = mean of x x^T over patches x of the normalized training images = V diag(l) V^T
        filters: v_i / sqrt(l_i + epsilon), largest l first, and their negatives

    The v_i are the columns of V (Page, "How to Train Your ResNet", 2019, step 8). With the negatives, ReLU keeps both
    signs (Jordan, "94% on CIFAR-10 in 3.29 Seconds", 2024). A layer with fewer filters gets the first ones; the
    remaining filters of a larger layer are zero. Afterwards the layer learns like any other. A stage whose
    `trainable` omits the layer keeps the filters.

    Directions with l_i <= tolerance * max(l) are left out: their filters are zero. Patches of gray images saved as RGB
    vary in 4 of 12 directions, and few images in as many as they have patches. A filter of another direction would
    multiply rounding errors by 1 / sqrt(epsilon). Pixels rounded to bfloat16 add about 1e-7 max(l) to each l_i. So
    that error stays below a tenth of every filter's output. Color photographs have no such direction: the smallest l_i
    of CIFAR-10 is 6e-5 max(l). Statistics and filters are computed in float32 or float64 in any precision of training.

    Args:
        layer: name of a Conv2D of the backbone.
        epsilon: constant added to the variances.
        images: largest number of training images to use, drawn without replacement and regardless of class.
        tolerance: variance that a direction must exceed, as a fraction of the largest.

    Raises:
        ValueError: if the backbone has no convolution with that name, or `tolerance` is not in 0..1.
    """

    def __init__(
        self,
        layer: str = "whiten",
        epsilon: NonNegative = 5e-4,
        images: PositiveInt = 5000,
        tolerance: NonNegative = 1e-5,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.layer = str(layer)
        self.epsilon = float(epsilon)
        self.images = int(images)
        self.tolerance = float(tolerance)
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"`tolerance` must be from 0 to below 1. Received: tolerance={tolerance!r}")

    def attach(self, classifier: Classifier) -> None:
        """Check that the backbone has the layer."""
        self._convolution(classifier)

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Compute the filters from training images and assign them."""
        layer = self._convolution(classifier)
        split = sample_of(context.dataset.train, self.images)
        chosen = np.random.default_rng(context.seed).permutation(len(split.labels))[: self.images]
        images = split.load(np.sort(chosen))
        kernel = layer.kernel
        height, width, channels, outputs = kernel.shape
        second = np.zeros((height * width * channels,) * 2)
        count = 0
        for start in range(0, len(images), 256):
            patches = patches_of(_normalized(images[start : start + 256], classifier), height, width)
            second += patches.T @ patches
            count += len(patches)
        filters = whitening_filters(second / count, self.epsilon, self.tolerance)[: outputs // 2]
        weights = np.zeros((outputs, filters.shape[1]))
        weights[: len(filters)] = filters
        weights[outputs // 2 : outputs // 2 + len(filters)] = -filters
        kernel.assign(np.moveaxis(weights.reshape(outputs, height, width, channels), 0, -1))
        if layer.use_bias:
            layer.bias.assign(np.zeros(layer.bias.shape))

    def _convolution(self, classifier):
        for layer in layers_of(classifier.backbone):
            if layer.name == self.layer and isinstance(layer, keras.layers.Conv2D):
                return layer
        raise ValueError(
            "`layer` must name a Conv2D of the backbone, such as the first one of 'fastnet'. "
            f"Received: layer={self.layer!r}, backbone={classifier.backbone.name!r}"
        )

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "layer": self.layer,
            "epsilon": self.epsilon,
            "images": self.images,
            "tolerance": self.tolerance,
        }


def patches_of(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return all patches of images [N, H, W, C] as rows [N (H - height + 1) (W - width + 1), height * width * C]."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (height, width), axis=(1, 2))
    return np.moveaxis(windows, 3, -1).reshape(-1, height * width * images.shape[-1]).astype("float64")


def whitening_filters(second_moments: np.ndarray, epsilon: float, tolerance: float = 0.0) -> np.ndarray:
    """Return rows v_i / sqrt(l_i + epsilon) for the eigenpairs (l_i, v_i) of a [d, d] matrix, largest l_i first.

    Only pairs with l_i > tolerance * max(l) count, so there are at most d rows; a matrix of zeros has none.
    """
    values, vectors = np.linalg.eigh(second_moments)
    kept = values > max(tolerance * values[-1], 0.0)
    return (vectors[:, kept] / np.sqrt(values[kept] + epsilon)).T[::-1]


def _normalized(images, classifier):
    """Return the input of the backbone in float32, which half precision would round."""
    mean, std = np.float32(classifier.mean), np.float32(classifier.std)
    return (images.astype("float32") / np.float32(255) - mean) / std
