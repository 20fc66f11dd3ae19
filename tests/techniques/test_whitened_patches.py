import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo.keras_internals import layers_of
from ltzoo.techniques.whitened_patches import patches_of, whitening_filters
from ltzoo.training.context import StageContext
from tests import tiny


def blobs(count, height=16, width=16):
    """Dark spots on white, as one channel: the gray photographs of a microscope."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    center_y, center_x = (generator.uniform(0, side, (count, 1, 1)) for side in (height, width))
    size = generator.uniform(1, 4, (count, 1, 1))
    spots = np.exp(-((y - center_y) ** 2 + (x - center_x) ** 2) / (2 * size**2))
    noisy = 250 - 200 * spots + generator.normal(0, 3, (count, height, width))
    return np.clip(noisy, 0, 255)[..., None]


def images_of(kind, count=64):
    gray, generator = blobs(count), np.random.default_rng(1)
    made = {
        "gray as RGB": gray.repeat(3, -1),
        "toned": gray * [1.0, 0.9, 0.7],
        "one channel": gray,
        "color": gray
        + generator.normal(0, 20, (count, 1, 1, 3))
        + generator.normal(0, 8, (count, 16, 16, 3)),
        "constant": np.full((count, 16, 16, 3), 77),
        "flat": np.broadcast_to(generator.integers(0, 255, (count, 1, 1, 3)), (count, 16, 16, 3)),
        "two pixels high": blobs(count, height=2).repeat(3, -1),
        "one patch": generator.integers(0, 255, (2, 2, 2, 3)),
    }[kind]
    return np.clip(made, 0, 255).astype("uint8")


def begun(images, precision="float32"):
    """A fastnet whose first stage has begun, and its layer "whiten"."""
    dataset = ltzoo.data.from_arrays(images, np.arange(len(images)) % 2)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model = ltzoo.models.build({"name": "fastnet", "widths": (4, 6)}, "fast", dataset, seed=0)
    finally:
        keras.config.set_dtype_policy(before)
    model.enter_stage(0)
    model.begin_stage(StageContext(model, dataset, 0, 1))
    return model, next(layer for layer in layers_of(model.backbone) if layer.name == "whiten")


def filters_of(layer):
    kernel = ops.convert_to_numpy(layer.kernel)
    return kernel.reshape(-1, kernel.shape[-1])


RANKS = {
    "gray as RGB": 4,
    "toned": 4,
    "one channel": 4,
    "color": 12,
    "constant": 0,
    "flat": 3,
    "two pixels high": 4,
    "one patch": 2,
}


@pytest.mark.parametrize("kind", RANKS)
def test_only_directions_in_which_patches_vary_get_filters(kind):
    images = images_of(kind)
    model, layer = begun(images)
    filters = filters_of(layer)
    used = np.abs(filters).max(axis=0) > 0
    half = filters.shape[1] // 2
    if kind == "constant":  # The mean has four decimals, so one flat direction may be left of it.
        assert used.sum() in (0, 2)
        return
    assert used[:half].sum() == used[half:].sum() == RANKS[kind]
    pixels = ops.convert_to_numpy(model.normalize_images(images, training=False))
    channels = patches_of(pixels, 2, 2) @ filters
    assert np.sqrt(np.square(channels).mean(axis=0)).max() < 1.001


@pytest.mark.parametrize("kind", [kind for kind in RANKS if kind != "constant"])
def test_half_precision_keeps_filters_and_feature_maps(kind):
    images = images_of(kind)
    exact, layer = begun(images)
    rounded, half = begun(images, "mixed_bfloat16")
    np.testing.assert_array_equal(filters_of(layer), filters_of(half))
    assert half.compute_dtype == "float32"
    rounded.set_weights([ops.convert_to_numpy(weight.value) for weight in exact.weights])
    a, b = (
        ops.convert_to_numpy(ops.cast(model.feature_map(images, training=False), "float32"))
        for model in (exact, rounded)
    )
    assert np.linalg.norm(a - b) < 0.1 * np.linalg.norm(a)


def test_float64_stays():
    _, layer = begun(images_of("color", 8), "float64")
    assert layer.compute_dtype == "float64"


@pytest.mark.parametrize("tolerance", [-0.1, 1.0, np.nan])
def test_a_wrong_tolerance_is_refused(tolerance):
    with pytest.raises(ValueError, match="tolerance="):
        ltzoo.techniques.get({"name": "whitened_patches", "tolerance": tolerance})


def test_patches_are_all_windows():
    images = np.arange(2 * 3 * 4 * 2.0).reshape(2, 3, 4, 2)
    patches = patches_of(images, 2, 2)
    assert patches.shape == (2 * 2 * 3, 8)
    np.testing.assert_array_equal(patches[4], images[0, 1:3, 1:3].reshape(-1))


def test_filters_whiten():
    generator = np.random.default_rng(0)
    samples = generator.standard_normal((5000, 6)) @ generator.standard_normal((6, 6))
    second = samples.T @ samples / len(samples)
    whitened = samples @ whitening_filters(second, 0.0).T
    np.testing.assert_allclose(whitened.T @ whitened / len(samples), np.eye(6), atol=1e-8)


def test_first_layer_whitens_the_training_images_and_keeps_both_signs():
    dataset = tiny.dataset()
    recipe = ltzoo.recipes.get(
        "cross_entropy",
        epochs=(1,),
        batch_size=16,
        augmentation=[],
        trainable=["stage*"],
        technique={"name": "whitened_patches", "epsilon": 0.0},
    )
    model = ltzoo.models.build({"name": "fastnet", "widths": (4,)}, recipe, dataset, seed=0)
    model.fit(dataset, verbose=0)
    kernel = ops.convert_to_numpy(model.backbone.get_layer("whiten").kernel).reshape(4, 8)
    np.testing.assert_array_equal(kernel[:, 4:], -kernel[:, :4])
    pixels = model.normalize_images(dataset.train.load(np.arange(40)), training=False)
    whitened = patches_of(ops.convert_to_numpy(pixels), 2, 2) @ kernel[:, :4]
    np.testing.assert_allclose(whitened.T @ whitened / len(whitened), np.eye(4), atol=1e-4)


def test_another_backbone_is_refused():
    with pytest.raises(ValueError, match="layer='whiten'.*tiny_cnn"):
        tiny.model("cross_entropy", technique={"name": "whitened_patches"})
