"""The large ResNets and ResNeXts: 10 to 152 layers, for photographs or, with a small stem, for small images."""

import functools
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from ltzoo.backbones.registry import register
from ltzoo.checks import Seed, Width, one_of
from ltzoo.layers.batch_normalization import BatchNormalization

STEMS = ("imagenet", "small")
# Arguments of `keras.initializers.VarianceScaling`.
INITIALIZATIONS = {
    "fan_in": (2.0, "fan_in", "untruncated_normal"),
    "fan_out": (2.0, "fan_out", "untruncated_normal"),
    "uniform": (1 / 3, "fan_in", "uniform"),
}


def residual_network(
    blocks: Sequence[int],
    *,
    bottleneck: bool = True,
    groups: int = 1,
    group_width: int = 64,
    stem: str = "imagenet",
    input_shape: Sequence[int | None] = (224, 224, 3),
    width_multiplier: float = 1,
    initialization: str = "fan_in",
    seed: int | None = None,
    name: str = "residual_network",
) -> keras.Model:
    """Build a ResNet or ResNeXt with four stages of 64, 128, 256 and 512 channels (times 4 in bottlenecks).

    Deep Residual Learning for Image Recognition (He et al., 2016), Table 1, and Aggregated Residual Transformations
    for Deep Neural Networks (Xie et al., 2017); the trunks that GCL, MiSLAS, NBN and decoupling use on ImageNet-LT,
    Places-LT and iNaturalist. If the size or the number of channels changes, the shortcut is a 1x1 convolution with
    batch normalization (option B). Bottlenecks have the stride in the 3x3 convolution, as in all their published code
    (the article has it in the first 1x1). Every convolution pads symmetrically. Batch normalization
    has epsilon 1e-5 and momentum 0.9.

    Args:
        blocks: number of blocks in each of the four stages.
        bottleneck: use blocks of 1x1, 3x3 and 1x1 convolutions, the last with four times the channels; False: two
            3x3 convolutions.
        groups: groups of the 3x3 convolution in bottlenecks: 32 in ResNeXt-50 (32x4d), 1 in ResNet.
        group_width: channels per group in the first stage: 4 in 32x4d. The 3x3 convolution has
            groups * group_width * (stage channels) / 64 channels.
        stem: "imagenet": 7x7 convolution with stride 2, then 3x3 max-pooling with stride 2; the final map is 1/32
            of the image. "small", for images of 32 to 96 pixels: one 3x3 convolution (1/8).
        input_shape: (height, width, channels) of the normalized images; height and width may be None.
        width_multiplier: factor on the number of channels.
        initialization: initial weights of a convolution with K x K kernels, D outputs and M inputs in each group.
            "fan_in": N(0, 2 / (K K M)) (He et al., 2015). "fan_out": N(0, 2 / (K K D)), as in the code of Kang et al.,
            MiSLAS, GCL, RIDE, BCL, PaCo and NBN's ResNet-50. "uniform": U(-1, 1) / sqrt(K K M), the default of PyTorch,
            as in NBN's ResNeXt. The cards of the zoo have that of each paper.
        seed: seed of the convolution weights; None draws one.
        name: name of the model.

    Returns:
        A functional `keras.Model` from images `[batch, height, width, channels]` to a feature map
        `[batch, h, w, D]` with D = 2048 for bottlenecks, else 512. Layers are named after their place:
        "conv1", "bn1", "relu1", "pool1", "stage1_block0_conv1", "stage1_block0_bn1", ...,
        "stage1_block0_shortcut_conv", ..., "stage4_block2_relu3".

    Raises:
        ValueError: `blocks` are not four numbers above 0, `stem` or `initialization` is unknown, `input_shape` does not
            have three entries, `groups` is used without bottlenecks, or `width_multiplier` leaves no channel.
    """
    blocks = tuple(int(number) for number in blocks)
    if len(blocks) != 4 or min(blocks) < 1:
        raise ValueError(f"`blocks` must be four numbers, each 1 or more. Received: blocks={blocks}")
    one_of("stem", stem, STEMS)
    one_of("initialization", initialization, tuple(INITIALIZATIONS))
    if len(input_shape) != 3 or input_shape[-1] is None:
        raise ValueError(
            f"`input_shape` must be (height, width, channels). Received: input_shape={tuple(input_shape)}"
        )
    if groups != 1 and not bottleneck:
        raise ValueError(
            f"`groups` must be 1 without bottlenecks. Received: groups={groups}, bottleneck=False"
        )
    base = int(round(64 * width_multiplier))
    if base < 1:
        raise ValueError(
            f"`width_multiplier` must leave 1 channel or more. Received: width_multiplier={width_multiplier}"
        )
    seeds = iter(np.random.SeedSequence(seed).generate_state(1 + 4 * sum(blocks)).tolist())
    images = keras.Input(input_shape, name="images")
    convolution = functools.partial(_convolution, initialization=initialization)
    x = _stem(images, base, stem, seeds, convolution)
    for stage, number in enumerate(blocks, start=1):
        filters = base * 2 ** (stage - 1)
        inner = max(1, int(filters * group_width / 64)) * groups
        for block in range(number):
            stride = 2 if stage > 1 and block == 0 else 1
            place = f"stage{stage}_block{block}"
            if bottleneck:
                plan = [(inner, 1, 1, 1), (inner, 3, stride, groups), (4 * filters, 1, 1, 1)]
            else:
                plan = [(filters, 3, stride, 1), (filters, 3, 1, 1)]
            x = _block(x, plan, stride, seeds, place, convolution)
    return keras.Model(images, x, name=name)


def _stem(x, filters, stem, seeds, convolution):
    size, stride = (7, 2) if stem == "imagenet" else (3, 1)
    x = convolution(x, filters, size, stride, 1, next(seeds), "conv1")
    x = BatchNormalization(name="bn1")(x)
    x = layers.ReLU(name="relu1")(x)
    if stem == "small":
        return x
    # The pooled values are never negative, so a border of zeros never wins.
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, 2, name="pool1")(x)


def _block(inputs, plan, stride, seeds, name, convolution):
    x = inputs
    for number, (filters, size, step, groups) in enumerate(plan, start=1):
        if number > 1:
            x = layers.ReLU(name=f"{name}_relu{number - 1}")(x)
        x = convolution(x, filters, size, step, groups, next(seeds), f"{name}_conv{number}")
        x = BatchNormalization(name=f"{name}_bn{number}")(x)
    filters = plan[-1][0]
    if stride > 1 or inputs.shape[-1] != filters:
        inputs = convolution(inputs, filters, 1, stride, 1, next(seeds), f"{name}_shortcut_conv")
        inputs = BatchNormalization(name=f"{name}_shortcut_bn")(inputs)
    x = layers.Add(name=f"{name}_add")([x, inputs])
    return layers.ReLU(name=f"{name}_relu{len(plan)}")(x)


def _convolution(x, filters, size, stride, groups, seed, name, initialization):
    # "same" is symmetric at stride 1; at stride 2 it would pad even sizes on one side only.
    if stride > 1 and size > 1:
        x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        groups=groups,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(*INITIALIZATIONS[initialization], seed=seed),
        name=name,
    )(x)


def _register(name, blocks, summary, **arguments):
    def build(
        input_shape: Sequence[int | None] = (224, 224, 3),
        stem: str = "imagenet",
        width_multiplier: Width = 1,
        initialization: str = "fan_in",
        seed: Seed | None = None,
    ) -> keras.Model:
        return residual_network(
            blocks,
            stem=stem,
            input_shape=input_shape,
            width_multiplier=width_multiplier,
            initialization=initialization,
            seed=seed,
            name=name,
            **arguments,
        )

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"{summary}; see `residual_network`."
    return register(build)


resnet10 = _register("resnet10", (1, 1, 1, 1), "ResNet-10, 4.9 million parameters", bottleneck=False)
resnet18 = _register("resnet18", (2, 2, 2, 2), "ResNet-18, 11.2 million parameters", bottleneck=False)
resnet34 = _register("resnet34", (3, 4, 6, 3), "ResNet-34, 21.3 million parameters", bottleneck=False)
resnet50 = _register("resnet50", (3, 4, 6, 3), "ResNet-50, 23.5 million parameters")
resnet101 = _register("resnet101", (3, 4, 23, 3), "ResNet-101, 42.5 million parameters")
resnet152 = _register("resnet152", (3, 8, 36, 3), "ResNet-152, 58.1 million parameters")
_RESNEXT = {"groups": 32, "group_width": 4}
resnext50 = _register("resnext50", (3, 4, 6, 3), "ResNeXt-50 (32x4d), 23.0 million parameters", **_RESNEXT)
resnext101 = _register(
    "resnext101", (3, 4, 23, 3), "ResNeXt-101 (32x4d), 42.1 million parameters", **_RESNEXT
)
resnext152 = _register(
    "resnext152", (3, 8, 36, 3), "ResNeXt-152 (32x4d), 57.9 million parameters", **_RESNEXT
)
