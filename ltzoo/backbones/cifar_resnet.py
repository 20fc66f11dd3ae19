"""The small ResNets for 32x32 images: 8, 20, 32, 44 and 56 layers."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from ltzoo.backbones.registry import register
from ltzoo.checks import Seed, Width
from ltzoo.layers.batch_normalization import BatchNormalization
from ltzoo.layers.padded_shortcut import PaddedShortcut

FILTERS = (16, 32, 64)


def cifar_resnet(
    blocks: int,
    input_shape: Sequence[int | None] = (32, 32, 3),
    width_multiplier: float = 1,
    seed: int | None = None,
    name: str = "cifar_resnet",
) -> keras.Model:
    """Build a CIFAR ResNet with 6 * blocks + 2 layers: three stages of basic blocks with 16, 32 and 64 channels.

    Deep Residual Learning for Image Recognition (He et al., 2016), section 4.2, with parameter-free
    shortcuts (option A); the trunk of GCL, LDAM-DRW, MiSLAS, BBN and Balanced Softmax. Stages 2 and 3 start
    with stride 2. Every 3x3 convolution has one pixel of padding on each side. ReLU follows every block,
    including the last. Convolution weights start from N(0, 2 / fan_in) (He et al., 2015).

    Args:
        blocks: basic blocks per stage.
        input_shape: (height, width, channels) of the normalized images; height and width may be None.
        width_multiplier: factor on the number of channels.
        seed: seed of the convolution weights; None draws one.
        name: name of the model.

    Returns:
        A functional `keras.Model` from images `[batch, height, width, channels]` to a feature map
        `[batch, ceil(height / 4), ceil(width / 4), 64 * width_multiplier]`. Layers are named after their place:
        "conv1", "bn1", "stage1_block0_conv1", "stage1_block0_bn1", ..., "stage3_block4_relu2".

    Raises:
        ValueError: `blocks` is below 1, `input_shape` does not have three entries, or `width_multiplier` leaves no
            channel.
    """
    filters = [int(round(width * width_multiplier)) for width in FILTERS]
    if blocks < 1:
        raise ValueError(f"`blocks` must be 1 or more. Received: blocks={blocks}")
    if len(input_shape) != 3 or input_shape[-1] is None:
        raise ValueError(
            f"`input_shape` must be (height, width, channels). Received: input_shape={tuple(input_shape)}"
        )
    if filters[0] < 1:
        raise ValueError(
            f"`width_multiplier` must leave 1 channel or more. Received: width_multiplier={width_multiplier}"
        )
    # One seed per convolution, drawn from the given one, so that no two layers start alike.
    seeds = iter(np.random.SeedSequence(seed).generate_state(6 * blocks + 1).tolist())
    images = keras.Input(input_shape, name="images")
    x = _convolution(images, filters[0], 1, seeds, "conv1")
    x = BatchNormalization(name="bn1")(x)
    x = layers.ReLU(name="relu1")(x)
    for stage, width in enumerate(filters, start=1):
        for block in range(blocks):
            stride = 2 if stage > 1 and block == 0 else 1
            x = _basic_block(x, width, stride, seeds, f"stage{stage}_block{block}")
    return keras.Model(images, x, name=name)


def _basic_block(inputs, filters, stride, seeds, name):
    x = _convolution(inputs, filters, stride, seeds, f"{name}_conv1")
    x = BatchNormalization(name=f"{name}_bn1")(x)
    x = layers.ReLU(name=f"{name}_relu1")(x)
    x = _convolution(x, filters, 1, seeds, f"{name}_conv2")
    x = BatchNormalization(name=f"{name}_bn2")(x)
    if stride > 1 or inputs.shape[-1] != filters:
        inputs = PaddedShortcut(filters, stride, name=f"{name}_shortcut")(inputs)
    x = layers.Add(name=f"{name}_add")([x, inputs])
    return layers.ReLU(name=f"{name}_relu2")(x)


def _convolution(inputs, filters, stride, seeds, name):
    # "same" is symmetric at stride 1; at stride 2 it would pad even sizes on one side only.
    if stride > 1:
        inputs = layers.ZeroPadding2D(1, name=f"{name}_pad")(inputs)
    return layers.Conv2D(
        filters,
        3,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            2.0, "fan_in", "untruncated_normal", seed=next(seeds)
        ),
        name=name,
    )(inputs)


@register(image_size=32)
def resnet8(
    input_shape: Sequence[int | None] = (32, 32, 3), width_multiplier: Width = 1, seed: Seed | None = None
) -> keras.Model:
    """CIFAR ResNet with 8 layers, 75 thousand parameters; see `cifar_resnet`."""
    return cifar_resnet(1, input_shape, width_multiplier, seed, name="resnet8")


@register(image_size=32)
def resnet20(
    input_shape: Sequence[int | None] = (32, 32, 3), width_multiplier: Width = 1, seed: Seed | None = None
) -> keras.Model:
    """CIFAR ResNet with 20 layers, 0.27 million parameters; see `cifar_resnet`."""
    return cifar_resnet(3, input_shape, width_multiplier, seed, name="resnet20")


@register(image_size=32)
def resnet32(
    input_shape: Sequence[int | None] = (32, 32, 3), width_multiplier: Width = 1, seed: Seed | None = None
) -> keras.Model:
    """CIFAR ResNet with 32 layers, 0.46 million parameters; see `cifar_resnet`."""
    return cifar_resnet(5, input_shape, width_multiplier, seed, name="resnet32")


@register(image_size=32)
def resnet44(
    input_shape: Sequence[int | None] = (32, 32, 3), width_multiplier: Width = 1, seed: Seed | None = None
) -> keras.Model:
    """CIFAR ResNet with 44 layers, 0.66 million parameters; see `cifar_resnet`."""
    return cifar_resnet(7, input_shape, width_multiplier, seed, name="resnet44")


@register(image_size=32)
def resnet56(
    input_shape: Sequence[int | None] = (32, 32, 3), width_multiplier: Width = 1, seed: Seed | None = None
) -> keras.Model:
    """CIFAR ResNet with 56 layers, 0.85 million parameters; see `cifar_resnet`."""
    return cifar_resnet(9, input_shape, width_multiplier, seed, name="resnet56")
