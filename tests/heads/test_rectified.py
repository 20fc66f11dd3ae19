import dataclasses

import keras
import numpy as np
from keras import ops

from ltzoo import heads
from tests import tiny

FEATURES = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")


def make(scale=None, **arguments):
    head = heads.get({"name": "rectified", **arguments}, 3, scale, name="head_2")
    head.build((None, 5))
    return head


def value(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def test_logits_of_the_inner_head_are_standardized():
    head = make()
    z = FEATURES @ value(head.kernel) + value(head.head.bias)
    expected = (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-5)
    np.testing.assert_allclose(value(head(FEATURES, training=True)), expected, atol=1e-4)
    mean, variance = 0.1 * z.mean(0), 0.9 + 0.1 * z.var(0)
    np.testing.assert_allclose(value(head(FEATURES)), (z - mean) / np.sqrt(variance + 1e-5), atol=1e-4)
    assert head.compute_output_shape((None, 5)) == (None, 3)
    half = head(ops.cast(FEATURES, "float16"))
    assert keras.backend.standardize_dtype(half.dtype) == "float32"
    assert not hasattr(head, "scale") and not head.takes_feature_map


def test_other_inner_heads_and_configuration():
    head = make(scale=16.0, head={"name": "normalized_dense"}, affine=True, momentum=0.8, epsilon=1e-3)
    head.scale = 20.0
    assert head.head.scale == 20.0 and head.scale == 20.0
    assert len(head.trainable_variables) == 3
    copy = type(head).from_config(head.get_config())
    assert copy.get_config() == head.get_config() and copy.scale == 20.0


def test_takes_over_from_linear_and_from_rectified_heads():
    linear = heads.get({"name": "dense"}, 3)
    linear.build((None, 5))
    first, second = make(), make()
    heads.begin(first, linear, context=None)
    np.testing.assert_array_equal(value(first.kernel), value(linear.kernel))
    value(first(FEATURES, training=True))
    heads.begin(second, first, context=None)
    np.testing.assert_allclose(value(second(FEATURES)), value(first(FEATURES)), atol=1e-6)
    before = value(first.rectification.moving_mean)
    heads.begin(first, first, context=None)
    np.testing.assert_array_equal(value(first.rectification.moving_mean), before)


def test_trains_and_survives_a_file(tmp_path):
    recipe = dataclasses.replace(tiny.recipe("cross_entropy", epochs=1), head={"name": "rectified"})
    model = tiny.model(recipe)
    dataset = tiny.dataset()
    model.fit(dataset, verbose=0)
    assert np.abs(value(model.head.rectification.moving_variance) - 1).max() > 1e-3
    images = dataset.test.load(np.arange(8))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        copy.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-5, atol=1e-5
    )
