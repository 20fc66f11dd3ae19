import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.class_counts import cloud_sizes
from ltzoo.layers import GaussianCloud

COUNTS = [1000, 100, 10]


def cloud(layer, samples=20000, **options):
    outputs = layer(np.zeros((samples, len(layer.class_counts)), "float32"), training=True, **options)
    return -ops.convert_to_numpy(outputs)


def test_no_noise_outside_training():
    layer = GaussianCloud(COUNTS, scale=30.0)
    logits = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    for training in (False, None):
        np.testing.assert_array_equal(ops.convert_to_numpy(layer(logits, training=training)), logits)


def test_distribution():
    layer = GaussianCloud(COUNTS, noise_multiplier=0.5, scale=30.0, seed=0)
    amplitude = cloud(layer) / (30.0 * 0.5)
    np.testing.assert_array_equal(amplitude[:, 0], 0.0)
    raw = np.abs(np.random.default_rng(0).normal(0, 1 / 3, 200000)).clip(0, 1)
    sizes = cloud_sizes(COUNTS)
    for column in (1, 2):
        epsilon = amplitude[:, column] / sizes[column]
        assert epsilon.min() >= 0 and epsilon.max() <= 1 + 1e-6
        np.testing.assert_allclose(epsilon.mean(), raw.mean(), rtol=0.03)
        np.testing.assert_allclose(
            np.quantile(epsilon, [0.5, 0.95]), np.quantile(raw, [0.5, 0.95]), rtol=0.04
        )
    assert abs(np.corrcoef(amplitude[:, 1], amplitude[:, 2])[0, 1]) < 0.05


def test_one_noise_a_sample():
    amplitude = cloud(GaussianCloud(COUNTS, per_class=False, seed=0), 50)
    np.testing.assert_allclose(amplitude[:, 1] / 0.5, amplitude[:, 2], rtol=1e-5)
    assert len(np.unique(amplitude[:, 2])) == 50


@pytest.mark.parametrize("strategy", ["log", "power", "cosine"])
def test_strategies(strategy):
    amplitude = cloud(GaussianCloud(COUNTS, strategy=strategy, exponent=1 / 3, per_class=False, seed=1), 20)
    sizes = cloud_sizes(COUNTS, strategy, exponent=1 / 3)
    np.testing.assert_allclose(amplitude, amplitude[:, 2:] * sizes, atol=1e-6)


def test_fresh_noise_at_each_call_and_the_same_from_a_seed():
    layer, again = GaussianCloud(COUNTS, seed=7), GaussianCloud(COUNTS, seed=7)
    first, second = cloud(layer, 4), cloud(layer, 4)
    assert np.abs(first - second).max() > 0
    np.testing.assert_array_equal(cloud(again, 4), first)
    np.testing.assert_array_equal(cloud(again, 4), second)


def test_fresh_noise_at_each_compiled_step():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, GaussianCloud(COUNTS, seed=0)(keras.layers.Activation("linear")(inputs)))
    model.compile(loss="mae")
    x = np.zeros((4, 3), "float32")
    losses = [model.train_on_batch(x, x) for _ in range(3)]
    assert len({round(float(loss), 6) for loss in losses}) > 1
    model.compile(loss="mae")
    assert model.test_on_batch(x, x) == 0.0


def test_balanced_counts_and_no_amplitude_mean_no_cloud():
    for layer in (GaussianCloud([50, 50, 50]), GaussianCloud(COUNTS, noise_multiplier=0.0)):
        np.testing.assert_array_equal(cloud(layer, 4), 0.0)


def test_attributes_are_settable():
    layer = GaussianCloud(COUNTS, seed=0)
    layer.noise_multiplier, layer.scale = 0.0, 2.0
    np.testing.assert_array_equal(cloud(layer, 4), 0.0)
    layer.noise_multiplier = 1.0
    assert cloud(layer, 200).max() > 1.0


def test_angular_hands_the_cloud_over():
    layer = GaussianCloud(COUNTS, noise_multiplier=0.5, scale=30.0, angular=True, seed=0)
    logits = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")
    outputs = ops.convert_to_numpy(layer(logits, training=True))
    np.testing.assert_array_equal(outputs[..., 0], logits)
    assert outputs.shape == (5, 3, 2) and (outputs[:, 0, 1] == 0).all()
    assert (outputs[:, 1:, 1] > 0).all() and outputs[..., 1].max() <= 0.5
    assert layer(logits, training=False).shape == (5, 3)
    balanced = GaussianCloud([5, 5, 5], angular=True)
    np.testing.assert_array_equal(ops.convert_to_numpy(balanced(logits, training=True))[..., 1], 0.0)


def test_float32_under_mixed_precision():
    layer = GaussianCloud(COUNTS, dtype="mixed_float16", seed=0)
    for training in (True, False):
        outputs = layer(ops.zeros((2, 3), dtype="float16"), training=training)
        assert keras.backend.standardize_dtype(outputs.dtype) == "float32"


def test_survives_a_keras_file(tmp_path):
    inputs = keras.Input((3,))
    layer = GaussianCloud(
        np.array(COUNTS),
        0.5,
        scale=20.0,
        strategy="power",
        exponent=1 / 3,
        per_class=False,
        angular=True,
        seed=4,
    )
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras").layers[-1]
    assert copy.get_config() == layer.get_config()


def test_bad_arguments():
    with pytest.raises(ValueError, match="noise_multiplier=-1"):
        GaussianCloud(COUNTS, noise_multiplier=-1)
    with pytest.raises(ValueError, match="scale=0"):
        GaussianCloud(COUNTS, scale=0)
    with pytest.raises(ValueError, match="Received"):
        GaussianCloud([10, 0])
    with pytest.raises(ValueError, match=r"shape \(2, 4\)"):
        GaussianCloud(COUNTS)(np.zeros((2, 4)))
