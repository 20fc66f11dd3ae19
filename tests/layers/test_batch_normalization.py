import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import BatchNormalization


def images(seed=0):
    return np.random.default_rng(seed).normal(1.5, 2.0, (8, 4, 4, 3)).astype("float32")


def model_of(**arguments):
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, BatchNormalization(name="bn", **arguments)(inputs))
    layer = model.get_layer("bn")
    layer.gamma.assign([0.5, 1.0, 2.0])
    layer.beta.assign([-1.0, 0.0, 1.0])
    return model, layer


def arrays(layer):
    return [
        ops.convert_to_numpy(v) for v in (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    ]


def step(model, x):
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = arrays(model.get_layer("bn"))
    model.train_on_batch(x, np.zeros_like(x))
    return before, arrays(model.get_layer("bn"))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("center, scale", [(True, True), (False, True), (True, False), (False, False)])
def test_agrees_with_keras(training, center, scale):
    arguments = {"momentum": 0.9, "epsilon": 1e-5, "center": center, "scale": scale}
    ours, theirs = BatchNormalization(**arguments), keras.layers.BatchNormalization(**arguments)
    x = images()
    for layer in (ours, theirs):
        layer.build(x.shape)
        layer.set_weights(
            [np.linspace(0.5, 1.5, 3).astype("float32") * (i + 1) for i in range(len(layer.weights))]
        )
    np.testing.assert_allclose(
        ops.convert_to_numpy(ours(x, training=training)),
        ops.convert_to_numpy(theirs(x, training=training)),
        atol=2e-5,
    )
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5)


def test_channels_on_another_axis():
    x = images()
    last, first = BatchNormalization(), BatchNormalization(axis=1)
    expected = ops.convert_to_numpy(last(x, training=True)).transpose(0, 3, 1, 2)
    actual = ops.convert_to_numpy(first(x.transpose(0, 3, 1, 2), training=True))
    np.testing.assert_allclose(actual, expected, atol=2e-5)


def test_training_moves_everything():
    before, after = step(model_of()[0], images())
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(before, after, strict=True))


def test_frozen_changes_nothing_and_uses_moving_averages():
    model, layer = model_of()
    layer.trainable = False
    before, after = step(model, images())
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    x = images()
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(x, training=True)), ops.convert_to_numpy(layer(x, training=False))
    )


@pytest.mark.parametrize("trainable", [True, False])
def test_shifted_moves_only_the_averages(trainable):
    model, layer = model_of(shifted=True)
    model.trainable = trainable
    assert layer.trainable_variables == []
    x = images()
    before, after = step(model, x)
    for a, b in zip(before[:2], after[:2], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(after[2], 0.1 * x.mean((0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(after[3], 0.9 + 0.1 * x.var((0, 1, 2)), rtol=1e-4)
    normal, _ = model_of()
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(x, training=True)),
        ops.convert_to_numpy(normal.get_layer("bn")(x, training=True)),
        atol=1e-5,
    )


def test_shifted_can_be_switched_on_and_off():
    model, layer = model_of()
    assert len(layer.trainable_variables) == 2
    layer.shifted = True
    assert layer.trainable_variables == [] and len(layer.non_trainable_variables) == 4
    layer.trainable = True
    assert layer.trainable_variables == []
    layer.shifted = False
    assert len(layer.trainable_variables) == 2
    layer.trainable = False
    layer.shifted = True
    layer.shifted = False
    assert layer.trainable_variables == []


@pytest.mark.parametrize("trainable", [True, False])
def test_survives_a_keras_file(tmp_path, trainable):
    model, layer = model_of()
    layer.shifted, layer.trainable = True, trainable
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    loaded = copy.get_layer("bn")
    assert loaded.shifted is True and loaded.trainable is trainable and loaded.trainable_variables == []
    before, after = step(copy, images())
    np.testing.assert_array_equal(before[0], after[0])
    assert np.abs(before[2] - after[2]).max() > 0.01


def test_defaults_and_half_precision():
    layer = BatchNormalization()
    assert (layer.momentum, layer.epsilon, layer.shifted) == (0.9, 1e-5, False)
    half = BatchNormalization(dtype="mixed_float16")
    x = (1000.0 + images()).astype("float16")
    outputs = half(x, training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    assert np.isfinite(ops.convert_to_numpy(outputs)).all()


def test_mask_is_left_to_keras():
    x = images()[:, 0]
    mask = np.ones(x.shape[:2], bool)
    np.testing.assert_allclose(
        ops.convert_to_numpy(BatchNormalization()(x, training=True, mask=mask)),
        ops.convert_to_numpy(BatchNormalization()(x, training=True)),
        atol=1e-4,
    )


def test_bad_arguments():
    with pytest.raises(ValueError, match="shifted=1"):
        BatchNormalization(shifted=1)
    with pytest.raises(ValueError, match="renorm=True"):
        BatchNormalization(shifted=True, renorm=True)
