"""Layers without weights make outputs of any size: refused before anything is computed."""

import json
import tracemalloc

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo.models import WeightsError
from ltzoo.models.output_bound import TooLargeOutputs, check_outputs
from ltzoo.models.weight_bound import WeightBound
from tests import tiny
from tests.models.test_hostile_archives import changed

layers = keras.layers


def flat(inputs, *more):
    features = layers.Reshape((64, 1))(inputs)
    for layer in more:
        features = layer(features)
    return layers.GlobalAveragePooling1D()(features)


def attention(inputs):
    features = layers.UpSampling1D(3)(layers.Reshape((64, 1))(inputs))
    return layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 4)(features, features))


def in_a_model(inputs):
    inner = keras.Sequential(
        [keras.Input((None, None, 1)), layers.UpSampling2D(3), layers.GlobalMaxPooling2D()]
    )
    return layers.RepeatVector(2)(inner(inputs))[:, 0]


def over_time(inputs):
    inner = keras.Sequential([keras.Input((8, 1)), layers.UpSampling1D(3), layers.GlobalMaxPooling1D()])
    return layers.GlobalAveragePooling1D()(layers.TimeDistributed(inner)(inputs))


# A network, and how its configuration is changed in the file.
HOSTILE = {
    "RepeatVector": (
        lambda x: layers.RepeatVector(3)(layers.Flatten()(x))[:, 0],
        '"n": 3',
        '"n": 1000000000',
    ),
    "UpSampling2D": (layers.UpSampling2D((3, 5)), "[3, 5]", "[30000, 50000]"),
    "UpSampling1D": (lambda x: flat(x, layers.UpSampling1D(3)), '"size": 3', '"size": 300000000'),
    "ZeroPadding2D": (
        layers.ZeroPadding2D(((3, 5), (7, 9))),
        "[3, 5], [7, 9]",
        "[30000, 50000], [7, 900000]",
    ),
    "Resizing": (layers.Resizing(11, 13), '"height": 11, "width": 13', '"height": 110000, "width": 13000'),
    "repeat": (lambda x: keras.ops.repeat(x, 3, axis=1), '"repeats": 3', '"repeats": 3000000000'),
    "attention": (attention, '"size": 3', '"size": 3000'),
    "a model": (in_a_model, "[3, 3]", "[30000, 50000]"),
    "over time": (over_time, '"size": 3', '"size": 300000000'),
}


def classifier(network, sides=8):
    inputs = keras.Input((sides, sides, 1))
    backbone = keras.Model(inputs, network(inputs))
    recipe = tiny.recipe("cross_entropy", epochs=(1,))
    return ltzoo.models.build(backbone, recipe, [6, 4, 2], input_shape=(8, 8, 1))


def edited(path, out, old, new):
    def change(name, content):
        if name != "config.json":
            return content
        text = json.dumps(json.loads(content))
        assert old in text, text
        return text.replace(old, new)

    return changed(path, out, change)


@pytest.mark.parametrize("which", HOSTILE)
def test_a_file_with_a_layer_of_any_size_is_refused(tmp_path, which):
    network, old, new = HOSTILE[which]
    model = classifier(network)
    model.save(tmp_path / "small.keras")
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1)).astype("uint8")
    np.testing.assert_allclose(
        ltzoo.models.load(tmp_path / "small.keras").predict(images, verbose=0),
        model.predict(images, verbose=0),
        rtol=1e-4,
        atol=1e-4,
    )
    path = edited(tmp_path / "small.keras", tmp_path / "large.keras", old, new)
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match="refused as a .keras file: .* numbers per image.*Received: "):
            ltzoo.models.load(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 28
    finally:
        tracemalloc.stop()


def test_unknown_sides_count_as_the_images_have_them(tmp_path):
    model = classifier(layers.UpSampling2D((3, 5)), sides=None)
    check_outputs(model)
    model.save(tmp_path / "small.keras")
    path = edited(tmp_path / "small.keras", tmp_path / "large.keras", "[3, 5]", "[3000, 50000]")
    with pytest.raises(WeightsError, match="numbers per image"):
        ltzoo.models.load(path)


def test_images_of_any_size_are_refused(tmp_path):
    model = classifier(layers.Rescaling(2.0), sides=None)
    model.save(tmp_path / "small.keras")
    path = edited(tmp_path / "small.keras", tmp_path / "large.keras", "[8, 8, 1]", "[80000, 80000, 1]")
    with pytest.raises(WeightsError, match="an image may have"):
        ltzoo.models.load(path)


@pytest.mark.parametrize(
    "name, size", [("resnet50", 224), ("efficientnet_lite2", 260), ("fastnet", 64), ("resnet8", 512)]
)
def test_networks_for_photographs_pass(name, size):
    quick = {"initialize": False, "compile": False}
    with WeightBound(1 << 30):
        model = ltzoo.models.build(name, "cross_entropy", [5, 3], input_shape=(size, size, 3), **quick)
        check_outputs(model)
        model.image_shape = (1 << 13, 1 << 14, 3)
        with pytest.raises(TooLargeOutputs, match="an image may have"):
            check_outputs(model)
