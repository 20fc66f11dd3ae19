import keras
import numpy as np
import pytest

from ltzoo import backbones
from ltzoo.backbones.conversions import convert
from ltzoo.layers import FlipAverage


@pytest.mark.parametrize("name", ["resnet8", "fastnet"])
def test_inference_averages_an_image_and_its_mirror_image(name, tmp_path):
    arguments = {"widths": (4, 6)} if name == "fastnet" else {}
    plain = backbones.get(name, input_shape=(8, 8, 3), seed=0, **arguments)
    model = convert(plain, [{"name": "flip_average"}])
    images = np.random.default_rng(0).standard_normal((3, 8, 8, 3)).astype("float32")
    one, two = (plain.predict(x, verbose=0) for x in (images, images[:, :, ::-1]))
    if one.ndim == 4:
        two = two[:, :, ::-1]
    outputs = model.predict(images, verbose=0)
    np.testing.assert_allclose(outputs, (one + two) / 2, atol=1e-5)
    # Whether an image or its mirror image comes makes no difference to its features.
    mirrored = model.predict(images[:, :, ::-1], verbose=0)
    np.testing.assert_allclose(mirrored[:, :, ::-1] if one.ndim == 4 else mirrored, outputs, atol=1e-5)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(copy.predict(images, verbose=0), outputs)


def test_training_sees_the_image_alone():
    encoder = keras.Sequential([keras.Input((2, 4, 1)), keras.layers.Flatten()])
    images = np.arange(8.0, dtype="float32").reshape(1, 2, 4, 1)
    outputs = keras.ops.convert_to_numpy(FlipAverage(encoder)(images, training=True))
    np.testing.assert_array_equal(outputs, images.reshape(1, 8))
