import keras
import numpy as np
import pytest

from ltzoo import backbones
from ltzoo.backbones.conversions import convert


@pytest.fixture(scope="module")
def plain():
    return backbones.get("efficientnet_lite0", input_shape=(64, 64, 3), seed=0)


IMAGES = np.random.default_rng(0).standard_normal((2, 64, 64, 3)).astype("float32")


def test_the_mean_of_the_map_has_the_means_of_both_layers(plain, tmp_path):
    model = convert(plain, [{"name": "depths"}])
    assert model.output_shape == (None, 2, 2, 1280 + 672)
    both = keras.Model(plain.inputs, [plain.outputs[0], plain.get_layer("stage5_block2_expand_relu").output])
    last, middle = both.predict(IMAGES, verbose=0)
    assert middle.shape[1:3] == (4, 4)
    expected = np.concatenate([last.mean(axis=(1, 2)), middle.mean(axis=(1, 2))], axis=1)
    outputs = model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(outputs.mean(axis=(1, 2)), expected, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(copy.predict(IMAGES, verbose=0), outputs, rtol=1e-5, atol=1e-6)


def test_layers_of_ones_choice_in_their_order(plain):
    layers = ["stage3_*_expand_relu", "stage7_block0_expand_relu"]
    model = convert(plain, [{"name": "depths", "layers": layers}])
    assert model.output_shape == (None, 2, 2, 1280 + 240 + 1152)


def test_sizes_that_do_not_divide():
    plain = backbones.get("efficientnet_lite0", input_shape=(72, 72, 3), seed=0)
    model = convert(plain, [{"name": "depths"}, {"name": "flip_average", "transpose": True}])
    assert model.output_shape == (None, 3, 3, 1952)


@pytest.mark.parametrize("name", ["resnet8", "fastnet"])
def test_other_networks_stay_as_they_are(name):
    plain = backbones.get(name, input_shape=(32, 32, 3), seed=0)
    assert convert(plain, [{"name": "depths"}]) is plain
