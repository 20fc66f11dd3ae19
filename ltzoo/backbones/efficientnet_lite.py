"""EfficientNet-Lite 0 to 2: small networks for processors and phones, with weights trained on ImageNet."""

import math
import os
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers

from ltzoo.backbones.pretrained import load_pretrained
from ltzoo.backbones.registry import register
from ltzoo.layers.batch_normalization import BatchNormalization

# (repeats, kernel size, stride, expansion, channels) of each stage; Tan and Le (2019), Table 1.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD = 32, 1280  # channels, whatever the width
PIXELS = (127 / 255, 128 / 255)  # (pixels - 127) / 128


def efficientnet_lite(
    width: float,
    depth: float,
    *,
    input_shape: Sequence[int | None],
    weights: str | os.PathLike | None,
    seed: int | None,
    name: str,
) -> keras.Model:
    """Build an EfficientNet-Lite.

    EfficientNet (Tan and Le, ICML 2019) without squeeze-and-excitation and with ReLU6 instead of swish, so that it
    can be quantized. Stem and head keep their channels at every width, and the first and the last stage their depth.
    Convolutions pad as TensorFlow's "same"; batch normalization has epsilon 1e-3 and momentum 0.99.

    Args:
        width: factor on the channels of the stages, which are then rounded to multiples of 8.
        depth: factor on the repeats of the stages, rounded up.
        input_shape: (height, width, 3) of the normalized images; height and width may be None.
        weights: "imagenet", the path of an `.npz` file that `ltzoo.backbones.save_pretrained` wrote, or None for random
            weights.
        seed: seed of random weights; None draws one.
        name: name of the model, and of its weights.

    Returns:
        A functional `keras.Model` from images `[batch, height, width, 3]` to a feature map `[batch, h, w, 1280]` with
        h = height / 32, rounded up. Layers: "stem_conv", "stem_bn", "stage1_block0_expand_conv", ...,
        "stage1_block0_depthwise_conv", "stage1_block0_project_conv", "head_conv", "head_bn", "head_relu".

    Raises:
        ValueError: `input_shape` is not (height, width, 3) for pretrained weights, or `weights` do not exist.

    Deviation from the published training: no drop-connect and no dropout.
    """
    if len(input_shape) != 3 or input_shape[-1] is None:
        raise ValueError(
            f"`input_shape` must be (height, width, channels). Received: input_shape={tuple(input_shape)}"
        )
    if weights is not None and input_shape[-1] != 3:
        raise ValueError(
            "`input_shape` must have 3 channels for pretrained weights; load gray images as RGB (channels=3). "
            f"Received: input_shape={tuple(input_shape)}"
        )
    counts = [_repeats(stage, depth) for stage in range(len(STAGES))]
    seeds = iter(np.random.SeedSequence(seed).generate_state(2 + 3 * sum(counts)).tolist())
    images = keras.Input(input_shape, name="images")
    x = _convolution(images, STEM, 3, 2, next(seeds), "stem", layers.ReLU(6.0, name="stem_relu"))
    for stage, (_, size, stride, expansion, channels) in enumerate(STAGES):
        for block in range(counts[stage]):
            place = f"stage{stage + 1}_block{block}"
            step = stride if block == 0 else 1
            x = _block(x, _rounded(channels, width), size, step, expansion, seeds, place)
    x = _convolution(x, HEAD, 1, 1, next(seeds), "head", layers.ReLU(6.0, name="head_relu"))
    model = keras.Model(images, x, name=name)
    if weights is not None:
        load_pretrained(model, weights)
    return model


def _repeats(stage, depth):
    repeats = STAGES[stage][0]
    return repeats if stage in (0, len(STAGES) - 1) else math.ceil(depth * repeats)


def _rounded(channels, width):
    """Return the channels times the width, as a multiple of 8 that is not more than a tenth below."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * wanted else rounded + 8


def _block(inputs, channels, size, stride, expansion, seeds, name):
    x = inputs
    if expansion != 1:
        relu = layers.ReLU(6.0, name=f"{name}_expand_relu")
        x = _convolution(x, inputs.shape[-1] * expansion, 1, 1, next(seeds), f"{name}_expand", relu)
    x = layers.DepthwiseConv2D(
        size,
        stride,
        padding="same",
        use_bias=False,
        depthwise_initializer=_initializer(next(seeds)),
        name=f"{name}_depthwise_conv",
    )(x)
    x = _norm(f"{name}_depthwise_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = _convolution(x, channels, 1, 1, next(seeds), f"{name}_project")
    if stride == 1 and inputs.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([x, inputs])
    return x


def _convolution(x, filters, size, stride, seed, name, activation: Callable | None = None):
    x = layers.Conv2D(
        filters,
        size,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer=_initializer(seed),
        name=f"{name}_conv",
    )(x)
    x = _norm(f"{name}_bn")(x)
    return x if activation is None else activation(x)


def _initializer(seed):
    return keras.initializers.VarianceScaling(
        2.0, mode="fan_out", distribution="untruncated_normal", seed=seed
    )


def _norm(name):
    return BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)


@register(image_size=(128, 224, 32), pixel_statistics=PIXELS)
def efficientnet_lite0(
    input_shape: Sequence[int | None] = (224, 224, 3),
    weights: str | os.PathLike | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Build EfficientNet-Lite0 (3.4 million weights); see `efficientnet_lite`. Its ImageNet weights ship with ltzoo."""
    return efficientnet_lite(
        1.0, 1.0, input_shape=input_shape, weights=weights, seed=seed, name="efficientnet_lite0"
    )


@register(image_size=240, pixel_statistics=PIXELS)
def efficientnet_lite1(
    input_shape: Sequence[int | None] = (240, 240, 3),
    weights: str | os.PathLike | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Build EfficientNet-Lite1 (4.1 million weights); see `efficientnet_lite`."""
    return efficientnet_lite(
        1.0, 1.1, input_shape=input_shape, weights=weights, seed=seed, name="efficientnet_lite1"
    )


@register(image_size=260, pixel_statistics=PIXELS)
def efficientnet_lite2(
    input_shape: Sequence[int | None] = (260, 260, 3),
    weights: str | os.PathLike | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Build EfficientNet-Lite2 (4.8 million weights); see `efficientnet_lite`."""
    return efficientnet_lite(
        1.1, 1.2, input_shape=input_shape, weights=weights, seed=seed, name="efficientnet_lite2"
    )
