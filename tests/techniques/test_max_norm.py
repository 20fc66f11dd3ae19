import keras
import numpy as np
import pytest

from ltzoo import techniques
from ltzoo.training import Recipe, Stage
from tests import tiny


def recipe(**technique):
    """A stage without and a stage with the ball, of the classifier alone and with steps that leave it."""
    shared = {"loss": {"name": "cross_entropy"}, "batch_size": 8}
    return Recipe(
        "test",
        {"name": "dense"},
        (
            Stage(epochs=1, schedule={"learning_rate": 1.0}, **shared),
            Stage(
                epochs=2,
                schedule={"learning_rate": 20.0},
                trainable="head",
                batch_norm="frozen",
                technique={"name": "max_norm", **technique},
                **shared,
            ),
        ),
    )


class Norms(keras.callbacks.Callback):
    """Norms of the class vectors after every epoch."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier, self.epochs = classifier, []

    def on_epoch_end(self, epoch, logs=None):
        kernel = keras.ops.convert_to_numpy(self.classifier.head.kernel.value)
        self.epochs.append(np.linalg.norm(kernel, axis=0))


def test_norms_stay_in_the_ball_and_resume_knows_it(tmp_path):
    dataset = tiny.dataset(val=False)
    classifier = tiny.model(recipe(fraction=0.3))
    norms = Norms(classifier)

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classifier.fit(dataset, callbacks=[norms, Stop()], checkpoint=tmp_path, verbose=0)
    first, second = norms.epochs
    radius = first.min() + 0.3 * (first.max() - first.min())
    assert first.max() > radius * 1.01, "the stage must begin outside of the ball"
    np.testing.assert_allclose(second.max(), radius, rtol=1e-5)

    again = tiny.model(recipe(fraction=0.3))
    norms = Norms(again)
    again.fit(dataset, callbacks=[norms], checkpoint=tmp_path, resume=True, verbose=0)
    np.testing.assert_allclose(norms.epochs[-1].max(), radius, rtol=1e-5)
    kernel = again.head.kernel
    outside = 10.0 * keras.ops.convert_to_numpy(kernel.value)
    np.testing.assert_array_equal(kernel.constraint(outside), outside)  # the stage is over


def test_the_ball_of_the_released_code_acts_between_epochs():
    """The first epoch of stage 2 may leave the ball; at its end, and at the end of the stage, all norms are inside."""
    classifier = tiny.model(recipe(fraction=0.3, every="epoch"))
    norms = Norms(classifier)
    classifier.fit(tiny.dataset(val=False), callbacks=[norms], verbose=0)
    first, second, third = norms.epochs
    radius = first.min() + 0.3 * (first.max() - first.min())
    assert first.max() > radius * 1.01
    for late in (second, third):
        np.testing.assert_allclose(late.max(), radius, rtol=1e-5)
    classifier.enter_stage(1)
    outside = 10.0 * keras.ops.convert_to_numpy(classifier.head.kernel.value)
    np.testing.assert_array_equal(classifier.head.kernel.constraint(outside), outside)  # steps are free


def test_radius_from_the_recipe():
    classifier = tiny.model(recipe(radius=0.25))
    classifier.enter_stage(1)
    classifier.technique.begin(classifier, None)
    classifier.technique.on_epoch_begin(0, 2)
    kernel = classifier.head.kernel
    projected = keras.ops.convert_to_numpy(kernel.constraint(kernel.value))
    assert np.linalg.norm(projected, axis=0).max() <= 0.25 * (1 + 1e-6)


def test_bad_arguments():
    for bad in ({"radius": 0}, {"fraction": 1.5}, {"every": "batch"}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            techniques.get({"name": "max_norm", **bad})
    technique = techniques.get({"name": "max_norm", "fraction": 0.2})
    assert type(technique).from_config(technique.get_config()).get_config() == technique.get_config()
