import keras
import numpy as np
import pytest

from ltzoo import backbones
from ltzoo.backbones.residual_blocks import last_stage
from ltzoo.models.initialization import reinitialize


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
        ({"blocks": (1, 1, 1, 1), "stem": "big"}, "`stem` must be one of"),
        ({"blocks": (1, 1, 1, 1), "bottleneck": False, "groups": 2}, "`groups` must be 1"),
        ({"blocks": (1, 1, 1, 1), "input_shape": (8, 8)}, "height, width, channels"),
        ({"blocks": (1, 1, 1, 1), "width_multiplier": 0}, "width_multiplier"),
        ({"blocks": (1, 1, 1, 1), "initialization": "he"}, "`initialization` must be one of"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        backbones.residual_network(**arguments)


@pytest.mark.parametrize(
    "initialization, variance",
    [("fan_in", 2 / (9 * 16)), ("fan_out", 2 / (9 * 64)), ("uniform", 1 / (3 * 9 * 16))],
)
def test_initial_weights_have_the_variance_of_their_rule(initialization, variance):
    """A 3x3 convolution with 64 outputs in 4 groups of 16 inputs; models of the same seed are drawn again alike."""
    made = backbones.residual_network(
        (1, 1, 1, 1), groups=4, group_width=16, input_shape=(8, 8, 3), stem="small", initialization=initialization,
        seed=0,
    )  # fmt: skip
    reinitialize(made, 3)
    kernel = keras.ops.convert_to_numpy(made.get_layer("stage1_block0_conv2").kernel)
    assert kernel.shape == (3, 3, 16, 64)
    assert abs(kernel.var() / variance - 1) < 0.06
    if initialization == "uniform":
        assert np.abs(kernel).max() <= (9 * 16) ** -0.5
