"""The cosine classifier that starts from the class means."""

import types

import keras
import numpy as np
import pytest

from ltzoo import heads
from ltzoo.heads.class_means import class_means

FEATURES = np.random.default_rng(0).normal(size=(9, 4))
LABELS = np.array([0, 1, 2, 0, 1, 0, 0, 2, 1])


def head_and_context(scale=None):
    head = heads.get({"name": "class_mean_cosine"}, 3, scale)
    head.build((None, 4))
    return head, types.SimpleNamespace(features=lambda: (FEATURES, LABELS))


def test_it_begins_as_the_classifier_by_the_nearest_mean_in_angle():
    head, context = head_and_context()
    heads.begin(head, None, context)
    means = np.stack([FEATURES[label == LABELS].mean(axis=0) for label in range(3)])
    expected = 25 * (FEATURES @ means.T) / np.linalg.norm(FEATURES, axis=1, keepdims=True)
    expected = expected / np.linalg.norm(means, axis=1)
    logits = keras.ops.convert_to_numpy(head(FEATURES.astype("float32")))
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        np.linalg.norm(keras.ops.convert_to_numpy(head.kernel), axis=0), 1.0, rtol=1e-5
    )


def test_a_second_stage_with_it_goes_on_with_what_it_learned():
    head, context = head_and_context(scale=7.0)
    heads.begin(head, None, context)
    head.kernel.assign(np.ones((4, 3)))
    heads.begin(head, head, context)
    assert (keras.ops.convert_to_numpy(head.kernel) == 1).all()
    assert head.scale == 7.0
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(head))
    assert again.get_config() == head.get_config()


def test_every_class_needs_an_image():
    with pytest.raises(ValueError, match="at least one image"):
        class_means(FEATURES, LABELS, 4)
    with pytest.raises(ValueError, match="at least one image"):
        class_means(FEATURES, LABELS, 2)
