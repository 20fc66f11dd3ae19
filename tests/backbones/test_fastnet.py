import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import backbones
from ltzoo.backbones.fastnet import IdentityOfChannels


def test_layers_and_shapes():
    model = backbones.get("fastnet", input_shape=(None, None, 1), widths=(4, 6), seed=0)
    assert model.output_shape == (None, None, None, 6)
    assert [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [
        8,
        4,
        4,
        6,
        6,
    ]
    features = model.predict(np.random.default_rng(0).standard_normal((2, 9, 12, 1)), verbose=0)
    assert features.shape == (2, 2, 2, 6) and (features >= 0).all() and (features > 0).any()


def test_small_maps_are_not_pooled():
    assert backbones.get("fastnet", input_shape=(8, 8, 1)).output_shape == (None, 3, 3, 256)
    assert backbones.get("fastnet", input_shape=(32, 32, 1)).output_shape == (None, 3, 3, 256)


def test_default_size():
    model = backbones.get("fastnet")
    sizes = [(24, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256)]
    expected = 12 * 24 + 24 + sum(9 * inputs * outputs + 2 * outputs for inputs, outputs in sizes)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == expected


def test_convolutions_start_as_the_identity_of_channels():
    kernel = ops.convert_to_numpy(IdentityOfChannels(seed=1)((3, 3, 2, 5)))
    images = np.random.default_rng(0).standard_normal((1, 4, 4, 2)).astype("float32")
    outputs = ops.convert_to_numpy(ops.conv(images, ops.convert_to_tensor(kernel), padding="same"))
    np.testing.assert_allclose(outputs[..., :2], images, atol=1e-6)
    rest = kernel[..., 2:]
    assert np.abs(rest).max() <= 1 / np.sqrt(18) and 0.15 < rest.std() * np.sqrt(18) / np.sqrt(1 / 3) < 1.3


def test_weights_follow_the_seed():
    first, again, other = (
        ops.convert_to_numpy(
            backbones.get("fastnet", widths=(30,), seed=seed).get_layer("stage1_conv1").kernel
        )
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"widths": ()}, r"widths=\(\)"),
        ({"widths": (4, 0)}, "widths="),
        ({"input_shape": (8, 8)}, "input_shape="),
        ({"input_shape": (1, 40, 3)}, r"height and width of 2 or more.*input_shape=\(1, 40, 3\)"),
    ],
)
def test_bad_arguments(bad, message):
    with pytest.raises(ValueError, match=message):
        backbones.get("fastnet", **bad)
