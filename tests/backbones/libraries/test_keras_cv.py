"""Networks of KerasCV by class, offline."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo.backbones import get, pixel_statistics
from ltzoo.backbones.conversions import convert_batch_normalization
from tests import tiny

keras_cv = pytest.importorskip("keras_cv", exc_type=ImportError)

CONFIG = {
    "name": "keras_cv:ResNetBackbone",
    "stackwise_filters": [4, 8],
    "stackwise_blocks": [1, 1],
    "stackwise_strides": [1, 2],
}
PIXELS = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def test_a_classifier_on_it_comes_back_from_a_file(tmp_path):
    recipe = tiny.recipe("cross_entropy")
    model = ltzoo.models.build(CONFIG, recipe, [9, 3], input_shape=(16, 16, 3), seed=3)
    assert model.backbone.output_shape == (None, 2, 2, 32)
    assert pixel_statistics(model.backbone) is None
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(numpy(again(PIXELS)), numpy(model(PIXELS)), rtol=1e-5, atol=1e-5)
    same = ltzoo.models.build(CONFIG, recipe, [9, 3], input_shape=(16, 16, 3), seed=3)
    np.testing.assert_array_equal(numpy(same(PIXELS)), numpy(model(PIXELS)))


def test_a_network_that_rescales_takes_pixels():
    config = {**CONFIG, "include_rescaling": True}
    model = ltzoo.models.build(config, "cross_entropy", [9, 3], input_shape=(16, 16, 3), compile=False)
    np.testing.assert_allclose(numpy(model.normalize_images(PIXELS)), PIXELS, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(
        numpy(convert_batch_normalization(model.backbone, initialization="keep")(PIXELS)),
        numpy(model.backbone(PIXELS)),
        rtol=1e-5,
        atol=1e-5,
    )


def test_a_configuration_is_needed():
    with pytest.raises(ValueError, match="needs its configuration.*stackwise_filters"):
        get("keras_cv:ResNetBackbone")
