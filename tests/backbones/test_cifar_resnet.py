import keras
import numpy as np
import pytest

from ltzoo import backbones


@pytest.mark.parametrize(
    "name, parameters",
    [
        ("resnet8", 74_640),
        ("resnet20", 269_072),
        ("resnet32", 463_504),
        ("resnet44", 657_936),
        ("resnet56", 852_368),
    ],
)
def test_depth_and_size(name, parameters):
    model = backbones.get(name)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == int(name[6:]) - 1
    assert model.output_shape == (None, 8, 8, 64)
    trained = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert trained == parameters


def test_width_channels_and_open_size():
    model = backbones.get("resnet8", input_shape=(None, None, 1), width_multiplier=2)
    assert model.output_shape == (None, None, None, 128)
    assert model.predict(np.zeros((2, 9, 12, 1), "float32"), verbose=0).shape == (2, 3, 3, 128)


def test_initial_weights_follow_the_seed_and_he_variance():
    first, again, other = (backbones.get("resnet8", seed=s) for s in (1, 1, 2))
    kernel = "stage3_block0_conv2"
    weights = [m.get_layer(kernel).kernel.numpy() for m in (first, again, other)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.abs(weights[0] - weights[2]).max() > 0
    np.testing.assert_allclose(weights[0].std(), np.sqrt(2 / (9 * 64)), rtol=0.02)
    assert np.abs(weights[0]).max() > 3 * weights[0].std()


def test_survives_a_keras_file(tmp_path):
    model = backbones.get("resnet8", input_shape=(8, 8, 1), seed=0)
    images = np.random.default_rng(0).standard_normal((2, 8, 8, 1)).astype("float32")
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(copy.predict(images, verbose=0), model.predict(images, verbose=0))


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"blocks": 0}, "blocks=0"),
        ({"blocks": 1, "input_shape": (8, 8)}, r"input_shape=\(8, 8\)"),
        ({"blocks": 1, "width_multiplier": 0}, "width_multiplier=0"),
    ],
)
def test_bad_arguments(bad, message):
    with pytest.raises(ValueError, match=message):
        backbones.cifar_resnet(**bad)


def test_names_and_unknown_name():
    expected = [f"resnet{depth}" for depth in (8, 10, 18, 20, 32, 34, 44, 50, 56, 101, 152)]
    assert [name for name in backbones.names() if name.startswith("resnet")] == expected
    with pytest.raises(ValueError, match="name='resnet9'"):
        backbones.get("resnet9")
