"""The head of post-hoc logit adjustment; its formula on reference numbers is in test_reference_cases.py."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.heads.linear import linear_weights
from tests import tiny

COUNTS = [6, 3, 1]
FEATURES = np.random.default_rng(0).standard_normal((5, 4)).astype("float32")


def built(config, **context):
    head = heads.get(config, 3, name="head", **context)
    head.build((None, 4))
    return head


def test_logits_of_the_head_before_without_the_prior():
    before = built({"name": "dense", "bias_initializer": "normal"})
    head = built({"name": "logit_adjusted", "tau": 0.5}, class_counts=COUNTS)
    head.begin(before, None)
    expected = ops.convert_to_numpy(before(FEATURES)) - 0.5 * np.log(np.array(COUNTS) / 10)
    np.testing.assert_allclose(ops.convert_to_numpy(head(FEATURES)), expected, rtol=1e-5, atol=1e-6)
    kernel, bias = linear_weights(head)
    np.testing.assert_allclose(FEATURES @ kernel + bias, expected, rtol=1e-5, atol=1e-6)
    copy = keras.layers.deserialize(keras.layers.serialize(head))
    assert copy.get_config() == head.get_config()


def test_scale_comes_before_the_prior():
    scaled = heads.get({"name": "logit_adjusted"}, 3, 2.0, class_counts=COUNTS)
    scaled.build((None, 4))
    expected = 2 * FEATURES @ ops.convert_to_numpy(scaled.kernel.value) - np.log(np.array(COUNTS) / 10)
    np.testing.assert_allclose(ops.convert_to_numpy(scaled(FEATURES)), expected, rtol=1e-5, atol=1e-6)
    kernel, bias = linear_weights(scaled)
    np.testing.assert_allclose(FEATURES @ kernel + bias, expected, rtol=1e-5, atol=1e-6)


def test_a_trained_model_predicts_by_the_formula():
    """`test_every_recipe` trains it; here the two heads of one model are compared."""
    model = tiny.model("logit_adjustment_post_hoc", epochs=(1, 0))
    dataset = tiny.dataset()
    model.fit(dataset, verbose=0, validate=False)
    assert [type(head).__name__ for head in model.heads] == ["Dense", "LogitAdjusted"]
    images = dataset.test.load(np.arange(4))
    features = model.extract_features_on_batch(images)
    prior = np.array(tiny.CLASS_COUNTS) / sum(tiny.CLASS_COUNTS)
    expected = ops.convert_to_numpy(model.heads[0](features)) - np.log(prior)
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_bad_arguments():
    with pytest.raises(ValueError, match="length 2"):
        built({"name": "logit_adjusted"}, class_counts=[3, 2])
    with pytest.raises(ValueError, match="class_counts"):
        built({"name": "logit_adjusted"})
    with pytest.raises(ValueError, match="previous=NormalizedDense"):
        built({"name": "logit_adjusted"}, class_counts=COUNTS).begin(
            built({"name": "normalized_dense"}), None
        )
