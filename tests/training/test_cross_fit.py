"""Out-of-fold logits and the last training on all images, through the recipe "transfer"."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import data, recipes
from tests import tiny

pytestmark = pytest.mark.rotating(3)

COUNTS = (40, 20, 8)


def transfer(epochs=12, learning_rate=0.02, **overrides):
    overrides = {"batch_size": 16, "conversions": (), **overrides}
    settings = {"optimizer": {"name": "adamw", "weight_decay": 0.1}}
    schedule = {"name": "constant", "learning_rate": learning_rate}
    return recipes.get("transfer", epochs=epochs, stage1={"schedule": schedule}, **settings, **overrides)


def trained(dataset, seed=0, recipe=None, width=4, **arguments):
    recipe = transfer() if recipe is None else recipe
    model = ltzoo.models.build({"name": "tiny_cnn", "width": width}, recipe, dataset, seed=seed)
    model.fit(dataset, verbose=0, seed=seed, **arguments)
    return model


@pytest.fixture(scope="module")
def problem():
    dataset = tiny.dataset(COUNTS)
    return dataset, trained(dataset)


def test_every_image_has_a_logit_of_a_head_that_did_not_see_it(problem):
    dataset, model = problem
    found = model.out_of_fold
    np.testing.assert_array_equal(found.labels, np.concatenate([dataset.train.labels, dataset.val.labels]))
    assert found.logits.shape == (len(found.labels), 3)
    assert np.isfinite(found.logits).all()
    assert (np.abs(found.logits).max(axis=1) > 0).all()
    accuracy = (found.logits.argmax(axis=1) == found.labels).mean()
    assert accuracy > 0.6
    assert model.trains_on_validation
    assert model.head.name == "head_2"


def test_labels_without_meaning_are_not_learned_out_of_fold():
    dataset = tiny.dataset((40, 40, 40))
    # With seed 0 the patterns alone would predict 42 % of the labels, with this one 37 %.
    labels = np.random.default_rng(3).permutation(dataset.train.labels)
    dataset = data.from_arrays(dataset.train.images, labels, name="shuffled")
    recipe = transfer(40, 0.05)
    found = trained(dataset, recipe=recipe).out_of_fold
    assert (found.logits.argmax(axis=1) == found.labels).mean() < 0.5


def test_the_last_head_learned_from_the_validation_images():
    """Validation images say six times that what the training images call class 0 is class 2."""
    dataset = tiny.dataset(COUNTS, val=False)
    shown = np.flatnonzero(dataset.train.labels == 0)
    images = dataset.train.images[shown]
    twos = np.full(len(shown) * 6, 2)
    contrary = data.from_arrays(
        dataset.train.images,
        dataset.train.labels,
        x_val=np.repeat(images, 6, axis=0),
        y_val=twos,
        name="contrary",
    )
    head = {**recipes.get("transfer").stages[1].head, "target": "data"}
    recipe = transfer(stage2={"head": head})
    share = [
        (trained(data_set, recipe=recipe).predict(images, verbose=0).argmax(axis=1) == 2).mean()
        for data_set in (dataset, contrary)
    ]
    assert share[1] > 0.5 > share[0] + 0.2


def test_it_is_calibrated_out_of_fold(problem):
    dataset, model = problem
    factors = keras.ops.convert_to_numpy(model.head.calibration.value)
    assert factors.shape == (4,) and 0.02 < factors[0] < 50
    assert min(factors[1:3]) >= 0
    assert not np.array_equal(factors, [1, 0, 0, 0])


def test_without_others_it_is_the_head_of_stage_1_on_all_images(problem):
    dataset, _ = problem
    head = {"name": "cross_fitted", "square_root": True}
    model = trained(dataset, recipe=transfer(stage2={"head": head}))
    factor, _ = keras.ops.convert_to_numpy(model.head.calibration.value)
    kernel = keras.ops.convert_to_numpy(model.head.kernel.value)
    np.testing.assert_allclose(kernel, factor * model.heads[0].folded_weights()[0], rtol=1e-5, atol=1e-6)


def test_the_same_seed_gives_the_same_weights(problem):
    dataset, model = problem
    again = trained(dataset)
    np.testing.assert_array_equal(again.out_of_fold.logits, model.out_of_fold.logits)
    for a, b in zip(tiny.weights(model), tiny.weights(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_groups_stay_together():
    """Equal images under one label each are guessed only if another one of the group was trained on."""
    generator = np.random.default_rng(0)
    images = np.repeat(generator.integers(0, 255, (24, 8, 8, 1), dtype="uint8"), 5, axis=0)
    labels = np.repeat(generator.permutation(24) % 3, 5)
    dataset = data.from_arrays(images, labels, name="groups")
    recipe = transfer(30, 0.05)
    mixed = trained(dataset, recipe=recipe, width=64).out_of_fold
    dataset.train.groups = np.repeat(np.arange(24), 5)
    whole = trained(dataset, recipe=recipe, width=64).out_of_fold
    accuracies = [(found.logits.argmax(axis=1) == found.labels).mean() for found in (mixed, whole)]
    assert accuracies[0] > 0.8
    assert accuracies[1] < 0.6


def test_a_resumed_training_has_the_same_weights(problem, tmp_path):
    dataset, model = problem
    first = ltzoo.models.build("tiny_cnn", transfer(), dataset)

    class Stop(keras.callbacks.Callback):
        one_training = True

        def on_epoch_end(self, epoch, logs=None):
            if epoch == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.fit(dataset, verbose=0, checkpoint=tmp_path, callbacks=[Stop()])
    resumed = trained(dataset, checkpoint=tmp_path, resume=True)
    finished = trained(dataset, checkpoint=tmp_path, resume=True)
    for model_ in (resumed, finished):
        for a, b in zip(tiny.weights(model), tiny.weights(model_), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_it_predicts_the_same_after_a_file(problem, tmp_path):
    dataset, model = problem
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    images = dataset.test.load(np.arange(6))
    np.testing.assert_allclose(copy.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-6)
