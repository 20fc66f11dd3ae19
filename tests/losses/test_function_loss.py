"""The class-weighted mean over the batch, under every reduction and with sample weights."""

import keras
import numpy as np
import pytest

from ltzoo.losses import LDAM, ClassBalancedCrossentropy, ClassBalancedFocal
from ltzoo.losses.function_loss import check_average
from tests.losses.loss_checks import COUNTS, batch

WEIGHTS = np.array([0.2, 0.5, 1.0, 2.0, 3.0])
SAMPLES = np.array([1.0, 0.0, 2.0, 0.5, 1.0, 3.0, 0.25])


def numbers(soft):
    """Loss and class weight of each image, in float64; LDAM without margin is class-weighted cross-entropy."""
    logits, integers, shares = batch()
    labels = shares if soft else np.eye(5)[integers]
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return logits.astype("float32"), labels, -(labels * WEIGHTS * log_p).sum(1), labels @ WEIGHTS


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(
    "reduction, divisor",
    [
        ("sum_over_batch_size", lambda s, w: w.sum()),
        ("mean_with_sample_weight", lambda s, w: (s * w).sum()),
        ("sum", lambda s, w: w.mean()),
    ],
)
def test_weighted_mean(reduction, divisor, soft):
    logits, labels, losses, weights = numbers(soft)
    loss = LDAM(COUNTS, max_margin=0.0, class_weight=WEIGHTS, from_cosine=False, reduction=reduction)
    plain = losses.sum() / divisor(np.ones(7), weights)
    assert float(loss(labels, logits)) == pytest.approx(plain, rel=1e-5)
    for samples in (SAMPLES, SAMPLES[:, None].astype("float32")):
        expected = (SAMPLES * losses).sum() / divisor(SAMPLES, weights)
        assert float(loss(labels, logits, sample_weight=samples)) == pytest.approx(expected, rel=1e-5)


def test_without_reduction():
    logits, labels, losses, weights = numbers(soft=True)
    loss = LDAM(COUNTS, max_margin=0.0, class_weight=WEIGHTS, from_cosine=False, reduction=None)
    actual = keras.ops.convert_to_numpy(loss(labels, logits))
    np.testing.assert_allclose(actual, losses / weights.mean(), rtol=1e-5)


def test_in_a_compiled_model():
    logits, labels, losses, weights = numbers(soft=False)
    inputs = keras.Input((5,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(
        loss=LDAM(COUNTS, max_margin=0.0, class_weight=WEIGHTS, from_cosine=False), jit_compile=False
    )
    value = model.test_on_batch(logits, labels.argmax(1))
    assert float(value) == pytest.approx(losses.sum() / weights.sum(), rel=1e-5)


def test_arguments_are_the_constructors():
    loss = ClassBalancedFocal(COUNTS, gamma=2.0, name="cbf")
    assert set(loss.arguments()) == {"class_counts", "beta", "gamma", "activation", "average"}
    assert loss.get_config()["class_counts"] == COUNTS.tolist() and loss.name == "cbf"
    for bad in (ClassBalancedCrossentropy, ClassBalancedFocal):
        with pytest.raises(ValueError, match="average='mean'"):
            bad(COUNTS, average="mean")
    assert check_average("batch") == "batch"
