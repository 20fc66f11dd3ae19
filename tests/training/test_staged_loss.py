"""What a model returns in the training of a stage, and its loss and metrics."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.techniques.base import Technique
from ltzoo.training import Recipe, Stage
from ltzoo.training.staged_loss import StagedLoss, TrainingOutput
from tests import tiny


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def batch(count=8):
    train = tiny.dataset().train
    positions = np.arange(20, 20 + count)
    return train.load(positions), train.labels[positions].astype("int32")


def test_only_the_training_of_a_stage_returns_more_than_logits():
    model, (images, _) = tiny.model("cross_entropy"), batch()
    assert numpy(model(images, training=True)).shape == (8, 3)
    model.enter_stage(0)
    output = model(images, training=True)
    assert isinstance(output, TrainingOutput) and output.kept is None
    assert numpy(output.logits).shape == (8, 3)
    assert numpy(model(images, training=False)).shape == (8, 3)
    assert model.predict(images, verbose=0).shape == (8, 3)


class Kept(Technique):
    """A technique that keeps the first image's logits, and takes every second label."""

    def targets(self, labels):
        return labels[::2]

    def loss(self, classifier, labels, logits, kept, classification_loss):
        return classification_loss(labels, logits) + 10.0 * ops.sum(kept["first"])


class Trainee(StagedLoss, keras.Model):
    """Logits are the input; there is a penalty of 100."""

    def __init__(self, technique=None):
        super().__init__()
        self.cloud = self.device_augmentation = None
        self.technique = technique
        self.built = True

    def call(self, logits, training=None):
        self.add_loss(100.0 * ops.ones(()))
        if not training:
            return logits
        return TrainingOutput(logits[::2], {"first": logits[0], "nothing": None})


def test_a_technique_gets_what_it_kept_and_metrics_its_labels():
    model = Trainee(Kept())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, metrics=["sparse_categorical_accuracy"])
    logits = ops.convert_to_tensor(np.array([[2, 1, 0], [0, 0, 9], [0, 5, 1], [7, 0, 0]], "float32"))
    labels = np.array([0, 1, 1, 1])
    output = model(logits, training=True)
    expected = float(loss(labels[::2], logits[::2])) + 10.0 * 3.0 + 100.0
    np.testing.assert_allclose(float(model.compute_loss(y=labels, y_pred=output)), expected, rtol=1e-5)
    logs = model.compute_metrics(None, labels, output)
    assert float(logs["sparse_categorical_accuracy"]) == 1.0
    model.reset_metrics()
    plain = model(logits, training=False)
    expected = float(loss(labels, logits)) + 100.0
    np.testing.assert_allclose(
        float(model.compute_loss(y=labels, y_pred=plain, training=False)), expected, rtol=1e-5
    )
    logs = model.compute_metrics(None, labels, plain)
    assert float(logs["sparse_categorical_accuracy"]) == 0.5


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "technique",
    [{"name": "balanced_contrastive", "units": 4}, {"name": "parametric_contrastive", "queue_size": 9}],
)
def test_a_fit_in_each_precision(technique, policy):
    views = 3 if technique["name"] == "balanced_contrastive" else 2
    stage = Stage(
        epochs=1, loss={"name": "cross_entropy"}, batch_size=8, sampler={"views": views}, technique=technique
    )
    keras.config.set_dtype_policy(policy)
    try:
        model = tiny.model(Recipe("test", {"name": "dense"}, (stage,)))
    finally:
        keras.config.set_dtype_policy("float32")
    kernel = numpy(model.head.kernel)
    history = model.fit(tiny.dataset(), verbose=0)
    assert np.isfinite(history.history["loss"]).all() and "val_accuracy" in history.history
    assert np.abs(numpy(model.head.kernel) - kernel).max() > 1e-5


def test_weights_of_images_are_refused_where_a_technique_would_ignore_them():
    labels, logits = np.array([0, 1]), np.zeros((2, 3), "float32")
    model = Trainee(Kept())
    model.compile("sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    output = TrainingOutput(ops.convert_to_tensor(logits), {"first": ops.zeros(3)})
    with pytest.raises(ValueError, match="`sample_weight` must be None"):
        model.compute_loss(y=labels, y_pred=output, sample_weight=np.ones(2, "float32"))
