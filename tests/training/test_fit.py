"""The staged fit: what trains in each stage, one history, callbacks, cached features, bad input."""

import keras
import numpy as np
import pytest

from ltzoo import models
from ltzoo.training import NonFiniteLossError
from ltzoo.training.fit import check_dataset, stage_seed
from ltzoo.training.staged_loss import TrainingOutput
from tests import tiny

pytestmark = pytest.mark.rotating(3)


class Recorder(keras.callbacks.Callback):
    """Keeps what a user's callback sees, and the weights at the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.seen, self.backbone, self.moving, self.kernel = [], [], [], []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, int(logs["stage"]), sorted(logs)))
        if hasattr(self.model, "backbone"):
            kernels = [v for v in self.model.backbone.weights if "kernel" in v.path or "gamma" in v.path]
            moving = [v for v in self.model.backbone.weights if "moving" in v.path]
            self.backbone.append(np.concatenate([_numpy(v).ravel() for v in kernels]))
            self.moving.append(np.concatenate([_numpy(v).ravel() for v in moving]))
        self.kernel.append(_numpy(self.model.head.kernel))


def _numpy(variable):
    return np.array(keras.ops.convert_to_numpy(variable.value))


def test_both_stages_on_one_history_with_callbacks():
    model, recorder = tiny.model(), Recorder()
    history = model.fit(tiny.dataset(), callbacks=[recorder], verbose=0)
    assert history is model.history
    assert history.epoch == [0, 1, 2, 3]
    assert history.history["stage"] == [1, 1, 2, 2]
    assert [row[:2] for row in recorder.seen] == [(0, 1), (1, 1), (2, 2), (3, 2)]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "stage"} <= set(history.history)
    assert all(len(values) == 4 and np.isfinite(values).all() for values in history.history.values())
    assert not np.array_equal(recorder.backbone[0], recorder.backbone[1])
    assert np.array_equal(recorder.backbone[1], recorder.backbone[3])
    assert np.array_equal(recorder.moving[1], recorder.moving[3])
    assert not np.array_equal(recorder.kernel[2], recorder.kernel[3])


def test_shifted_batch_norm_moves_statistics_and_nothing_else():
    model, recorder = tiny.model(stage2={"batch_norm": "shifted"}), Recorder()
    model.fit(tiny.dataset(), callbacks=[recorder], verbose=0)
    assert np.array_equal(recorder.backbone[1], recorder.backbone[3])
    assert not np.array_equal(recorder.moving[1], recorder.moving[2])
    assert not np.array_equal(recorder.moving[2], recorder.moving[3])


def test_a_frozen_backbone_has_no_trainable_weight():
    model = tiny.model()
    model.set_stage(1, steps_per_epoch=3)
    assert [variable.path for variable in model.trainable_variables] == [model.head.kernel.path]
    model.finish_training()
    assert len(model.trainable_variables) == 7


def test_stage_two_starts_with_a_new_head_only_where_the_recipe_says_so():
    fresh, kept = (tiny.model(stage2={"reinitialize_head": flag}) for flag in (True, False))
    heads = {}
    for flag, model in ((True, fresh), (False, kept)):
        before = {}

        class Begin(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None, before=before):
                before[f"end{epoch}"] = _numpy(self.model.head.kernel)

            def on_epoch_begin(self, epoch, logs=None, before=before):
                before[f"begin{epoch}"] = _numpy(self.model.head.kernel)

        model.fit(tiny.dataset(), callbacks=[Begin()], verbose=0)
        heads[flag] = np.array_equal(before["end1"], before["begin2"])
    assert heads == {True: False, False: True}


def test_same_seed_same_weights_and_other_seed_other_weights():
    def train(seed):
        model = tiny.model(mixup_alpha=1.0)
        model.fit(tiny.dataset(), seed=seed, verbose=0)
        return tiny.weights(model)

    first, again, other = train(3), train(3), train(4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert stage_seed(3, 0) != stage_seed(3, 1) != stage_seed(4, 0)


def test_cached_features_train_the_same_head():
    def train(cache):
        model = tiny.model(
            augmentation=[], stage2={"cache_features": cache, "cloud": None}, stage1={"cloud": None}
        )
        history = model.fit(tiny.dataset(), verbose=0)
        return _numpy(model.head.kernel), history.history

    (kernel, history), (cached_kernel, cached_history) = train(False), train(True)
    np.testing.assert_allclose(cached_kernel, kernel, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(cached_history["loss"], history["loss"], rtol=1e-3)
    np.testing.assert_allclose(cached_history["val_loss"], history["val_loss"], rtol=1e-3)


def test_augmentation_and_mixup_on_the_device():
    model = tiny.model(augment_on="device", mixup_alpha=0.5)
    history = model.fit(tiny.dataset(), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert history.history["stage"] == [1, 1, 2, 2]


def test_evaluation_and_prediction_have_no_noise():
    model, data = tiny.model(), tiny.dataset()
    model.set_stage(0, steps_per_epoch=3)
    images = data.test.load(np.arange(6))
    assert np.array_equal(model.predict(images, verbose=0), model.predict(images, verbose=0))
    losses = [model.evaluate(images, data.test.labels[:6], verbose=0, return_dict=True) for _ in range(2)]
    assert losses[0] == losses[1]
    trained = [
        float(
            keras.ops.convert_to_numpy(
                model.compute_loss(y=data.test.labels[:6], y_pred=TrainingOutput(model(images)))
            )
        )
        for _ in range(2)
    ]
    assert trained[0] != trained[1] != losses[0]["loss"]


def test_a_non_finite_loss_stops_and_keeps_the_last_good_checkpoint(tmp_path):
    recipe = tiny.recipe("cross_entropy", epochs=(4,), schedule={"learning_rate": 0.1})
    model = tiny.model(recipe)

    class Poison(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                self.model.head.bias.assign(np.full(self.model.head.bias.shape, np.nan, "float32"))

    with pytest.raises(NonFiniteLossError, match="stage 1, epoch 3, step 1"):
        model.fit(tiny.dataset(), callbacks=[Poison()], checkpoint=tmp_path, verbose=0)
    again = tiny.model(recipe)
    history = again.fit(tiny.dataset(), checkpoint=tmp_path, resume=True, verbose=0)
    assert history.epoch == [0, 1, 2, 3]
    assert np.isfinite(history.history["loss"]).all()


def test_datasets_that_do_not_fit_are_refused():
    model = tiny.model()
    with pytest.raises(ValueError, match="with 4 classes, a model with 3"):
        model.fit(tiny.dataset((9, 6, 3, 2)))
    with pytest.raises(ValueError, match="must have the class counts"):
        model.fit(tiny.dataset((24, 8, 4)))
    data = tiny.dataset()
    data.class_names = ("horizontal", "vertical", "diagonal")
    with pytest.raises(
        ValueError, match="class 0 is 'horizontal' in the dataset and 'vertical' in the model"
    ):
        model.fit(data)


def test_classes_without_names_take_those_of_the_same_data():
    data = tiny.dataset()
    model = models.build("tiny_cnn", "gcl", data.class_counts, input_shape=data.image_shape, compile=False)
    assert model.class_names == ("0", "1", "2")
    check_dataset(model, data)
    assert model.class_names == data.class_names
    other = models.build("tiny_cnn", "gcl", (9, 9, 9), input_shape=data.image_shape, compile=False)
    with pytest.raises(ValueError, match="must have the class counts"):
        check_dataset(other, data)
    assert other.class_names == ("0", "1", "2")


def test_keras_own_fit_fine_tunes():
    model, data = tiny.model(), tiny.dataset()
    images, labels = data.train.load(np.arange(len(data.train))), data.train.labels
    before = tiny.weights(model)
    history = model.fit(images, labels, batch_size=8, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert any(not np.array_equal(a, b) for a, b in zip(before, tiny.weights(model), strict=True))


def test_wrong_image_size_is_named():
    with pytest.raises(ValueError, match=r"\(8, 8, 1\)"):
        tiny.model().predict(np.zeros((2, 9, 9, 1), "uint8"), verbose=0)
