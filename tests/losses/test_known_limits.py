"""What holds for every loss by its name: uniform counts, extreme logits, half precision, labels, gradient, config."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import losses
from tests.gradients import value_and_gradient
from tests.losses.loss_checks import COUNTS, batch

SCALE = 8.0
# JAX has no float64 unless it is switched on, and keras.ops.mean lowers it to float32 on PyTorch.
# (number type, step of the differences, error as a share of the gradient)
PRECISION = ("float64", 1e-5, 1e-7) if keras.backend.backend() == "tensorflow" else ("float32", 1e-2, 5e-3)

# With uniform counts a loss is cross-entropy, with these arguments:
UNIFORM = {
    "adaptive_batch_confusion": {"tau": 0.0},
    "class_balanced_focal": {"gamma": 0.0, "activation": "softmax"},
    "focal": {"gamma": 0.0},
    "label_aware_smoothing": {"smooth_head": 0.0},
    "lade": {"alpha": 0.0},
    "ldam": {"max_margin": 0.0},
    "seesaw": {"q": 0.0},
}
# These never are, and why:
NEVER_CROSS_ENTROPY = {
    "adaptive_logit_adjustment": "equally frequent classes all count as the rarest; the margin of difficulty stays",
    "class_balanced_softmax_bce": "binary cross-entropies of all softmax outputs are averaged over the classes",
}
# Arguments without which a part of the loss is a constant in differentiation:
DIFFERENTIABLE = {
    "adaptive_logit_adjustment": {"detach_difficulty": False},
    "seesaw": {"q": 0.0},
}

NAMES = losses.names()
each_loss = pytest.mark.parametrize("name", NAMES)


def make(name, counts=COUNTS, reduction="sum_over_batch_size", dtype=None, **arguments):
    config = {"name": name, "reduction": reduction, "dtype": dtype, **arguments}
    return losses.get(config, class_counts=[int(n) for n in counts], scale=SCALE, from_cosine=False)


def data():
    """Predictions in [-SCALE, SCALE], so that they may be scaled cosines."""
    cosine, integers, soft = batch(bounded=True)
    return SCALE * 0.95 * cosine, integers, soft


def test_tables_name_losses():
    assert {*UNIFORM, *NEVER_CROSS_ENTROPY, *DIFFERENTIABLE} <= set(NAMES)


@each_loss
def test_uniform_counts_are_cross_entropy(name):
    logits, integers, soft = data()
    loss = make(name, counts=[7] * 5, **UNIFORM.get(name, {}))
    for labels in (integers, soft):
        actual, expected = (float(f(labels, logits.astype("float32"))) for f in (loss, losses.CrossEntropy()))
        if name in NEVER_CROSS_ENTROPY:
            assert abs(actual - expected) > 1e-3 * expected
        else:
            assert actual == pytest.approx(expected, rel=2e-5)


@each_loss
def test_huge_and_masked_logits_stay_finite(name):
    logits, integers, _ = data()
    classes = logits.shape[1]
    huge = 1e4 * np.sign(logits)
    huge[0] = 1e4
    masked = logits.copy()
    masked[np.arange(len(masked)), (integers + 1) % classes] = np.finfo("float32").min
    everything = np.full(huge.shape, 1.0 / classes)
    for x, labels in (
        (huge, integers),
        (huge, everything),
        (masked, integers),
        (masked, np.eye(classes)[integers]),
    ):
        value, gradient = value_and_gradient(lambda z, y=labels: make(name)(y, z), x)
        assert np.isfinite(value) and np.isfinite(gradient).all()


@each_loss
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(name, dtype):
    logits, integers, _ = data()
    half = ops.cast(ops.convert_to_tensor(logits, "float32"), dtype)
    loss = make(name, reduction=None)
    result = loss.call(ops.convert_to_tensor(integers), half)
    assert keras.backend.standardize_dtype(result.dtype) == "float32" and result.shape == (len(integers),)
    full = loss.call(ops.convert_to_tensor(integers), ops.cast(half, "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(result), ops.convert_to_numpy(full))


@each_loss
def test_integer_one_hot_and_column_labels_agree(name):
    logits, integers, _ = data()
    loss = make(name, reduction=None)
    by_label = [
        ops.convert_to_numpy(loss(labels, logits.astype("float32")))
        for labels in (integers, integers[:, None], np.eye(logits.shape[1])[integers])
    ]
    assert by_label[0].shape == integers.shape
    for other in by_label[1:]:
        np.testing.assert_allclose(other, by_label[0], rtol=1e-5, atol=1e-6)


@each_loss
def test_gradient_agrees_with_finite_differences(name):
    dtype, step, tolerance = PRECISION
    logits, integers, soft = data()
    loss = make(name, dtype=dtype, **DIFFERENTIABLE.get(name, {}))
    for labels, seed in ((integers, 1), (soft, 2)):
        direction = np.random.default_rng(seed).standard_normal(logits.shape)
        direction /= np.linalg.norm(direction)
        _, gradient = value_and_gradient(lambda z, y=labels: loss(y, z), logits, dtype)
        ahead, behind = (
            float(loss(labels, (logits + sign * step * direction).astype(dtype))) for sign in (1.0, -1.0)
        )
        error = abs((gradient * direction).sum() - (ahead - behind) / (2 * step))
        assert error <= tolerance * np.linalg.norm(gradient)


@each_loss
def test_config_makes_the_same_loss(name):
    logits, _, soft = data()
    loss = make(name)
    config = json.loads(json.dumps(keras.losses.serialize(loss)))
    copy = keras.losses.deserialize(config)
    assert type(copy) is type(loss) and copy.get_config() == loss.get_config()
    assert float(copy(soft, logits.astype("float32"))) == float(loss(soft, logits.astype("float32")))
