"""Class activation maps and masks: what the reference cases do not have."""

import numpy as np
from keras import ops

from ltzoo.techniques import feature_space

RANDOM = np.random.default_rng(5)


def test_the_mean_of_the_map_is_the_logit_without_bias():
    features, kernel = RANDOM.normal(size=(4, 3, 2, 5)), RANDOM.normal(size=(5, 6))
    labels = np.array([5, 0, 3, 3])
    maps = feature_space.class_activation_maps(
        ops.convert_to_tensor(features, "float32"), ops.convert_to_tensor(kernel, "float32"), labels
    )
    logits = (features.mean(axis=(1, 2)) @ kernel)[np.arange(4), labels]
    np.testing.assert_allclose(ops.convert_to_numpy(maps).mean(axis=(1, 2)), logits, rtol=1e-4, atol=1e-5)
    half = feature_space.class_activation_maps(
        ops.convert_to_tensor(features, "float16"), ops.convert_to_tensor(kernel, "float32"), labels
    )
    assert ops.convert_to_numpy(half).dtype == np.float32


def test_maps_that_are_the_same_everywhere_have_no_locations():
    maps = np.full((3, 2, 2), -1.0, "float32")
    maps[1] = [[-4.0, -3.0], [-2.0, -1.0]]
    maps[2] = [[-1.0, 1e30], [0.0, 2.0]]
    plain = ops.convert_to_numpy(feature_space.normalize_maps(ops.convert_to_tensor(maps)))
    np.testing.assert_allclose(plain[0], 0.0)
    np.testing.assert_allclose(plain[1], [[0.0, 1 / 3], [2 / 3, 1.0]], rtol=1e-6)
    np.testing.assert_allclose(plain[2], [[0.0, 1.0], [0.0, 0.0]], atol=1e-6)
    # Without a positive value Grad-CAM is 0 everywhere, and min-max would be 0/0.
    rectified = feature_space.normalize_maps(ops.convert_to_tensor(maps), rectify=True)
    assert np.count_nonzero(ops.convert_to_numpy(rectified)[:2]) == 0
    specific, generic = (ops.convert_to_numpy(x) for x in feature_space.class_masks(rectified))
    assert not specific[:2].any() and not generic[:2].any()
    assert specific[2].sum() == 1 and generic[2].sum() == 3


def test_thresholds_are_strict():
    maps = ops.convert_to_tensor(np.array([[[0.0, 0.25, 0.5, 1.0]]], "float32"))
    specific, generic = feature_space.class_masks(maps, 0.5, 0.25)
    assert ops.convert_to_numpy(specific).tolist() == [[[False, False, False, True]]]
    assert ops.convert_to_numpy(generic).tolist() == [[[True, False, False, False]]]
