"""Networks of KerasHub by class and by preset, offline: small random ones."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import recipes
from ltzoo.backbones import from_model, get, pixel_statistics
from ltzoo.backbones.conversions import convert, convert_batch_normalization
from tests import tiny

keras_hub = pytest.importorskip("keras_hub", exc_type=ImportError)

BLOCKS = {"patch_size": 4, "num_layers": 2, "num_heads": 2, "hidden_dim": 8}
ENCODERS = {
    "ViTBackbone": {**BLOCKS, "mlp_dim": 16},
    "CLIPVisionEncoder": {**BLOCKS, "intermediate_dim": 16},
    "DINOV2Backbone": {
        **BLOCKS,
        "intermediate_dim": 16,
        "num_register_tokens": 2,
        "position_embedding_shape": [8, 8],
    },
}
RESNET = {
    "input_conv_filters": [64],
    "input_conv_kernel_sizes": [3],
    "stackwise_num_filters": [64, 8],
    "stackwise_num_blocks": [1, 2],
    "stackwise_num_strides": [1, 2],
    "block_type": "bottleneck_block",
}
IMAGES = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
PHOTOS = np.random.default_rng(1).normal(size=(2, 16, 16, 3)).astype("float32")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def resnet(seed=0):
    """A ResNet whose batch normalization is as after training."""
    trunk = get("keras_hub:ResNetBackbone", input_shape=(16, 16, 3), seed=1, **RESNET)
    generator = np.random.default_rng(seed)
    for layer in trunk.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([generator.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return trunk


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_gives_its_class_token_and_takes_additions(name, tmp_path):
    trunk = get(f"keras_hub:{name}", input_shape=(8, 8, 1), seed=1, **ENCODERS[name])
    encoder = next(layer for layer in trunk.layers if isinstance(layer, getattr(keras_hub.models, name)))
    inputs = {"images": IMAGES} if isinstance(encoder.input, dict) else IMAGES
    expected = numpy(encoder(inputs))[:, 0]
    np.testing.assert_allclose(numpy(trunk(IMAGES)), expected, rtol=1e-5, atol=1e-6)
    tuned = convert(trunk, [{"name": "adapters", "rank": 4}, {"name": "lora", "rank": 1}])
    assert len(tuned.additions) == 4 and len(tuned.backbone.additions) == 2
    np.testing.assert_allclose(numpy(tuned(IMAGES)), expected, rtol=1e-5, atol=1e-6)
    for addition in (*tuned.additions, *tuned.backbone.additions):
        addition.up_kernel.assign(np.ones(addition.up_kernel.shape))
    tuned.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    changed = numpy(tuned(IMAGES))
    assert np.abs(changed - expected).max() > 1e-3
    np.testing.assert_allclose(numpy(again(IMAGES)), changed, rtol=1e-4, atol=1e-5)


def test_light_tuning_leaves_the_encoder_alone(tmp_path):
    config = {"name": "keras_hub:ViTBackbone", **ENCODERS["ViTBackbone"]}
    data = tiny.dataset(val=False)
    recipe = recipes.get(
        "lift", epochs=1, batch_size=40, augmentation=(), conversions=[{"name": "adapters", "rank": 4}]
    )
    model = ltzoo.models.build(config, recipe, data)
    trunk, additions = model.backbone.backbone, model.backbone.additions
    base = [numpy(variable).copy() for variable in trunk.variables]
    model.fit(data, verbose=0)
    assert all((old == numpy(new)).all() for old, new in zip(base, trunk.variables, strict=True))
    assert len(additions) == 2 and all(numpy(addition.up_kernel).any() for addition in additions)
    images = data.test.load(np.arange(4))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        numpy(again(images, training=False)), numpy(model(images, training=False)), rtol=1e-4, atol=1e-4
    )


def test_the_seed_gives_all_weights():
    def weights(seed):
        trunk = get("keras_hub:ViTBackbone", input_shape=(8, 8, 1), seed=seed, **ENCODERS["ViTBackbone"])
        return [numpy(variable) for variable in trunk.variables]

    first = weights(1)
    assert all((a == b).all() for a, b in zip(first, weights(1), strict=True))
    assert any((a != b).any() for a, b in zip(first, weights(2), strict=True))


@pytest.mark.parametrize("placement", ["paper", "C"])
def test_nbn_keeps_what_a_resnet_computes(placement):
    trunk = resnet()
    assert trunk.output_shape == (None, 2, 2, 32)
    converted = convert_batch_normalization(trunk, placement)
    expected = numpy(trunk(PHOTOS))
    np.testing.assert_allclose(numpy(converted(PHOTOS)), expected, rtol=1e-5, atol=1e-5)
    assert np.abs(expected).max() > 0.1


def test_a_preset_has_its_weights_and_its_pixel_statistics(tmp_path):
    original = resnet()
    original.save_to_preset(str(tmp_path))
    mean, std = np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.25, 0.3])
    converter = keras_hub.layers.ResNetImageConverter(
        image_size=(16, 16), scale=(1 / 255 / std).tolist(), offset=(-mean / std).tolist()
    )
    converter.save_to_preset(str(tmp_path))
    config = {"name": f"keras_hub:{tmp_path}"}
    model = ltzoo.models.build(config, tiny.recipe("cross_entropy"), [9, 3], input_shape=(16, 16, 3), seed=5)
    np.testing.assert_allclose(model.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(model.std, std, rtol=1e-6)
    np.testing.assert_allclose(numpy(model.backbone(PHOTOS)), numpy(original(PHOTOS)), rtol=1e-5, atol=1e-5)
    pixels = np.random.default_rng(2).integers(0, 256, (2, 16, 16, 3)).astype("float32")
    np.testing.assert_allclose(
        numpy(model.normalize_images(pixels)), numpy(converter(pixels)), rtol=1e-4, atol=1e-5
    )
    random = get(**config, input_shape=(16, 16, 3), weights=None, seed=5)
    assert np.abs(numpy(random(PHOTOS)) - numpy(original(PHOTOS))).max() > 1e-3
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(numpy(again(pixels)), numpy(model(pixels)), rtol=1e-4, atol=1e-4)


def test_images_of_another_size_are_resized_for_a_fixed_one():
    config = {**ENCODERS["ViTBackbone"], "image_shape": (8, 8, 1)}
    trunk = get("keras_hub:ViTBackbone", input_shape=(12, 12, 1), seed=1, **config)
    plain = get("keras_hub:ViTBackbone", input_shape=(8, 8, 1), seed=1, **config)
    images = np.repeat(np.repeat(IMAGES, 2, axis=1), 2, axis=2)[:, 2:14, 2:14]
    resized = keras.layers.Resizing(8, 8)(images)
    np.testing.assert_allclose(numpy(trunk(images)), numpy(plain(resized)), rtol=1e-4, atol=1e-5)


def test_a_whole_clip_stands_for_its_vision_encoder():
    vision = keras_hub.models.CLIPVisionEncoder(**ENCODERS["CLIPVisionEncoder"], image_shape=(8, 8, 1))
    text = keras_hub.models.CLIPTextEncoder(
        vocabulary_size=4,
        embedding_dim=8,
        hidden_dim=8,
        num_layers=1,
        num_heads=1,
        intermediate_dim=8,
        max_sequence_length=4,
    )
    clip = keras_hub.models.CLIPBackbone(vision, text, projection_dim=8)
    expected = numpy(vision({"images": IMAGES}))[:, 0]
    np.testing.assert_allclose(numpy(from_model(clip)(IMAGES)), expected, rtol=1e-5, atol=1e-6)
    assert pixel_statistics(from_model(clip)) is None


def test_what_cannot_be_made_says_why():
    with pytest.raises(ValueError, match="needs its configuration.*patch_size"):
        get("keras_hub:ViTBackbone")
    with pytest.raises(ValueError, match="no_such_preset"):
        get("keras_hub:no_such_preset")
