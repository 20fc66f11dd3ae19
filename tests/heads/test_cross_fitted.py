"""The head that is trained again on all images; that a recipe measures out of fold is in tests/training."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads, recipes
from ltzoo.heads.closed_forms import CLOSED_FORMS
from ltzoo.heads.linear import linear_weights
from ltzoo.protocols import OutOfFold
from tests import tiny

COUNTS = [6, 3, 1]
FOLDED = np.random.default_rng(1).gamma(2.0, size=(10, 4)).astype("float32")
FOLDED[:, :3] += 4 * np.repeat(np.eye(3, dtype="float32"), [6, 3, 1], axis=0)
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

    def fold_features(self, folds):
        return FOLDED, np.repeat([0, 1, 2], [6, 3, 1]), np.arange(10) % folds

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
    previous = built({"name": "dense"})
    heads.begin(head, previous, Context(previous))
    calibration = numbers(head.calibration.value)
    head.begin(head, None)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, head(inputs))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.layers[-1].get_config() == head.get_config()
    np.testing.assert_array_equal(numbers(copy.layers[-1].calibration.value), calibration)
    np.testing.assert_array_equal(numbers(copy(FEATURES)), numbers(model(FEATURES)))


@pytest.mark.parametrize("square_root", [False, True])
def test_it_adds_classifiers_with_formulas(square_root):
    previous = built({"name": "standardized", "square_root": square_root})
    previous.center.assign([0.5, 1.0, 0.0, 2.0])
    config = {"name": "cross_fitted", "folds": 2, "others": ["discriminant", "least_squares"]}
    head = built({**config, "square_root": square_root}, class_counts=COUNTS)
    context = Context(previous)
    # Without the answers in the logits, the others are of use.
    labels = np.repeat([0, 1, 2], [6, 3, 1])
    guesses = OutOfFold(np.random.default_rng(2).normal(size=(10, 3)), labels, np.arange(10))
    context.refit = lambda folds: guesses
    heads.begin(head, previous, context)
    *factors, share = numbers(head.calibration.value)
    assert len(factors) == 3 and min(factors) >= 0 and max(factors[1:]) > 0
    roots = np.sign(FOLDED) * np.sqrt(np.abs(FOLDED) + 1e-6) if square_root else FOLDED
    members = [numbers(previous(FOLDED))]
    members += [fit(roots, labels, 3).logits(roots) for fit in CLOSED_FORMS.values()]
    expected = np.tensordot(factors, members, axes=1) + share * np.log(np.array(COUNTS) / 10)
    np.testing.assert_allclose(numbers(head(FOLDED)), expected, rtol=1e-4, atol=1e-4)
    fold = np.arange(10) % 2
    left_out = []
    for fit in CLOSED_FORMS.values():
        one, two = (fit(roots[fold != number], labels[fold != number], 3).logits(roots) for number in (0, 1))
        left_out.append(np.where((fold == 0)[:, None], one, two))
    expected = np.tensordot(factors, [guesses.logits, *left_out], axes=1)
    expected += share * np.log(np.array(COUNTS) / 10)
    np.testing.assert_allclose(context.kept.logits, expected, rtol=1e-4, atol=1e-4)


def test_square_roots_are_no_dense_layer():
    previous = built({"name": "standardized", "square_root": True})
    head = built({"name": "cross_fitted", "square_root": True}, class_counts=COUNTS)
    heads.begin(head, previous, Context(previous))
    for rooted in (previous, head):
        with pytest.raises(ValueError, match="without square_root=True"):
            linear_weights(rooted)
    with pytest.raises(ValueError, match="`square_root` must be the same"):
        heads.begin(built({"name": "cross_fitted"}, class_counts=COUNTS), previous, Context(previous))


def test_bad_arguments():
    with pytest.raises(ValueError, match="`others`"):
        built({"name": "cross_fitted", "others": ["forest"]}, class_counts=COUNTS)
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
