"""NBN layers; agreement with the published layer is in tests/reference_checks/nbn.py."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import NormalizedBatchNormalization, SharedMagnitude
from ltzoo.layers.normalized_batch_normalization import unit_direction
from tests.gradients import value_and_gradient


def images(seed=0, channels=4):
    return np.random.default_rng(seed).normal(1.5, 2.0, (8, 4, 4, channels)).astype("float32")


def model_of(**arguments):
    inputs = keras.Input((4, 4, 4))
    model = keras.Model(inputs, NormalizedBatchNormalization(name="nbn", **arguments)(inputs))
    return model, model.get_layer("nbn")


def sharing_model():
    inputs = keras.Input((4, 4, 4))
    magnitude = SharedMagnitude(name="magnitude")(inputs)
    x = NormalizedBatchNormalization(name="first")([inputs, magnitude])
    x = keras.layers.ReLU()(x)
    return keras.Model(inputs, NormalizedBatchNormalization(name="second")([x, magnitude]))


def value(variable):
    return np.array(ops.convert_to_numpy(variable))


@pytest.mark.parametrize("radius", [0.0, 0.1])
def test_direction_against_numpy_and_finite_differences(radius):
    random = np.random.default_rng(0)
    weights = random.normal(size=6)
    for length in (0.003, 0.05, 0.0999, 0.1001, 1.0, 50.0):
        vector = random.normal(size=6)
        vector *= length / np.linalg.norm(vector)
        expected = vector / (length + 1e-6)
        if length < radius:
            expected = vector * (3 - (length / radius) ** 2) / (2 * (radius + 1e-6))
        dot, gradient = value_and_gradient(
            lambda v: ops.sum(unit_direction(v, radius) * ops.convert_to_tensor(weights, "float32")), vector
        )
        np.testing.assert_allclose(dot, expected @ weights, rtol=2e-5, atol=1e-6)

        def dot64(v):
            size = np.linalg.norm(v)
            inside = (3 - (size / max(radius, 1e-9)) ** 2) / (2 * (radius + 1e-6))
            return v @ weights * (inside if size < radius else 1 / (size + 1e-6))

        step = 1e-4 * length
        numeric = [(dot64(vector + step * e) - dot64(vector - step * e)) / (2 * step) for e in np.eye(6)]
        np.testing.assert_allclose(gradient, numeric, atol=2e-3 * np.abs(numeric).max())


@pytest.mark.parametrize("radius, slope", [(0.0, 1e6), (0.1, 15.0)])
def test_direction_at_zero(radius, slope):
    total, gradient = value_and_gradient(lambda v: ops.sum(unit_direction(v, radius)), np.zeros(3))
    assert total == 0
    np.testing.assert_allclose(gradient, [slope] * 3, rtol=1e-4)


def test_fresh_layer_is_the_published_start():
    layer = NormalizedBatchNormalization()
    x = images()
    outputs = value(layer(x, training=True))
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    np.testing.assert_allclose(outputs, (x - mean) / np.sqrt(variance + 1e-5) / 2, atol=1e-5)
    np.testing.assert_allclose(value(layer.moving_mean), 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(value(layer.moving_variance), 0.9 + 0.1 * variance, rtol=1e-5)
    assert float(value(layer.magnitude)) == 1.0 and len(layer.trainable_variables) == 3


def test_bias_direction_turns_after_many_steps_and_the_published_one_does_not():
    """The best output, 2 (u xhat + offset), has its offset one way for 20 steps and another for 50 more."""
    first, second = np.eye(4, dtype="float32")[:2]
    x = images()
    standardized = (x - x.mean((0, 1, 2))) / x.std((0, 1, 2))

    inputs = keras.Input((4, 4, 4))
    layers = [NormalizedBatchNormalization(), NormalizedBatchNormalization(bias_radius=0.0)]
    model = keras.Model(inputs, [layer(inputs) for layer in layers])
    model.compile(keras.optimizers.SGD(0.1, weight_decay=5e-4), ["mse", "mse"], jit_compile=False)
    for target, steps in ((first, 20), (second, 50)):
        images_of_steps, targets = (
            np.tile(array, (steps, 1, 1, 1)) for array in (x, standardized + 2 * target)
        )
        model.fit(images_of_steps, [targets, targets], batch_size=len(x), shuffle=False, verbose=0)
    sound, published = (value(layer.beta) @ second / np.linalg.norm(value(layer.beta)) for layer in layers)
    assert sound > 0.95
    assert abs(published) < 0.05


def test_one_magnitude_is_shared_through_files_and_copies(tmp_path):
    model = sharing_model()
    x = images()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = model.count_params()
    model.train_on_batch(x, np.ones_like(x))
    magnitude = value(model.get_layer("magnitude").magnitude)
    assert magnitude != 1.0
    assert len([v for v in model.trainable_variables if v.name == "magnitude"]) == 1
    expected = value(model(x))

    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    filled, cloned = sharing_model(), keras.models.clone_model(model)
    filled.load_weights(tmp_path / "model.weights.h5")
    cloned.set_weights(model.get_weights())
    for copy in (loaded, filled, cloned):
        np.testing.assert_allclose(value(copy(x)), expected, atol=1e-6)
        assert copy.count_params() == before
        # Both layers of the copy follow its one magnitude.
        copy.get_layer("magnitude").magnitude.assign(0.0)
        np.testing.assert_allclose(value(copy(x)), 0.0, atol=1e-6)
    np.testing.assert_allclose(value(model(x)), expected, atol=1e-6)


def test_fixed_magnitudes_stay():
    model, layer = model_of(learn_magnitude=False, magnitude=3.0)
    model.trainable = False
    model.trainable = True
    assert len(layer.trainable_variables) == 2 and float(value(layer.magnitude)) == 3.0
    fixed = SharedMagnitude(2.0, learn=False)
    fixed.build((None, 3))
    fixed.trainable = True
    assert fixed.trainable_variables == [] and float(value(fixed(images()))) == 2.0


def test_without_normalization_the_vectors_count():
    layer = NormalizedBatchNormalization(normalize=False, magnitude=2.0)
    layer.build((None, 4))
    layer.gamma.assign([1.0, 2.0, 3.0, 4.0])
    layer.beta.assign([0.0, 0.1, 0.2, 0.3])
    gamma, beta = layer.effective_parameters()
    np.testing.assert_allclose(value(gamma), [2, 4, 6, 8])
    np.testing.assert_allclose(value(beta), [0, 0.2, 0.4, 0.6], rtol=1e-6)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("beta", [[0.3, -0.2, 0.0, 0.001], [1e-5, 0.0, 0.0, 0.0], [0.0] * 4])
def test_represents_any_trained_scale_and_offset(normalize, beta):
    gamma = [1.2, -0.3, 0.5, 0.9]
    layer = NormalizedBatchNormalization(normalize=normalize)
    layer.build((None, 4))
    layer.represent(gamma, beta, magnitude=1.7)
    assert float(value(layer.magnitude)) == pytest.approx(1.7)
    effective = layer.effective_parameters()
    np.testing.assert_allclose(value(effective[0]), gamma, rtol=1e-5)
    np.testing.assert_allclose(value(effective[1]), beta, rtol=1e-5, atol=1e-12)
    assert {v.name for v in layer.trainable_variables} == {"gamma", "beta", "magnitude"}


@pytest.mark.parametrize("trainable, shifted", [(False, False), (True, True)])
def test_frozen_and_shifted(trainable, shifted):
    model, layer = model_of()
    layer.trainable, layer.shifted = trainable, shifted
    assert layer.trainable_variables == []
    x = images()
    before = [value(v) for v in layer.variables]
    value(layer(x, training=True))
    changed = {v.name for v, old in zip(layer.variables, before, strict=True) if np.any(value(v) != old)}
    assert changed == ({"moving_mean", "moving_variance"} if shifted else set())
    layer.trainable, layer.shifted = True, False
    assert len(layer.trainable_variables) == 3


def test_channel_axis_mask_and_no_offset():
    x = images()
    first = NormalizedBatchNormalization(axis=1, center=False)
    expected = value(NormalizedBatchNormalization()(x, training=True))
    actual = value(first(x.transpose(0, 3, 1, 2), training=True))
    np.testing.assert_allclose(actual.transpose(0, 2, 3, 1), expected, atol=1e-6)
    assert first.beta is None

    sequence, mask = x[:, 0], np.arange(4)[None] < np.arange(1, 9)[:, None] % 4 + 1
    counted = sequence[mask]
    layer = NormalizedBatchNormalization()
    outputs = value(layer(sequence, training=True, mask=mask))
    expected = (sequence - counted.mean(0)) / np.sqrt(counted.var(0) + 1e-5) / 2
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_large_means_keep_their_digits():
    x = 1000.0 + images()
    outputs = value(NormalizedBatchNormalization(magnitude=2.0)(x, training=True))
    exact = x.astype("float64")
    expected = (exact - exact.mean((0, 1, 2))) / np.sqrt(exact.var((0, 1, 2)) + 1e-5)
    np.testing.assert_allclose(outputs, expected, atol=1e-3)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_keeps_the_magnitude_in_float32(policy):
    x = ops.cast(ops.convert_to_tensor(images()), policy[6:])
    magnitude = SharedMagnitude(1.001, dtype=policy)(x)
    outputs = NormalizedBatchNormalization(dtype=policy)([x, magnitude], training=True)
    assert keras.backend.standardize_dtype(magnitude.dtype) == "float32"
    assert keras.backend.standardize_dtype(outputs.dtype) == policy[6:]
    assert np.isfinite(value(ops.cast(outputs, "float32"))).all()


def test_configuration_survives():
    layer = NormalizedBatchNormalization(
        bias_radius=0.0, normalize=False, magnitude=2.0, learn_magnitude=False, shifted=True, axis=1
    )
    assert NormalizedBatchNormalization.from_config(layer.get_config()).get_config() == layer.get_config()
    shared = SharedMagnitude(2.0, learn=False, name="g")
    assert SharedMagnitude.from_config(shared.get_config()).get_config() == shared.get_config()


def test_errors_say_what_was_received():
    with pytest.raises(ValueError, match="bias_radius=-1"):
        NormalizedBatchNormalization(bias_radius=-1)
    with pytest.raises(ValueError, match="scale=False"):
        NormalizedBatchNormalization(scale=False)
    with pytest.raises(ValueError, match="magnitude=None"):
        sharing_model().get_layer("first").effective_parameters()
    layer = NormalizedBatchNormalization()
    layer.build((None, 2))
    with pytest.raises(ValueError, match=r"\|gamma\|=0.0"):
        layer.represent([0.0, 0.0], [0.0, 0.0], 1.0)
