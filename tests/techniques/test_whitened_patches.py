import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo.techniques.whitened_patches import patches_of, whitening_filters
from tests import tiny


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
