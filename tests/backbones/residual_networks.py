"""Small residual networks of every kind, for the tests of what is found in their graphs."""

import keras
from keras import layers


def norm(name, x):
    return layers.BatchNormalization(name=name)(x)


def convolution(x, filters, size=3, stride=1, groups=1):
    return layers.Conv2D(filters, size, stride, padding="same", groups=groups, use_bias=False)(x)


def resnext(stages=((8, 1, 1), (16, 2, 2)), cardinality=4, plus=False):
    """Bottleneck blocks with grouped convolutions and projection shortcuts, (channels, stride, blocks) a stage."""
    inputs = keras.Input((8, 8, 3))
    x = layers.ReLU()(norm("stem", convolution(inputs, 4)))
    for stage, (filters, stride, blocks) in enumerate(stages, start=1):
        for block in range(blocks):
            name = f"s{stage}b{block}"
            step = stride if block == 0 else 1
            y = layers.ReLU()(norm(f"{name}_first", convolution(x, filters, 1)))
            y = layers.ReLU()(norm(f"{name}_grouped", convolution(y, filters, 3, step, cardinality)))
            y = norm(f"{name}_last", convolution(y, filters, 1))
            # Drop-path and the like lie between the last norm and the addition.
            y = layers.SpatialDropout2D(0.1)(y)
            if block == 0:
                x = norm(f"{name}_shortcut", convolution(x, filters, 1, step))
            x = layers.ReLU()(y + x if plus else layers.Add(name=f"{name}_add")([y, x]))
    return keras.Model(inputs, x, name="resnext")


def preactivation():
    """Pre-activation blocks: no norm between the last convolution and the addition."""
    inputs = keras.Input((8, 8, 3))
    x = convolution(inputs, 4)
    for block in range(2):
        y = layers.ReLU()(norm(f"b{block}_first", x))
        y = layers.ReLU()(norm(f"b{block}_second", convolution(y, 4)))
        x = layers.Add()([convolution(y, 4), x])
    return keras.Model(inputs, layers.ReLU()(norm("post", x)), name="preactivation")


def experts(count=2):
    """A common stage, and a last stage for each expert."""
    inputs = keras.Input((8, 8, 3))
    common = layers.ReLU()(norm("stem", convolution(inputs, 4)))
    outputs = []
    for number in range(1, count + 1):
        x = common
        for block in range(2):
            name = f"expert{number}_stage3_block{block}"
            y = layers.ReLU()(norm(f"{name}_bn1", convolution(x, 6, 3, 2 - block)))
            y = norm(f"{name}_bn2", convolution(y, 6))
            x = layers.Conv2D(6, 1, 2, name=f"{name}_shortcut")(x) if block == 0 else x
            x = layers.ReLU()(layers.Add(name=f"{name}_add")([y, x]))
        outputs.append(x)
    return keras.Model(inputs, layers.Concatenate()(outputs), name="experts")
