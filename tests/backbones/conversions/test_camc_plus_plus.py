"""The backbone of CAMC++, and its first stage on whole images."""

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo.backbones import conversions
from ltzoo.layers import ShiftedCropEncoder
from ltzoo.layers.shifted_crops import crop_ranges
from tests import tiny


def loop_over_crops(network, images, grid):
    """Crops one by one, resized by Keras, through the network: [batch, M, M, D]."""
    height, width = images.shape[1:3]
    rows = []
    for top, bottom in crop_ranges(height, grid):
        row = []
        for left, right in crop_ranges(width, grid):
            crop = ops.image.resize(
                images[:, top:bottom, left:right], (height, width), data_format="channels_last"
            )
            row.append(ops.convert_to_numpy(network(crop)).mean((1, 2)))
        rows.append(np.stack(row, 1))
    return np.stack(rows, 1)


def test_the_map_holds_the_features_of_the_crops():
    network = ltzoo.backbones.get("tiny_cnn", input_shape=(8, 8, 1))
    model = conversions.convert(network, [{"name": "camc_plus_plus", "grid": 3}])
    assert model.output_shape == (None, 3, 3, 4)
    assert model.get_layer("crops").encoder is network
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    maps = ops.convert_to_numpy(model(images))
    np.testing.assert_allclose(maps, loop_over_crops(network, images, 3), rtol=1e-4, atol=1e-5)


def test_training_sees_whole_images_and_prediction_crops(tmp_path):
    recipe = tiny.recipe(
        "camc_plus_plus",
        conversions=[{"name": "camc_plus_plus", "grid": 2}],
        stage2={"head": {"name": "camc", "threshold": 20}},
    )
    model, data = tiny.model(recipe), tiny.dataset()
    images = data.train.load(np.arange(4))

    model.enter_stage(0)
    encoder = model.backbone.get_layer("crops").encoder
    whole = encoder(model.normalize_images(images), training=True)
    expected = model.head(ops.mean(whole, axis=(1, 2)))
    np.testing.assert_allclose(
        *(ops.convert_to_numpy(t) for t in (model(images, training=True).logits, expected)), atol=1e-6
    )

    # This stage is measured on whole images too.
    expected = model.head(ops.mean(encoder(model.normalize_images(images), training=False), axis=(1, 2)))
    np.testing.assert_allclose(
        *(ops.convert_to_numpy(t) for t in (model(images, training=False), expected)), atol=1e-6
    )

    # Out of training the last stage's head sees the map of crops.
    model.enter_stage(None)
    generator = np.random.default_rng(0)
    for weight in model.head.weights:
        weight.assign(generator.normal(size=weight.shape))
    normalized = ops.convert_to_numpy(model.normalize_images(images))
    expected = model.head(loop_over_crops(encoder, normalized, 2).astype("float32"))
    predicted, expected = ops.convert_to_numpy(model(images)), ops.convert_to_numpy(expected)
    np.testing.assert_allclose(predicted, expected, atol=1e-4)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(ops.convert_to_numpy(copy(images)), predicted)


def test_validation_in_stage_1_and_prototypes_embed_few_images(monkeypatch):
    """Stage 1 has no crops at all; stage 2 embeds the images of the prototypes, each once, and those of the fusion."""
    recipe = tiny.recipe(
        "camc_plus_plus",
        epochs=(1, 1),
        conversions=[{"name": "camc_plus_plus", "grid": 2}],
        stage2={"head": {"name": "camc", "threshold": 20, "fusion_images": 3}},
    )
    model, data, counted = tiny.model(recipe), tiny.dataset(), []
    embed = type(model).extract_features_on_batch

    def features(self, images):
        counted.append(len(images))
        return embed(self, images)

    monkeypatch.setattr(type(model), "extract_features_on_batch", features)
    stages, call = [], ShiftedCropEncoder.call

    def crops(self, images, training=None):
        stages.append(model.stage)
        return call(self, images, training=training)

    monkeypatch.setattr(ShiftedCropEncoder, "call", crops)
    model.fit(data, verbose=0)
    assert sum(counted) == 5 + 4  # Two tail classes of 12 and 4 images, 5 prototypes each.
    assert 1 in stages and 0 not in stages


def test_the_technique_needs_the_conversion():
    with pytest.raises(ValueError, match="must have the conversion 'camc_plus_plus'"):
        tiny.model(tiny.recipe("camc_plus_plus", conversions=()))
