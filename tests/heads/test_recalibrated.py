"""The head of two learned numbers; that a recipe trains nothing else is in recipes/test_best.py."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.heads.linear import linear_weights

COUNTS = [6, 3, 1]
FEATURES = np.random.default_rng(0).standard_normal((5, 4)).astype("float32")


def built(config, scale=None, **context):
    head = heads.get(config, 3, scale, name="head", **context)
    head.build((None, 4))
    return head


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("scale", [None, 2.0])
def test_logits_by_the_formula(scale):
    before = built({"name": "dense", "bias_initializer": "normal"})
    head = built({"name": "recalibrated"}, scale, class_counts=COUNTS)
    head.begin(before, None)
    plain, scale = numbers(before(FEATURES)), scale or 1.0
    np.testing.assert_allclose(numbers(head(FEATURES)), scale * plain, rtol=1e-5, atol=1e-6)
    head.factor.assign(1.5)
    head.prior_share.assign(0.25)
    expected = scale * (1.5 * plain + 0.25 * np.log(np.array(COUNTS) / 10))
    np.testing.assert_allclose(numbers(head(FEATURES)), expected, rtol=1e-5, atol=1e-5)
    kernel, bias = linear_weights(head)
    np.testing.assert_allclose(FEATURES @ kernel + bias, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(head.class_vectors(), 1.5 * numbers(before.kernel.value), rtol=1e-6)
    assert sorted(weight.name for weight in head.trainable_variables) == ["factor", "prior_share"]


def test_its_numbers_stay_when_a_later_stage_goes_on_with_it_and_in_a_file(tmp_path):
    head = built({"name": "recalibrated"}, class_counts=COUNTS)
    head.factor.assign(1.5)
    head.prior_share.assign(0.25)
    head.begin(head, None)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, head(inputs))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.layers[-1].get_config() == head.get_config()
    np.testing.assert_array_equal(numbers(copy(FEATURES)), numbers(model(FEATURES)))


def test_float32_under_mixed_precision():
    head = built({"name": "recalibrated"}, class_counts=COUNTS, dtype="mixed_float16")
    assert numbers(head(ops.cast(FEATURES, "float16"))).dtype == np.float32


def test_bad_arguments():
    with pytest.raises(ValueError, match="length 2"):
        built({"name": "recalibrated"}, class_counts=[3, 2])
    head = built({"name": "recalibrated"}, class_counts=COUNTS)
    with pytest.raises(ValueError, match="previous=None"):
        head.begin(None, None)
    with pytest.raises(ValueError, match="previous=NormalizedDense"):
        head.begin(built({"name": "normalized_dense"}), None)
