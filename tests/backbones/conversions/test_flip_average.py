import keras
import numpy as np
import pytest

from ltzoo import backbones
from ltzoo.backbones.conversions import convert
from ltzoo.layers import FlipAverage


def moved(images, pixels):
    """numpy.pad's reflection, then a window that lies so many pixels further up and left."""
    side, size = abs(pixels), images.shape[1]
    padded = np.pad(images, ((0, 0), (side, side), (side, side), (0, 0)), mode="reflect")
    first = side - pixels
    return padded[:, first : first + size, first : first + size]


@pytest.mark.rotating(3)
@pytest.mark.parametrize("shift", [0, 1, 3])
@pytest.mark.parametrize("name", ["resnet8", "fastnet"])
def test_inference_averages_images_and_their_mirror_images(name, shift, tmp_path):
    arguments = {"widths": (4, 6)} if name == "fastnet" else {}
    plain = backbones.get(name, input_shape=(8, 8, 3), seed=0, **arguments)
    model = convert(plain, [{"name": "flip_average", "shift": shift}])
    images = np.random.default_rng(0).standard_normal((3, 8, 8, 3)).astype("float32")
    expected = []
    for view in [images] if shift == 0 else [moved(images, shift), moved(images, -shift)]:
        one, two = (plain.predict(x, verbose=0) for x in (view, view[:, :, ::-1]))
        expected += [one, two[:, :, ::-1] if one.ndim == 4 else two]
    outputs = model.predict(images, verbose=0)
    np.testing.assert_allclose(outputs, np.mean(expected, axis=0), atol=1e-5)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(copy.predict(images, verbose=0), outputs)


def test_a_mirror_image_has_the_same_features():
    plain = backbones.get("fastnet", input_shape=(8, 8, 3), seed=0, widths=(4,))
    model = convert(plain, [{"name": "flip_average"}])
    images = np.random.default_rng(0).standard_normal((3, 8, 8, 3)).astype("float32")
    one, two = (model.predict(x, verbose=0) for x in (images, images[:, :, ::-1]))
    np.testing.assert_allclose(two[:, :, ::-1], one, atol=1e-5)


def test_images_of_any_size_are_shifted():
    plain = backbones.get("fastnet", input_shape=(None, None, 3), seed=0, widths=(4,))
    model = convert(plain, [{"name": "flip_average", "shift": 2}])
    fixed = convert(
        backbones.get("fastnet", input_shape=(12, 10, 3), seed=0, widths=(4,)),
        [{"name": "flip_average", "shift": 2}],
    )
    images = np.random.default_rng(0).standard_normal((2, 12, 10, 3)).astype("float32")
    np.testing.assert_allclose(model.predict(images, verbose=0), fixed.predict(images, verbose=0), atol=1e-6)


@pytest.mark.parametrize("shift", [0, 1])
def test_training_sees_the_image_alone(shift):
    encoder = keras.Sequential([keras.Input((2, 4, 1)), keras.layers.Flatten()])
    images = np.arange(8.0, dtype="float32").reshape(1, 2, 4, 1)
    outputs = keras.ops.convert_to_numpy(FlipAverage(encoder, shift=shift)(images, training=True))
    np.testing.assert_array_equal(outputs, images.reshape(1, 8))


def test_models_of_before_there_was_a_shift_load():
    encoder = keras.Sequential([keras.Input((2, 4, 1)), keras.layers.Flatten()])
    config = FlipAverage(encoder).get_config()
    del config["shift"]
    assert FlipAverage.from_config(config).shift == 0


@pytest.mark.parametrize("shift", [-1, 0.5, 8])
def test_impossible_shifts_are_refused(shift):
    plain = backbones.get("fastnet", input_shape=(8, 8, 3), seed=0, widths=(4,))
    with pytest.raises(ValueError, match=f"`shift` must be .*Received: shift={shift}"):
        convert(plain, [{"name": "flip_average", "shift": shift}])


@pytest.mark.parametrize("shift", [0, 1])
def test_transposes_join_the_average(shift):
    plain = backbones.get("fastnet", input_shape=(8, 8, 3), seed=0, widths=(4, 6))
    model = convert(plain, [{"name": "flip_average", "shift": shift, "transpose": True}])
    images = np.random.default_rng(0).standard_normal((3, 8, 8, 3)).astype("float32")
    upright, turned = (
        convert(plain, [{"name": "flip_average", "shift": shift}]).predict(x, verbose=0)
        for x in (images, images.transpose(0, 2, 1, 3))
    )
    expected = (upright + turned.transpose(0, 2, 1, 3)) / 2
    outputs = model.predict(images, verbose=0)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    turned = model.predict(images.transpose(0, 2, 1, 3), verbose=0)
    np.testing.assert_allclose(turned.transpose(0, 2, 1, 3), outputs, atol=1e-5)


def test_transposes_need_square_images():
    plain = backbones.get("fastnet", input_shape=(8, 10, 3), seed=0, widths=(4,))
    with pytest.raises(ValueError, match=r"`transpose` needs square images.*Received: transpose=True"):
        convert(plain, [{"name": "flip_average", "transpose": True}])
