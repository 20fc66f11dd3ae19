import pathlib

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import NormalizedDense, UnitColumns
from ltzoo.layers.lengths import unit_length
from tests.gradients import value_and_gradient

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"


def built(weight, **arguments):
    layer = NormalizedDense(weight.shape[1], **arguments)
    layer.build((None, weight.shape[0]))
    layer.kernel.assign(weight)
    return layer


def test_initial_columns_have_length_one():
    case = dict(np.load(REFERENCE / "cosine_classifier_01.npz"))
    columns = ops.convert_to_numpy(
        unit_length(ops.convert_to_tensor(case["init_uniform"], "float32"), axis=0)
    )
    np.testing.assert_allclose(columns, case["init_weight"], atol=1e-6)
    first, again, other = (ops.convert_to_numpy(UnitColumns(s)((16, 5), "float32")) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    np.testing.assert_allclose(np.linalg.norm(first, axis=0), np.ones(5), rtol=1e-6)
    assert first.min() < 0 < first.max()


def test_zero_tiny_and_huge_features():
    layer = built(np.eye(3))
    features = np.array([[0.0, 0, 0], [1e-6, 0, 0], [1e15, 0, 0]], "float32")
    expected = [[0, 0, 0], [1, 0, 0], [1, 0, 0]]
    np.testing.assert_allclose(ops.convert_to_numpy(layer(features)), expected, atol=1e-6)
    _, gradient = value_and_gradient(lambda x: ops.sum(layer(x)), features)
    assert np.isfinite(gradient).all()


def test_scale_is_set_or_learned():
    layer = built(np.eye(2), scale=16.0)
    features = np.array([[1.0, 0.0]], "float32")
    assert float(layer(features)[0, 0]) == pytest.approx(16.0)
    layer.scale = 4.0
    assert float(layer(features)[0, 0]) == pytest.approx(4.0)
    assert len(layer.trainable_variables) == 1
    learned = built(np.eye(2), scale=16.0, learn_scale=True)
    assert len(learned.trainable_variables) == 2
    learned.scale_weight.assign(2.0)
    assert float(learned(features)[0, 0]) == pytest.approx(2.0)


def test_one_scale_a_class_is_weight_normalization():
    layer = built(np.array([[3.0, 0], [4, 2]]), learn_scale="per_class", normalize_features=False)
    layer.scale_weight.assign([2.0, 0.5])
    logits = ops.convert_to_numpy(layer(np.array([[5.0, 10.0]], "float32")))
    np.testing.assert_allclose(logits, [[22.0, 5.0]], rtol=1e-6)
    with pytest.raises(ValueError, match="learn_scale='classes'"):
        NormalizedDense(2, learn_scale="classes")


def test_float32_under_mixed_precision():
    layer = NormalizedDense(3, dtype="mixed_float16")
    features = ops.cast(np.array([[3e-4, 4e-4]]), "float16")
    logits = layer(features)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    plain = NormalizedDense(3)
    plain.build((None, 2))
    plain.kernel.assign(layer.kernel)
    expected = ops.convert_to_numpy(plain(ops.cast(features, "float32")))
    np.testing.assert_array_equal(ops.convert_to_numpy(logits), expected)


def test_survives_a_keras_file(tmp_path):
    inputs = keras.Input((4,))
    outputs = NormalizedDense(3, scale=5.0, learn_scale=True, kernel_regularizer="l2", seed=3)(inputs)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.layers[-1].get_config() == model.layers[-1].get_config()
    x = np.random.default_rng(0).standard_normal((2, 4)).astype("float32")
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))


def test_bad_arguments():
    with pytest.raises(ValueError, match="units=0"):
        NormalizedDense(0)
    with pytest.raises(ValueError, match="scale=-1"):
        NormalizedDense(2, scale=-1)
