import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import techniques
from ltzoo.losses import cross_entropy, equalization

COUNTS = [500, 120, 40, 9, 3]


def make(**arguments):
    return techniques.get({"name": "equalization", **arguments}, class_counts=COUNTS, num_classes=5, seed=3)


def batch():
    rng = np.random.default_rng(0)
    return rng.integers(0, 5, 16), ops.convert_to_tensor(rng.standard_normal((16, 5)), "float32")


def test_extremes_of_gamma():
    labels, logits = batch()
    without = float(make(gamma=0.0, threshold=0.1).loss(None, labels, logits, None, None))
    np.testing.assert_allclose(without, float(ops.mean(cross_entropy(labels, logits))), rtol=1e-5)
    always = float(make(gamma=1.0, threshold=0.1).loss(None, labels, logits, None, None))
    expected = ops.mean(equalization(labels, logits, class_counts=COUNTS, threshold=0.1, beta=1.0))
    np.testing.assert_allclose(always, float(expected), rtol=1e-5)


def test_draws_for_every_image_and_class_are_fresh_and_repeatable():
    """Images of one class with equal logits: exp(loss) counts the classes that are left in the softmax."""
    labels, logits = np.zeros(400, int), ops.zeros((400, 5))
    technique = make(gamma=0.75, threshold=0.1)
    first, second = (float(technique.loss(None, labels, logits, None, None)) for _ in range(2))
    assert first != second
    again = make(gamma=0.75, threshold=0.1)
    assert float(again.loss(None, labels, logits, None, None)) == first
    # The number left of three rare classes is binomial (3, 1/4); two classes always stay.
    left = [(27, 2), (27, 3), (9, 4), (1, 5)]
    expected = sum(weight / 64 * np.log(number) for weight, number in left)
    np.testing.assert_allclose(np.mean([first, second]), expected, atol=0.03)


def test_config_and_bad_arguments():
    technique = make(gamma=0.5)
    copy = type(technique).from_config(technique.get_config())
    assert copy.get_config() == technique.get_config() and copy.gamma == 0.5
    assert isinstance(technique.seed_generator, keras.random.SeedGenerator) and technique.variables
    with pytest.raises(ValueError, match="gamma=2"):
        make(gamma=2)
