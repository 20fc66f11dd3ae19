import pathlib
import zlib

import keras
import numpy as np
import pytest

from ltzoo import backbones
from ltzoo.backbones.residual_blocks import last_stage

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"


def drawn(name, shape):
    """The reference's parameter of that published name: a function of the name and the shape."""
    values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if len(shape) == 4:
        values = values * np.sqrt(2 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        values = 1 + 0.2 * np.abs(values)
    elif name.endswith("weight"):
        values = 0.7 + 0.1 * values
    else:
        values = 0.1 * values
    return values.astype("float32")


def published(name):
    """stage1_block0_shortcut_bn -> layer1.0.downsample.1"""
    if not name.startswith("stage"):
        return name
    stage, block, *part = name.split("_")
    part = {"shortcut_conv": "downsample.0", "shortcut_bn": "downsample.1"}.get("_".join(part), part[0])
    return f"layer{stage[5:]}.{block[5:]}.{part}"


def fill(model):
    for layer in model.layers:
        key = published(layer.name)
        if isinstance(layer, keras.layers.Conv2D):
            height, width, inputs, outputs = layer.kernel.shape
            kernel = drawn(f"{key}.weight", (outputs, inputs, height, width))
            layer.kernel.assign(kernel.transpose(2, 3, 1, 0))
        elif layer.weights:
            names = ("weight", "bias", "running_mean", "running_var")
            variables = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
            for variable, name in zip(variables, names, strict=True):
                variable.assign(drawn(f"{key}.{name}", tuple(variable.shape)))


@pytest.mark.parametrize(
    "case, name, parameters",
    [
        ("large_forward_decoupling_resnet10", "resnet10", 4_905_792),
        ("large_forward_decoupling_resnext50", "resnext50", 22_979_904),
    ],
)
def test_features_of_the_published_networks(case, name, parameters):
    expected = np.load(REFERENCE / f"{case}.npz")
    model = backbones.get(name)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == parameters
    fill(model)
    images = np.random.RandomState(int(expected["input_seed"])).standard_normal(expected["input_shape"])
    maps = model.predict_on_batch(images.astype("float32").transpose(0, 2, 3, 1))
    assert maps.shape[1:3] == (7, 7)
    error = np.abs(maps.mean((1, 2)) - expected["feature"]).max()
    assert error <= 1e-5 * np.abs(expected["feature"]).max()


@pytest.mark.parametrize(
    "name, stem, size",
    [
        ("resnet18", "imagenet", 2),
        ("resnet34", "small", 8),
        ("resnet50", "small", 8),
        ("resnet101", "imagenet", 2),
        ("resnext152", "imagenet", 2),
    ],
)
def test_depth_and_map(name, stem, size):
    model = backbones.get(name, input_shape=(64, 64, 3), stem=stem, width_multiplier=1 / 32)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    depth = 1 + sum("shortcut" not in layer.name for layer in convolutions)
    assert depth == int(name.removeprefix("resnet").removeprefix("resnext"))
    assert model.output_shape == (None, size, size, 64 if depth >= 50 and name != "resnet34" else 16)
    assert all(
        layer.groups == 32 for layer in convolutions if "resnext" in name and layer.name.endswith("conv2")
    )
    assert len(last_stage(model)) == {10: 1, 18: 2, 34: 3}.get(depth, 3)


def test_open_size_and_seed():
    first, again, other = (
        backbones.get("resnet10", input_shape=(None, None, 1), width_multiplier=1 / 16, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first.predict_on_batch(np.zeros((1, 33, 47, 1), "float32")).shape == (1, 2, 2, 32)
    kernels = [m.get_layer("stage4_block0_conv2").kernel.numpy() for m in (first, again, other)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.abs(kernels[0] - kernels[2]).max() > 0.01


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"blocks": (1, 1, 1)}, "four numbers"),
        ({"blocks": (1, 1, 1, 1), "stem": "big"}, "stem must be one of"),
        ({"blocks": (1, 1, 1, 1), "bottleneck": False, "groups": 2}, "groups above 1"),
        ({"blocks": (1, 1, 1, 1), "input_shape": (8, 8)}, "height, width, channels"),
        ({"blocks": (1, 1, 1, 1), "width_multiplier": 0}, "width_multiplier"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        backbones.residual_network(**arguments)
