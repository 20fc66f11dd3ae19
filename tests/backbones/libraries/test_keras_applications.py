"""Networks of keras.applications: the library's own preprocessing, weights that stay, saved classifiers."""

import sys

import keras
import numpy as np
import pytest
from keras import utils

import ltzoo
from ltzoo.backbones import get, pixel_statistics
from ltzoo.backbones.libraries import keras_applications

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def normalized(images, statistics):
    mean, std = (np.asarray(values) for values in statistics)
    return ((images / 255.0 - mean) / std).astype("float32")


@pytest.mark.parametrize("network", ["VGG16", "ResNet50", "ResNet50V2", "DenseNet121", "EfficientNetB0"])
def test_preprocessing_is_the_librarys(network):
    function = getattr(keras.applications, network)
    statistics, reverse = keras_applications._preprocessing(function)
    mine = normalized(IMAGES, statistics)[..., :: -1 if reverse else 1]
    theirs = sys.modules[function.__module__].preprocess_input(IMAGES.copy())
    np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-4)
    assert reverse == (network in ("VGG16", "ResNet50"))


def small(include_top, weights, input_tensor, input_shape, filters=2):
    """Stands for a network of VGG's module, whose preprocessing it has."""
    x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", name="conv1")(input_tensor)
    if weights is not None:
        raise Exception(f"URL fetch failure on https://host/{weights}: None -- no network")
    return keras.Model(utils.get_source_inputs(input_tensor), x)


@pytest.fixture
def caffe(monkeypatch):
    small.__module__ = keras.applications.VGG16.__module__
    monkeypatch.setattr(keras.applications, "Small", small, raising=False)


def test_caffe_networks_take_rgb_here(caffe):
    trunk = get("keras.applications:Small", input_shape=(32, 32, 3), seed=1)
    convolution = trunk.get_layer("conv1")
    expected = convolution(keras.applications.vgg16.preprocess_input(IMAGES.copy()))
    mine = trunk(normalized(IMAGES, pixel_statistics(trunk)))
    np.testing.assert_allclose(numpy(mine), numpy(expected), rtol=1e-4, atol=1e-3)
    gray = get("keras_applications:Small", input_shape=(32, 32, 1))
    assert pixel_statistics(gray) is None
    assert "reverse_channels" not in [layer.name for layer in gray.layers]


def test_what_cannot_be_made_says_why(caffe):
    with pytest.raises(ConnectionError, match="weights=None.*Received: 'keras_applications:Small'"):
        get("keras_applications:Small", weights="imagenet")
    with pytest.raises(ValueError, match="Did you mean 'ResNet50'"):
        get("keras_applications:Resnet50")
    with pytest.raises(ValueError, match="cannot be made.*Received: 'keras_applications:Small'"):
        get("keras_applications:Small", filters=-1)
    with pytest.raises(ValueError, match="takes filters. Received: width"):
        get("keras_applications:Small", width=2)
    with pytest.raises(ValueError, match="library of backbones, .* keras_hub. Received: name='torchvision'"):
        get("torchvision:resnet50")


def test_a_classifier_keeps_given_weights_and_comes_back_from_a_file(caffe, tmp_path):
    config = {"name": "keras_applications:Small", "filters": 3}
    rest = ("cross_entropy", [9, 3])
    settings = {"input_shape": (32, 32, 3), "compile": False}
    model = ltzoo.models.build(config, *rest, **settings, seed=3)
    trunk = model.backbone
    assert (model.mean, model.std) == pixel_statistics(trunk)
    logits = numpy(model(IMAGES))
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(numpy(keras.saving.load_model(tmp_path / "model.keras")(IMAGES)), logits)
    same = ltzoo.models.build(config, *rest, **settings, seed=3)
    np.testing.assert_array_equal(numpy(same(IMAGES)), logits)
    before = [numpy(variable).copy() for variable in trunk.variables]
    ltzoo.models.build(trunk, *rest, **settings, seed=4, mean=0.5, std=0.5)
    assert all((old == numpy(new)).all() for old, new in zip(before, trunk.variables, strict=True))


def test_a_real_one():
    config = {"name": "keras_applications:MobileNet", "alpha": 0.25}
    model = ltzoo.models.build(
        config, "cross_entropy", [9, 3], input_shape=(32, 32, 3), initialize=False, compile=False
    )
    assert model.backbone.output_shape == (None, 1, 1, 256)
    assert (model.mean, model.std) == ((0.5,) * 3, (0.5,) * 3)
    assert "." not in model.name  # PyTorch refuses dots.


def test_the_seed_gives_the_weights(caffe):
    def kernel(seed):
        return numpy(get("keras_applications:Small", seed=seed).get_layer("conv1").kernel)

    assert (kernel(1) == kernel(1)).all() and (kernel(1) != kernel(2)).any()
