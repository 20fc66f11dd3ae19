"""`fit(dataset, accumulate=N)`: the update of the whole batch, at its rate, and exact resuming."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import data
from tests import tiny
from tests.training.stopped import SignalAt

pytestmark = pytest.mark.rotating(3)

WARM = {"name": "multi_step", "learning_rate": 0.3, "warmup_epochs": 2, "milestones": [3], "factors": [0.1]}
SGD = {"name": "sgd", "momentum": 0.9, "l2": 1e-3}


def plain_model(**changes):
    """A classifier without batch norm whose images are not changed."""
    inputs = keras.Input((8, 8, 1))
    features = keras.layers.Conv2D(
        4, 3, 2, kernel_initializer=keras.initializers.GlorotUniform(5), name="stage1_conv"
    )(inputs)
    network = keras.Model(inputs, keras.layers.Activation("tanh", name="stage1_tanh")(features))
    settings = {"augmentation": [], "schedule": WARM, "optimizer": SGD, **changes}
    made = tiny.recipe("balanced_softmax", epochs=(4,), batch_size=16, **settings)
    return ltzoo.models.build(network, made, tiny.dataset(), seed=0)


@pytest.mark.parametrize("optimizer", [SGD, {"name": "orthogonal_sgd"}, {"name": "adam", "epsilon": 1e-3}])
def test_four_parts_make_the_update_of_the_batch(optimizer):
    """40 images: two batches of 16, and one of 8, in four parts each."""
    found = []
    for accumulate in (1, 4):
        model = plain_model(optimizer=optimizer)
        history = model.fit(tiny.dataset(), verbose=0, seed=2, accumulate=accumulate).history
        found.append((tiny.weights(model), history["learning_rate"]))
    (whole, rates), (parts, same_rates) = found
    assert rates == same_rates
    np.testing.assert_allclose(rates, [0.15, 0.3, 0.3, 0.03], rtol=1e-6)
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_the_schedule_and_the_optimizer_count_updates():
    seen = []

    class Counts(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(int(self.model.optimizer.iterations))

    plain_model().fit(tiny.dataset(), callbacks=[Counts()], verbose=0, accumulate=4)
    assert seen == [3, 6, 9, 12]


@pytest.mark.parametrize("epoch, step", [(0, 1), (1, 3), (2, 9), (3, 11)])
def test_a_stopped_training_goes_on_within_a_batch(tmp_path, epoch, step):
    def train(folder, callbacks=(), resume=False):
        model = tiny.model("gcl", mixup_alpha=1.0, batch_size=16)
        run = {"checkpoint": tmp_path / folder, "resume": resume, "verbose": 0, "seed": 2, "accumulate": 4}
        history = model.fit(tiny.dataset(), callbacks=list(callbacks), **run)
        return tiny.weights(model), history.history["learning_rate"]

    whole, rates = train("whole")
    with pytest.raises(KeyboardInterrupt):
        train("stopped", [SignalAt(epoch, step)])
    again, same_rates = train("stopped", resume=True)
    assert rates == same_rates
    for a, b in zip(whole, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_is_resumed_with_the_same_parts(tmp_path):
    run = {"checkpoint": tmp_path, "verbose": 0}
    plain_model().fit(tiny.dataset(), **run, accumulate=2)
    with pytest.raises(ltzoo.training.ResumeError, match="accumulate"):
        plain_model().fit(tiny.dataset(), **run, resume=True)


def test_batch_norm_moves_with_every_part():
    """Its averages see parts, so they differ; the weights of the whole batch are another matter."""
    moved = []
    for accumulate in (1, 4):
        model = tiny.model("cross_entropy", epochs=(1,), batch_size=40, augmentation=[])
        model.fit(tiny.dataset(), verbose=0, accumulate=accumulate)
        moved.append(float(np.abs(model.backbone.get_layer("block0_norm").moving_mean.numpy()).mean()))
    assert moved[1] > 3 * moved[0]  # 1 - 0.9^4 instead of 1 - 0.9


def test_batches_of_a_technique_are_not_split():
    model = tiny.model("fsa", epochs=(1, 1), batch_size=20)
    parts = []

    class Parts(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            parts.append(self.model.optimizer.gradient_accumulation_steps)

    model.fit(tiny.dataset(), callbacks=[Parts()], verbose=0, accumulate=2)
    assert parts == [2, None]


@pytest.mark.parametrize(
    "changes, accumulate, words",
    [
        ({}, 0, "accumulate"),
        ({}, 1.5, "accumulate"),
        ({}, 3, "must divide the batch size of every stage, 16 in stage 1. Received: accumulate=3"),
        ({"optimizer": {**SGD, "use_ema": True}}, 2, "'use_ema' of the optimizer"),
        ({"optimizer": {**SGD, "gradient_accumulation_steps": 2}}, 2, "'gradient_accumulation_steps'"),
    ],
)
def test_wrong_numbers_of_parts_are_refused(changes, accumulate, words):
    with pytest.raises((TypeError, ValueError), match=words):
        plain_model(**changes).fit(tiny.dataset(), verbose=0, accumulate=accumulate)


def test_hosts_and_streams_are_refused():
    with pytest.raises(ValueError, match="`accumulate` must be 1 with shard_count=2"):
        plain_model().fit(tiny.dataset(), verbose=0, accumulate=2, shard_count=2)
    tf = pytest.importorskip("tensorflow")
    images = tiny.dataset().train
    pairs = tf.data.Dataset.from_tensor_slices((images.load(np.arange(40)), images.labels))
    streamed = data.from_tf_data(pairs, class_names=tiny.dataset().class_names)
    with pytest.raises(ValueError, match="`accumulate` must be 1 with a stream of tf.data"):
        plain_model().fit(streamed, verbose=0, accumulate=2)
