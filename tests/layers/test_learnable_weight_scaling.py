import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import LearnableWeightScaling
from ltzoo.training import SGD
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(0)
X, W, SHIFT = (RANDOM.normal(size=shape) for shape in ((6, 5), (5, 4), (5, 4)))
B, S = RANDOM.normal(size=4), RANDOM.uniform(0.5, 2.0, 4)


def built(**arguments):
    layer = LearnableWeightScaling(4, **arguments)
    layer.build((None, 5))
    layer.kernel.assign(W)
    if layer.bias is not None:
        layer.bias.assign(B)
    return layer


def names(layer):
    return sorted(variable.name for variable in layer.trainable_variables)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ({}, S * (X @ W + B)),
        ({"scale_bias": False}, S * (X @ W) + B),
        ({"use_bias": False}, S * (X @ W)),
        ({"separate_shift": True, "use_bias": False}, S * (X @ (W + SHIFT))),
        ({"separate_shift": True, "base_factor": 0.5}, S * (X @ (0.5 * W + SHIFT) + B)),
    ],
)
def test_equation_4_and_the_dense_layer_it_merges_to(arguments, expected):
    layer = built(**arguments)
    layer.class_scale.assign(S)
    if layer.shift is not None:
        layer.shift.assign(SHIFT)
    logits = ops.convert_to_numpy(layer(X.astype("float32")))
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    kernel, bias = layer.merged_weights()
    np.testing.assert_allclose(X @ kernel + bias, expected, rtol=1e-5, atol=1e-5)


def test_what_trains_in_each_special_case():
    assert names(built()) == ["bias", "class_scale", "kernel"]
    assert names(built(learn_kernel=False)) == ["class_scale"]  # LWS
    assert names(built(learn_scale=False)) == ["bias", "kernel"]  # cRT
    assert names(built(separate_shift=True)) == ["bias", "class_scale", "shift"]
    assert names(built(separate_shift=True, learn_kernel=False)) == ["class_scale"]
    layer = built(separate_shift=True, base_factor=0.0, learn_scale=False)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X)), np.tile(B, (6, 1)), rtol=1e-6)


def train(layer, l2, factor=0.5, steps=3):
    """A few steps of squared error towards zero logits, with a rate of its own for W or dW."""
    factors = {f"*{name}": factor for name in ("kernel", "bias", "shift")}
    optimizer = SGD(0.05, momentum=0.9, l2=l2, learning_rate_multipliers=factors)
    variables = layer.trainable_variables
    optimizer.build(variables)
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def total(values):
        logits, _ = layer.stateless_call(values, fixed, ops.convert_to_tensor(X, "float32"))
        return ops.mean(ops.square(logits))

    for _ in range(steps):
        values = [ops.convert_to_numpy(variable.value) for variable in variables]
        _, gradients = value_and_gradient(total, values)
        optimizer.apply([ops.convert_to_tensor(g) for g in gradients], variables)
    return layer.merged_weights()[0]


def test_a_separate_shift_differs_from_fine_tuning_by_what_weight_decay_pulls_on():
    fine_tuned, shifted = (train(built(separate_shift=flag), l2=0.0) for flag in (False, True))
    np.testing.assert_allclose(fine_tuned, shifted, rtol=1e-5, atol=1e-6)
    assert np.abs(fine_tuned - W).max() > 0.05
    fine_tuned, shifted = (train(built(separate_shift=flag), l2=0.5) for flag in (False, True))
    assert np.abs(fine_tuned - shifted).max() > 0.01


def test_float32_under_mixed_precision_and_file_round_trip(tmp_path):
    arguments = {"separate_shift": True, "base_factor": 0.5, "scale_bias": False, "learn_scale": False}
    half = LearnableWeightScaling(4, dtype="mixed_float16")
    assert keras.backend.standardize_dtype(half(ops.cast(X, "float16")).dtype) == "float32"
    inputs = keras.Input((5,))
    model = keras.Model(inputs, LearnableWeightScaling(4, **arguments)(inputs))
    model.layers[-1].shift.assign(SHIFT)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.layers[-1].get_config() == model.layers[-1].get_config()
    assert names(copy.layers[-1]) == ["bias", "shift"]
    x = X.astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(copy(x)), ops.convert_to_numpy(model(x)))


def test_bad_arguments():
    with pytest.raises(ValueError, match="units=0"):
        LearnableWeightScaling(0)
    with pytest.raises(ValueError, match="base_factor=0.5"):
        LearnableWeightScaling(3, base_factor=0.5)
