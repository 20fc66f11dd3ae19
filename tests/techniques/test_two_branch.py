"""The two branches of BBN in training."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.techniques.two_branch import TwoBranch, branch_weight
from ltzoo.training import Recipe, Stage
from tests import tiny


def test_the_weight_follows_its_schedule():
    t = np.arange(200) / 200
    for schedule, expected in {
        "parabolic": 1 - t**2,
        "linear": 1 - t,
        "cosine": np.cos(np.pi * t / 2),
        "parabolic_increment": t**2,
        "equal": 0.5 + 0 * t,
    }.items():
        np.testing.assert_allclose([branch_weight(e, 200, schedule) for e in range(200)], expected)
    assert branch_weight(300, 200) == 0.0
    with pytest.raises(
        ValueError, match="`schedule` must be one of 'parabolic', .* Received: schedule='beta'"
    ):
        TwoBranch("beta")
    with pytest.raises(ValueError, match="max_epochs=0"):
        TwoBranch(max_epochs=0)


class Alphas(keras.callbacks.Callback):
    """Writes down alpha at the end of every epoch."""

    def __init__(self):
        super().__init__()
        self.values = []

    def on_epoch_end(self, epoch, logs=None):
        self.values.append(float(ops.convert_to_numpy(self.model.technique.alpha)))


def test_alpha_moves_in_a_fit_and_comes_back_from_a_file(tmp_path):
    model, alphas = tiny.model("bbn", epochs=3), Alphas()
    data = tiny.dataset()
    history = model.fit(data, verbose=0, callbacks=[alphas])
    np.testing.assert_allclose(alphas.values, [1, 1 - 1 / 9, 1 - 4 / 9], rtol=1e-6)
    assert np.all(np.isfinite(history.history["loss"])) and "val_accuracy" in history.history
    model.save(tmp_path / "bbn.keras")
    loaded = keras.models.load_model(tmp_path / "bbn.keras")
    images = data.test.load(np.arange(4))
    np.testing.assert_array_equal(
        loaded.predict(images, verbose=0),
        model.predict(images, verbose=0),
    )
    np.testing.assert_allclose(ops.convert_to_numpy(loaded.techniques[0].alpha), alphas.values[-1])


def test_logits_and_loss_are_those_of_the_paper():
    """Each branch sees its own images; the classifier takes both; at alpha = 1/2 that is what prediction does."""
    model = tiny.model("bbn", epochs=2)
    model.enter_stage(0)
    for layer in model.backbone.layers:
        if "norm" in layer.name:
            layer.trainable = False  # moving statistics, so that passes can be compared
    technique, data = model.technique, tiny.dataset()
    pairs = data.train.load(np.arange(8)).astype("float32")
    labels = np.array([0, 2, 0, 1, 1, 2, 0, 0])
    technique.alpha.assign(0.75)
    logits, kept = technique.training_pass(model, pairs)
    features = ops.convert_to_numpy(model.features(pairs))
    conventional, rebalancing = features[0::2, :4], features[1::2, 4:]
    kernel, bias = (ops.convert_to_numpy(v) for v in model.head.weights)
    z = np.concatenate([1.5 * conventional, 0.5 * rebalancing], 1) @ kernel + bias
    np.testing.assert_allclose(ops.convert_to_numpy(logits), np.repeat(z, 2, axis=0), atol=1e-4)

    def cross_entropy(z, y):
        return np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y])

    cross_entropy_loss = keras.losses.get(_cross_entropy)
    loss = technique.loss(model, technique.targets(labels), logits, kept, cross_entropy_loss)
    expected = 0.75 * cross_entropy(z, labels[0::2]) + 0.25 * cross_entropy(z, labels[1::2])
    np.testing.assert_allclose(ops.convert_to_numpy(loss), expected, rtol=1e-4)
    technique.alpha.assign(0.5)
    same = np.repeat(pairs[::2], 2, axis=0)
    np.testing.assert_allclose(
        ops.convert_to_numpy(technique.training_pass(model, same)[0])[::2],
        ops.convert_to_numpy(model(pairs[::2])),
        atol=1e-4,
    )


def _cross_entropy(labels, logits):
    return ops.mean(ops.sparse_categorical_crossentropy(labels, logits, from_logits=True))


def test_errors_say_what_is_missing():
    stage = Stage(epochs=1, loss={"name": "cross_entropy"}, technique={"name": "two_branch"})
    with pytest.raises(ValueError, match="the conversion {'name': 'two_branch'}"):
        tiny.model(Recipe("test", {"name": "dense"}, (stage,)))
    model = tiny.model("bbn")
    model.enter_stage(0)
    with pytest.raises(ValueError, match="must draw pairs; give it a companion"):
        model.technique.training_pass(model, np.zeros((3, 8, 8, 1), "float32"))
    sampler = {"strategy": "instance_balanced", "views": 2, "companion": {"strategy": "reversed"}}
    for wrong in (sampler, {"strategy": "instance_balanced"}):
        with pytest.raises(ValueError, match="must draw pairs.*Received: sampler="):
            tiny.model("bbn", sampler=wrong)
