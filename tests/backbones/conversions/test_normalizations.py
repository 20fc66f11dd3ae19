"""Conversions of NBN's ablations: weight normalization, feature norm, layer and instance norm, own g of beta."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import backbones, models
from ltzoo.backbones.conversions import convert
from ltzoo.layers import NormalizedBatchNormalization, SharedMagnitude
from ltzoo.layers.feature_normalization import FeatureNormalization
from ltzoo.layers.weight_normalized_conv2d import WeightNormalizedConv2D
from tests import tiny

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(3, 8, 8, 3)).astype("float32")


def resnet():
    return backbones.get("resnet8", input_shape=(8, 8, 3), seed=0)


def converted(name, **arguments):
    return convert(resnet(), [{"name": name, **arguments}])


def outputs(model, images=IMAGES):
    return ops.convert_to_numpy(model(images, training=False))


def layers_of(model, kind):
    return [layer.name for layer in model.layers if isinstance(layer, kind)]


def round_trip(model, path):
    model.save(path / "model.keras")
    return keras.saving.load_model(path / "model.keras")


def test_weight_normalization_keeps_outputs_and_has_one_magnitude_per_filter(tmp_path):
    model = converted("weight_normalization")
    convolutions = [layer for layer in model.layers if isinstance(layer, WeightNormalizedConv2D)]
    assert len(convolutions) == 7 and not [
        layer for layer in model.layers if type(layer) is keras.layers.Conv2D
    ]
    np.testing.assert_allclose(outputs(model), outputs(resnet()), rtol=1e-4, atol=1e-5)
    layer = convolutions[1]
    assert layer.magnitude.shape == (16,)
    kernel = ops.convert_to_numpy(layer.kernel).astype("float64")
    layer.kernel.assign(3 * kernel)  # The length of the directions means nothing.
    layer.magnitude.assign(np.arange(1, 17))
    expected = kernel / np.sqrt(np.square(kernel).sum((0, 1, 2))) * np.arange(1, 17)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.effective_kernel()), expected, rtol=1e-5)
    np.testing.assert_allclose(outputs(round_trip(model, tmp_path)), outputs(model), rtol=1e-5, atol=1e-6)


def test_weight_normalized_convolution_with_bias_groups_and_activation():
    plain = keras.layers.Conv2D(4, 3, groups=2, bias_initializer="ones", activation="relu")
    own = WeightNormalizedConv2D.from_config(plain.get_config())
    maps = RANDOM.normal(size=(2, 5, 5, 6)).astype("float32")
    plain(maps), own(maps)
    own.represent(plain.kernel)
    np.testing.assert_allclose(
        ops.convert_to_numpy(own(maps)), ops.convert_to_numpy(plain(maps)), rtol=1e-4, atol=1e-5
    )


def test_a_new_network_starts_from_magnitudes_of_he_initialization():
    model = models.build(
        "resnet8", tiny.recipe(conversions=[{"name": "weight_normalization"}]), tiny.dataset()
    )
    magnitudes = [
        ops.convert_to_numpy(layer.magnitude)
        for layer in model.backbone.layers
        if isinstance(layer, WeightNormalizedConv2D)
    ]
    np.testing.assert_allclose(np.concatenate(magnitudes), np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("over, axis", [("channels", 3), ("image", (1, 2, 3))])
def test_feature_normalization_of_a_map(over, axis):
    maps = RANDOM.normal(size=(2, 3, 3, 5))
    maps[0] = 0
    layer = FeatureNormalization(over)
    found = ops.convert_to_numpy(layer(maps.astype("float32")))
    expected = maps / (np.sqrt(np.square(maps).sum(axis, keepdims=True)) + 1e-6)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert FeatureNormalization.from_config(layer.get_config()).over == over


@pytest.mark.parametrize("over", ["channels", "image"])
def test_feature_normalization_behind_the_last_batch_norm(over, tmp_path):
    model = converted("feature_normalization", over=over)
    assert layers_of(model, FeatureNormalization) == ["stage3_block0_bn2_unit"]
    inner = keras.Model(model.inputs, model.get_layer("stage3_block0_bn2_unit").output)
    squared = np.square(outputs(inner)).sum(-1 if over == "channels" else (1, 2, 3))
    np.testing.assert_allclose(squared, 1, rtol=1e-3)
    np.testing.assert_array_equal(
        outputs(keras.Model(model.inputs, model.get_layer("stage3_block0_bn2").output)),
        outputs(keras.Model((plain := resnet()).inputs, plain.get_layer("stage3_block0_bn2").output)),
    )
    np.testing.assert_allclose(outputs(round_trip(model, tmp_path)), outputs(model), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind, axis", [("layer", (1, 2, 3)), ("instance", (1, 2))])
def test_other_normalization_in_place_of_batch_norm(kind, axis, tmp_path):
    model = converted("other_normalization", kind=kind)
    assert layers_of(model, keras.layers.GroupNormalization) == ["stage3_block0_bn2"]
    layer = model.get_layer("stage3_block0_bn2")
    maps = RANDOM.normal(3, 2, size=(2, 4, 4, 64))
    expected = (maps - maps.mean(axis, keepdims=True)) / np.sqrt(maps.var(axis, keepdims=True) + 1e-5)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(maps.astype("float32"))), expected, rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(outputs(round_trip(model, tmp_path)), outputs(model), rtol=1e-5, atol=1e-6)


def test_other_normalization_behind_batch_norm_and_everywhere():
    behind = converted("other_normalization", behind=True)
    assert layers_of(behind, keras.layers.GroupNormalization) == ["stage3_block0_bn2_layer"]
    assert behind.get_layer("stage3_block0_bn2").gamma.shape == (64,)
    everywhere = converted("other_normalization", kind="instance", placement="C")
    assert not layers_of(everywhere, keras.layers.BatchNormalization)
    assert len(layers_of(everywhere, keras.layers.GroupNormalization)) == 7


def test_own_magnitude_of_the_offset(tmp_path):
    model = converted("nbn", separate_bias=True)
    assert layers_of(model, SharedMagnitude) == ["magnitude", "magnitude_bias"]
    layer = model.get_layer("stage3_block0_bn2")
    layer.beta.assign(RANDOM.normal(size=64))
    before = outputs(model)
    model.get_layer("magnitude_bias").magnitude.assign(2.5)
    assert np.abs(outputs(model) - before).max() > 0.01
    scale, offset = (ops.convert_to_numpy(v) for v in layer.effective_parameters([1.0, 2.5]))
    assert np.linalg.norm(scale) == pytest.approx(1, rel=1e-4)
    assert np.linalg.norm(offset) == pytest.approx(2.5, rel=1e-4)
    np.testing.assert_allclose(outputs(round_trip(model, tmp_path)), outputs(model), rtol=1e-5, atol=1e-6)
    shared = layer.effective_parameters(2.0), layer.effective_parameters([2.0])
    for one, other in zip(*shared, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))
    assert isinstance(layer, NormalizedBatchNormalization)


@pytest.mark.parametrize(
    "config",
    [
        {"name": "weight_normalization"},
        {"name": "feature_normalization", "over": "channels"},
        {"name": "feature_normalization", "over": "image"},
        {"name": "other_normalization", "kind": "layer", "behind": True},
        {"name": "other_normalization", "kind": "instance"},
        {"name": "nbn", "separate_bias": True},
    ],
    ids=lambda config: "-".join(map(str, config.values())),
)
def test_every_new_weight_trains(config):
    model = models.build("resnet8", tiny.recipe("cross_entropy", conversions=[config]), tiny.dataset())
    before = tiny.weights(model)
    trained = [variable.path for variable in model.trainable_variables]
    history = model.fit(tiny.dataset(), verbose=0)
    assert np.isfinite(history.history["loss"]).all() and trained
    still = [
        variable.path
        for variable, old in zip(model.weights, before, strict=True)
        if variable.path in trained and np.array_equal(ops.convert_to_numpy(variable.value), old)
    ]
    assert not still


def test_half_precision_computes_norms_in_float32():
    plain = converted("weight_normalization")
    policy = keras.DTypePolicy("mixed_bfloat16")
    layer = WeightNormalizedConv2D(4, 3, dtype=policy)
    maps = ops.cast(IMAGES, "bfloat16")
    assert keras.backend.standardize_dtype(layer(maps).dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(layer.effective_kernel().dtype) == "float32"
    unit = FeatureNormalization("image", dtype=policy)(maps)
    assert keras.backend.standardize_dtype(unit.dtype) == "bfloat16" and plain.built


@pytest.mark.parametrize(
    "config, said",
    [
        ({"name": "other_normalization", "kind": "group"}, "`kind` must be one of .*Received: kind='group'"),
        ({"name": "other_normalization", "placement": "D"}, "`placement`.*Received: placement='D'"),
        (
            {"name": "feature_normalization", "over": "batch"},
            "`over` must be one of .*Received: over='batch'",
        ),
    ],
)
def test_wrong_arguments(config, said):
    with pytest.raises(ValueError, match=said):
        convert(resnet(), [config])


def test_models_without_what_is_converted():
    images = keras.Input((8, 8, 3))
    dense = keras.Model(images, keras.layers.Dense(3)(images))
    with pytest.raises(ValueError, match="must have layers of type keras.layers.Conv2D"):
        convert(dense, [{"name": "weight_normalization"}])
