import keras
import numpy as np
import pytest

from ltzoo import heads
from ltzoo.heads.linear import linear_weights

FEATURES = np.random.default_rng(0).normal(3.0, [0.5, 2.0, 7.0], (40, 3)).astype("float32")


class Context:
    def features(self):
        return FEATURES, np.arange(40) % 2


@pytest.fixture
def head():
    made = heads.get({"name": "standardized"}, 2)
    made.build((None, 3))
    heads.begin(made, None, Context())
    made.kernel.assign(np.arange(6.0).reshape(3, 2))
    made.bias.assign([0.5, -1.0])
    return made


def expected(features):
    centered = features.astype("float64") - FEATURES.mean(axis=0, dtype="float64")
    deviation = FEATURES.std(axis=0, dtype="float64") + 1e-3
    return centered / deviation @ np.arange(6.0).reshape(3, 2) + [0.5, -1.0]


def test_logits_of_standardized_features(head):
    outputs = keras.ops.convert_to_numpy(head(FEATURES[:5]))
    np.testing.assert_allclose(outputs, expected(FEATURES[:5]), rtol=1e-4, atol=1e-4)


def test_it_is_a_dense_layer(head):
    kernel, bias = linear_weights(head)
    np.testing.assert_allclose(FEATURES[:5] @ kernel + bias, expected(FEATURES[:5]), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(head.class_vectors(), kernel, rtol=1e-5)


def test_only_kernel_and_bias_train_and_statistics_stay_when_the_head_continues(head):
    assert {weight.name for weight in head.trainable_weights} == {"kernel", "bias"}
    center = keras.ops.convert_to_numpy(head.center.value).copy()
    heads.begin(head, head, None)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(head.center.value), center)


def test_constant_features_are_finite():
    made = heads.get({"name": "standardized"}, 2)
    made.build((None, 3))

    class Constant:
        def features(self):
            return np.ones((4, 3), "float32"), np.arange(4) % 2

    heads.begin(made, None, Constant())
    assert np.isfinite(keras.ops.convert_to_numpy(made(np.ones((1, 3), "float32")))).all()


def test_config(head):
    again = type(head).from_config(head.get_config())
    assert again.num_classes == 2 and again.get_config() == head.get_config()


@pytest.mark.parametrize("values", [FEATURES, np.abs(FEATURES), np.zeros((4, 3), "float32")])
def test_square_roots_keep_the_sign(values):
    made = heads.get({"name": "standardized", "square_root": True}, 2)
    made.build((None, 3))

    class Given:
        def features(self):
            return values, np.arange(len(values)) % 2

    heads.begin(made, None, Given())
    made.kernel.assign(np.arange(6.0).reshape(3, 2))
    wide = values.astype("float64")
    roots = np.sign(wide) * np.sqrt(np.abs(wide) + 1e-6)
    expected = (roots - roots.mean(axis=0)) / (roots.std(axis=0) + 1e-3) @ np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(made(values)), expected, rtol=1e-4, atol=1e-3)
    kernel, bias = made.folded_weights()
    np.testing.assert_allclose(roots @ kernel + bias, expected, rtol=1e-4, atol=1e-3)


def test_the_configuration_keeps_square_root():
    made = heads.get({"name": "standardized", "square_root": True}, 2)
    assert type(made).from_config(made.get_config()).square_root
