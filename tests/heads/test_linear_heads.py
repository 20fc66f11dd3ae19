"""Heads that are trained: DisAlign, cosnorm, weight normalization, learned scales; what all heads share."""

import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.heads.linear import linear_weights
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(1)
X, W, B = (RANDOM.normal(size=shape) for shape in ((6, 5), (5, 4), (4,)))
NAMES = ("cosnorm", "disalign", "log_n", "nearest_class_mean", "tau_normalized", "weight_normalized")


def make(name, **arguments):
    head = heads.get({"name": name, **arguments}, 4, name="head_2")
    head.build((None, 5))
    return head


def dense():
    head = make("dense")
    head.kernel.assign(W)
    head.bias.assign(B)
    return head


def value(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_disalign_interpolates_between_the_classifier_and_its_calibration():
    head = make("disalign")
    head.begin(dense(), None)
    plain = X @ W + B
    confidence = sigmoid(X.sum(1, keepdims=True) * 0.1)
    np.testing.assert_allclose(
        value(head(X.astype("float32"))), (1 + confidence) * plain, rtol=1e-5, atol=1e-5
    )
    assert sorted(v.name for v in head.trainable_variables) == [
        "confidence_bias",
        "confidence_kernel",
        "magnitude",
        "margin",
    ]
    same = make("disalign", initial_magnitude=1.0)
    same.begin(dense(), None)
    np.testing.assert_allclose(value(same(X.astype("float32"))), plain, rtol=1e-5, atol=1e-5)

    parts = [RANDOM.normal(size=variable.shape) for variable in head.trainable_variables]
    order = [variable.name for variable in head.trainable_variables]
    upstream = RANDOM.normal(size=(6, 4))

    def reference(arrays):
        named = dict(zip(order, arrays, strict=True))
        s = sigmoid(X @ named["confidence_kernel"] + named["confidence_bias"])[:, None]
        logits = s * (named["magnitude"] * plain + named["margin"]) + (1 - s) * plain
        return (logits * upstream).sum()

    fixed = [variable.value for variable in head.non_trainable_variables]

    def total(tensors):
        logits, _ = head.stateless_call(tensors, fixed, ops.convert_to_tensor(X, "float32"))
        return ops.sum(logits * ops.convert_to_tensor(upstream, "float32"))

    result, gradients = value_and_gradient(total, parts)
    np.testing.assert_allclose(result, reference(parts), rtol=1e-4)
    for index, gradient in enumerate(gradients):
        for place in range(gradient.size):
            ends = []
            for sign in (1, -1):
                moved = [part.copy() for part in parts]
                moved[index][place] += sign * 1e-5
                ends.append(reference(moved))
            np.testing.assert_allclose(gradient[place], (ends[0] - ends[1]) / 2e-5, rtol=1e-3, atol=1e-3)


def test_cosnorm_of_zero_short_and_long_features():
    head = make("cosnorm")
    head.kernel.assign(np.eye(5, 4))
    features = np.zeros((3, 5))
    features[1:, 0] = 1.0, 1e6
    np.testing.assert_allclose(value(head(features.astype("float32")))[:, 0], [0, 8, 16], rtol=1e-4)
    _, gradient = value_and_gradient(lambda x: ops.sum(head(x)[:, 0]), features)
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient[:2, 0], [16, 4], rtol=1e-5)


def test_weight_normalization_is_a_dense_layer_with_its_own_lengths():
    head = make("weight_normalized", initial_magnitude=2.0)
    heads.begin(head, dense(), None)
    magnitude = np.array([1.0, 2.0, 3.0, 4.0])
    head.magnitude.assign(magnitude)
    expected = X @ (W / np.linalg.norm(W, axis=0) * magnitude) + B
    np.testing.assert_allclose(value(head(X.astype("float32"))), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(head.class_vectors(), axis=0), magnitude, rtol=1e-6)
    kernel, bias = linear_weights(head)
    np.testing.assert_allclose(X @ kernel + bias, expected, rtol=1e-5, atol=1e-5)


def test_learned_scales_start_from_the_classifier_before():
    head = make("learnable_weight_scaling")
    head.begin(dense(), None)
    np.testing.assert_allclose(value(head(X.astype("float32"))), X @ W + B, rtol=1e-5, atol=1e-5)
    head.class_scale.assign([1.0, 2.0, 3.0, 4.0])
    before = value(head.class_scale)
    head.begin(head, None)  # a later stage that goes on with it
    np.testing.assert_array_equal(value(head.class_scale), before)
    again = make("learnable_weight_scaling", separate_shift=True)
    again.begin(head, None)
    np.testing.assert_allclose(
        value(again(X.astype("float32"))), (X @ W + B) * [1, 2, 3, 4], rtol=1e-5, atol=1e-5
    )
    norm_fc = make("normalized_dense", normalize_features=False)
    norm_fc.scale = 3.0
    again.begin(norm_fc, None)
    np.testing.assert_allclose(linear_weights(again)[0], linear_weights(norm_fc)[0], rtol=1e-6)


@pytest.mark.parametrize("name", ["learnable_weight_scaling", "log_n", "disalign"])
def test_only_linear_classifiers_can_be_gone_on_from(name):
    with pytest.raises(ValueError, match="previous=NormalizedDense"):
        make(name).begin(make("normalized_dense"), None)


def test_fixed_classifiers_need_one_from_before():
    for head in (make("learnable_weight_scaling", learn_kernel=False), make("disalign")):
        with pytest.raises(ValueError, match="previous=None"):
            head.begin(None, None)
    with pytest.raises(ValueError, match="scale=2.0"):
        heads.get({"name": "learnable_weight_scaling"}, 4, 2.0)


@pytest.mark.parametrize("name", NAMES)
def test_every_head_computes_in_float32_scales_and_is_made_again_from_its_config(name):
    head = make(name, dtype="mixed_float16")
    head.kernel.assign(W)
    half = head(ops.cast(X, "float16"))
    assert value(half).shape == (6, 4) and np.isfinite(value(half)).all()
    assert ops.convert_to_numpy(half).dtype == np.float32
    head.scale *= 2.0
    np.testing.assert_allclose(value(head(ops.cast(X, "float16"))), 2 * value(half), rtol=1e-6)
    copy = type(head).from_config(head.get_config())
    assert copy.get_config() == head.get_config() and copy.scale == head.scale
    with pytest.raises(ValueError, match="num_classes=0"):
        heads.get({"name": name}, 0)
