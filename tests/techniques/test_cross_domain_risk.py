"""xERM against NumPy, and its teacher."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.cross_domain_risk import cross_domain_risk
from tests import tiny
from tests.losses.loss_checks import COUNTS, batch, check_extremes, check_value_and_gradient, softmax

TEACHER = batch(seed=8)[0]


def value(matrix, logits, teacher, gamma):
    balanced = teacher - np.log(COUNTS / COUNTS.sum())

    def error(predicted, wanted):
        return -(wanted * np.log(softmax(predicted))).sum(1)

    a, b = error(balanced, matrix) ** gamma, error(teacher, matrix) ** gamma
    weight = a / (a + b + 1e-5)
    return weight * error(logits, softmax(balanced)) + (1 - weight) * error(logits, matrix)


@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
def test_agrees_with_the_released_formula(gamma):
    logits, integers, soft = batch()
    for labels, matrix in ((integers, np.eye(5)[integers]), (soft, soft)):
        check_value_and_gradient(
            lambda y, z: cross_domain_risk(
                y, z, ops.convert_to_tensor(TEACHER, dtype=z.dtype), class_counts=COUNTS, gamma=gamma
            ),
            lambda y, z, at, matrix=matrix: value(matrix, z, TEACHER, gamma),
            logits,
            labels,
        )


def test_extremes():
    teacher = ops.convert_to_tensor(TEACHER, "float32")
    check_extremes(lambda y, z: cross_domain_risk(y, z, teacher, class_counts=COUNTS), batch()[1])
    check_extremes(lambda y, z: cross_domain_risk(y, z, 1e4 * teacher, class_counts=COUNTS), batch()[1])


def test_the_teacher_is_the_network_of_the_stage_before(tmp_path):
    data, model = tiny.dataset(), tiny.model("xerm", epochs=(1, 1))
    images = data.test.load(np.arange(6))
    kept = {}

    class Keep(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            kept.setdefault("logits", ops.convert_to_numpy(self.model.classify(images, training=False)))

    model.fit(data, verbose=0, callbacks=[Keep()])
    teacher = model.techniques[1].teacher
    found = ops.convert_to_numpy(teacher(model.normalize_images(images)))
    np.testing.assert_allclose(found, kept["logits"], rtol=1e-4, atol=1e-5)
    assert np.abs(ops.convert_to_numpy(model(images)) - found).max() > 1e-3
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.techniques[1].teacher(loaded.normalize_images(images))
    np.testing.assert_allclose(ops.convert_to_numpy(again), found, rtol=1e-5, atol=1e-5)


def test_the_loss_of_a_batch():
    data, model = tiny.dataset(), tiny.model("xerm", stage2={"augmentation": ()})
    model.set_stage(1, 4)
    model.technique.teacher.reset(model)
    model.technique.teacher.head.network.kernel.assign_add(np.ones((4, 3)) * [[0.5, 0.0, -0.5]])
    images, labels = data.train.load(np.arange(20, 40)).astype("float32"), data.train.labels[20:40]
    logits = np.array(ops.convert_to_numpy(model.classify(images, training=True)), "float64")
    teacher = np.array(
        ops.convert_to_numpy(model.technique.teacher(model.normalize_images(images))), "float64"
    )
    balanced = teacher - np.log(np.array(tiny.CLASS_COUNTS) / 40)
    weights = [-(np.log(softmax(found))[np.arange(20), labels] ** 1) for found in (balanced, teacher)]
    weight = weights[0] ** 1.5 / (weights[0] ** 1.5 + weights[1] ** 1.5 + 1e-5)
    log_p = np.log(softmax(logits))
    expected = weight * -(softmax(balanced) * log_p).sum(1) - (1 - weight) * log_p[np.arange(20), labels]
    found = model.compute_loss(images, ops.convert_to_tensor(labels), model(images, training=True))
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected.mean(), rtol=1e-4)


def test_config_and_wrong_uses():
    part = tiny.model("xerm", stage2={"technique": {"name": "cross_domain_risk", "gamma": 2.0}}).techniques[1]
    assert part.get_config()["gamma"] == 2.0
    assert type(part).from_config(part.get_config()).get_config() == part.get_config()
    with pytest.raises(ValueError, match="'cross_domain_risk' must come after a stage"):
        tiny.model("cross_entropy", technique={"name": "cross_domain_risk"})


def test_a_teacher_whose_head_would_be_drawn_again_is_refused():
    with pytest.raises(ValueError, match="must be given to the stage.*reinitialize_head=True"):
        tiny.model("xerm", stage2={"reinitialize_head": True})
