"""The head that is trained again on all images; that a recipe measures out of fold is in tests/training."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads, recipes
from ltzoo.heads.calibration_fit import Calibration
from ltzoo.heads.linear import linear_weights
from ltzoo.protocols import OutOfFold
from tests import tiny

COUNTS = [6, 3, 1]
FEATURES = np.random.default_rng(0).standard_normal((5, 4)).astype("float32")


def built(config, scale=None, **context):
    head = heads.get(config, 3, scale, name="head", **context)
    head.build((None, 4))
    return head


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


class Context:
    """Trains the previous head "again": its weights become twos."""

    def __init__(self, previous):
        self.previous = previous

    def refit(self, folds):
        self.folds = folds
        self.previous.kernel.assign(2 * np.ones((4, 3)))
        logits = np.repeat(np.eye(3), [6, 3, 1], axis=0)
        return OutOfFold(logits, np.repeat([0, 1, 2], [6, 3, 1]), np.arange(10))

    def keep_out_of_fold(self, found):
        self.kept = found


@pytest.mark.parametrize("scale", [None, 4.0])
def test_it_copies_the_head_after_its_last_training_and_calibrates_it(scale):
    previous = built({"name": "dense", "bias_initializer": "normal"})
    head = built({"name": "cross_fitted", "folds": 3}, scale, class_counts=COUNTS)
    context = Context(previous)
    heads.begin(head, previous, context)
    assert context.folds == 3
    factor, share = numbers(head.calibration.value)
    assert factor > 1.0  # All predictions are right.
    np.testing.assert_allclose(
        context.kept.logits[0], [factor, 0, 0] + share * np.log(np.array(COUNTS) / 10), rtol=1e-5
    )
    plain = FEATURES @ (2 * np.ones((4, 3))) + numbers(previous.bias.value)
    expected = factor * plain + share * np.log(np.array(COUNTS) / 10)
    np.testing.assert_allclose(numbers(head(FEATURES)), expected, rtol=1e-5, atol=1e-5)
    kernel, bias = linear_weights(head)
    np.testing.assert_allclose(FEATURES @ kernel + bias, expected, rtol=1e-5, atol=1e-5)
    assert sorted(weight.name for weight in head.trainable_variables) == ["bias", "kernel"]


def test_it_stays_in_a_later_stage_and_in_a_file(tmp_path):
    head = built({"name": "cross_fitted", "target": "data"}, class_counts=COUNTS)
    head.set_weights_of(built({"name": "dense"}), Calibration(1.5, 0.25))
    head.begin(head, None)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, head(inputs))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.layers[-1].get_config() == head.get_config()
    np.testing.assert_allclose(numbers(copy.layers[-1].calibration.value), [1.5, 0.25])
    np.testing.assert_array_equal(numbers(copy(FEATURES)), numbers(model(FEATURES)))


def test_bad_arguments():
    with pytest.raises(ValueError, match="`folds` must be 2 or more"):
        built({"name": "cross_fitted", "folds": 1}, class_counts=COUNTS)
    with pytest.raises(ValueError, match="`target`"):
        built({"name": "cross_fitted", "target": "balanced"}, class_counts=COUNTS)
    with pytest.raises(ValueError, match="previous=NormalizedDense"):
        head = built({"name": "cross_fitted"}, class_counts=COUNTS)
        head.begin(built({"name": "normalized_dense"}), None)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"cache_features": False}, "cache_features=False"),
        ({"head": {"name": "cross_fitted"}}, "no stage"),
    ],
)
def test_recipes_that_cannot_repeat_a_stage_are_refused_when_a_model_is_built(overrides, words):
    with pytest.raises(ValueError, match=words):
        tiny.model(recipes.get("transfer", **overrides))
