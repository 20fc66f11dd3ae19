"""Conversion of batch normalization to NBN in networks of several kinds."""

import importlib.util

import keras
import numpy as np
import pytest
from keras import layers, ops

from ltzoo import backbones
from ltzoo.backbones.conversions import convert, convert_batch_normalization
from ltzoo.backbones.norm_placement import select_norms
from ltzoo.layers import NormalizedBatchNormalization, SharedMagnitude
from tests import tiny
from tests.backbones import residual_networks

IMAGES = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


def names(layers_):
    return sorted(layer.name for layer in layers_)


def outputs(model):
    return ops.convert_to_numpy(model(IMAGES, training=False))


def magnitudes(model):
    return sorted(layer.name for layer in model.layers if isinstance(layer, SharedMagnitude))


def converted(model):
    return [layer for layer in model.layers if isinstance(layer, NormalizedBatchNormalization)]


def trained(model, seed=0):
    """The model with scales, offsets and moving averages as if it had been trained."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            size = layer.gamma.shape[0]
            layer.gamma.assign(random.uniform(-0.2, 1.5, size))
            layer.beta.assign(random.normal(size=size) * 0.2)
            layer.moving_mean.assign(random.normal(size=size) * 0.3)
            layer.moving_variance.assign(random.uniform(0.5, 1.5, size))
    return model


@pytest.fixture(scope="module")
def resnext():
    return trained(residual_networks.resnext())


def test_placements_of_table_6(resnext):
    paper = ["s2b0_last", "s2b0_shortcut", "s2b1_last"]
    other = ["s2b0_first", "s2b0_grouped", "s2b1_first", "s2b1_grouped"]
    assert names(select_norms(resnext)) == paper
    assert names(select_norms(resnext, "A")) == sorted(paper + other)
    assert names(select_norms(resnext, "B")) == other
    assert len(select_norms(resnext, "C")) == 12
    assert names(select_norms(resnext, ["stem", "s1*_last"])) == ["s1b0_last", "stem"]
    resnet20 = backbones.get("resnet20", input_shape=(8, 8, 1))
    assert names(select_norms(resnet20)) == [f"stage3_block{block}_bn2" for block in range(3)]
    assert [len(select_norms(resnet20, which)) for which in "ABC"] == [6, 3, 19]
    assert names(select_norms(tiny.tiny_cnn((8, 8, 1)))) == ["block1_norm"]


def test_resnet50_of_keras():
    model = keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), include_top=False)
    assert names(select_norms(model)) == [
        "conv5_block1_0_bn",
        "conv5_block1_3_bn",
        "conv5_block2_3_bn",
        "conv5_block3_3_bn",
    ]
    assert [len(select_norms(model, which)) for which in "ABC"] == [10, 6, 53]


def test_trained_networks_keep_their_outputs(resnext):
    expected = outputs(resnext)
    groups = {
        "all": ["magnitude"],
        "partial": ["magnitude_s2b0_add", "magnitude_s2b1_add"],
        "none": ["magnitude_s2b0_last", "magnitude_s2b0_shortcut", "magnitude_s2b1_last"],
    }
    for sharing, found in groups.items():
        model = convert_batch_normalization(resnext, sharing=sharing)
        assert magnitudes(model) == found
        np.testing.assert_allclose(outputs(model), expected, atol=1e-5)
        assert {(layer.momentum, layer.epsilon) for layer in converted(model)} == {(0.99, 1e-3)}
    everything = convert_batch_normalization(resnext, "C", normalize=False)
    assert len(converted(everything)) == 12
    np.testing.assert_allclose(outputs(everything), expected, atol=1e-5)
    # The original is as it was.
    assert not converted(resnext)
    np.testing.assert_array_equal(outputs(resnext), expected)


def test_fresh_networks_get_the_published_start(resnext):
    fresh = convert_batch_normalization(residual_networks.resnext(), learn_magnitude=False)
    forced = convert_batch_normalization(resnext, initialization="published", magnitude=4.0)
    for model, magnitude in ((fresh, 1.0), (forced, 4.0)):
        for layer in converted(model):
            gamma, beta = layer.effective_parameters(model.get_layer("magnitude").magnitude.value)
            np.testing.assert_allclose(ops.convert_to_numpy(gamma), magnitude / 4, rtol=1e-5)
            np.testing.assert_array_equal(ops.convert_to_numpy(beta), 0.0)
    assert "magnitude" not in {variable.name for variable in fresh.trainable_variables}
    mean = forced.get_layer("s2b0_last").moving_mean
    np.testing.assert_array_equal(
        ops.convert_to_numpy(mean), ops.convert_to_numpy(resnext.get_layer("s2b0_last").moving_mean)
    )


def test_scales_that_start_at_zero_become_directions():
    inputs = keras.Input((8, 8, 3))
    x = layers.BatchNormalization(gamma_initializer="zeros", name="bn")(
        residual_networks.convolution(inputs, 3)
    )
    model = convert_batch_normalization(keras.Model(inputs, layers.Add()([x, inputs])))
    np.testing.assert_array_equal(ops.convert_to_numpy(model.get_layer("bn").gamma), 1.0)


def test_one_magnitude_an_expert():
    model = convert_batch_normalization(
        trained(residual_networks.experts()), "A", groups=["expert1_*", "expert2_*"]
    )
    assert len(converted(model)) == 8 and magnitudes(model) == ["magnitude_expert1", "magnitude_expert2"]
    half = model.output_shape[-1] // 2
    before = outputs(model)
    model.get_layer("magnitude_expert2").magnitude.assign(0.1)
    after = outputs(model)
    np.testing.assert_array_equal(before[..., :half], after[..., :half])
    assert np.abs(before[..., half:] - after[..., half:]).max() > 0.1


def test_sequential_and_by_name():
    sequential = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()])
    model = convert(sequential, [{"name": "nbn", "bias_radius": 0.0, "normalize": True}])
    assert [layer.bias_radius for layer in converted(model)] == [0.0]
    assert model.name == sequential.name


@pytest.mark.usefixtures("sound_grouped_convolutions")
def test_files_and_training_keep_the_sharing(tmp_path):
    model = convert_batch_normalization(residual_networks.resnext(((4, 2, 1),)), "A", bias_radius=0.05)
    model.compile("sgd", "mse")
    model.fit(IMAGES, np.ones_like(outputs(model)), verbose=0)
    assert float(ops.convert_to_numpy(model.get_layer("magnitude").magnitude)) != 1.0
    expected = outputs(model)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert magnitudes(copy) == ["magnitude"] and len(copy.variables) == len(model.variables)
    np.testing.assert_allclose(outputs(copy), expected, atol=1e-6)
    # Frozen scales and offsets leave the magnitude to be trained alone (NBN* of Table VIII).
    for layer in model.layers:
        layer.trainable = layer.name == "magnitude"
    assert [variable.name for variable in model.trainable_variables] == ["magnitude"]
    if keras.backend.backend() != "torch" and importlib.util.find_spec("tensorflow"):
        import tensorflow as tf

        model.export(tmp_path / "served", verbose=False)
        served = tf.saved_model.load(str(tmp_path / "served"))
        np.testing.assert_allclose(np.asarray(served.serve(IMAGES)), expected, atol=1e-5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"placement": "D"}, "placement='D'"),
        ({"placement": ["stem", "nothing*"]}, r"placement=\['stem', 'nothing\*'\]"),
        ({"sharing": "some"}, "sharing='some'"),
        ({"sharing": "none", "groups": ["s*"]}, "sharing='none'"),
        ({"groups": ["x*"]}, r"groups=\['x\*'\]"),
        ({"initialization": "zeros"}, "initialization='zeros'"),
    ],
)
def test_wrong_arguments(resnext, arguments, message):
    with pytest.raises(ValueError, match=message):
        convert_batch_normalization(resnext, **arguments)


def test_models_that_cannot_be_converted(resnext):
    with pytest.raises(ValueError, match="pre-activation.*placement='paper'"):
        convert_batch_normalization(residual_networks.preactivation())
    assert names(converted(convert_batch_normalization(residual_networks.preactivation(), ["post"]))) == [
        "post"
    ]
    inputs = keras.Input((8, 8, 3))
    outer = keras.Model(inputs, layers.GlobalAveragePooling2D()(residual_networks.resnext()(inputs)))
    with pytest.raises(ValueError, match="inner model"):
        convert_batch_normalization(outer)
    with pytest.raises(ValueError, match="in a nested model"):
        convert_batch_normalization(outer, ["stem"])
    twice = convert_batch_normalization(resnext)
    with pytest.raises(ValueError, match="'s2b0_last', an NBN layer already"):
        convert_batch_normalization(twice)
    unscaled = keras.Sequential([inputs, layers.BatchNormalization(scale=False, name="plain")])
    with pytest.raises(ValueError, match="'plain' with scale=False"):
        convert_batch_normalization(unscaled)
    with pytest.raises(ValueError, match="model of type Dense"):
        convert_batch_normalization(layers.Dense(1))
