"""The staged fit on streams of tf.data: every backend, counts, seeds, resuming, and what is refused."""

import warnings

import keras
import numpy as np
import pytest

from ltzoo import metrics, models, recipes
from ltzoo.data import from_tf_data
from ltzoo.training.context import StageContext
from tests import tiny

pytestmark = pytest.mark.rotating(3)

tf = pytest.importorskip("tensorflow")


class Stopped(Exception):
    pass


class StopAfter(keras.callbacks.Callback):
    """Fail at the beginning of the epoch after the given one, when this one is saved."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch > self.epoch:
            raise Stopped


def stream_of(split, batch=4):
    return tf.data.Dataset.from_tensor_slices((split.images, split.labels)).batch(batch)


def streamed(counts=None, **arguments):
    whole = tiny.dataset()
    counts = whole.class_counts if counts is None else counts
    arguments = {"class_names": whole.class_names, **arguments}
    return from_tf_data(stream_of(whole.train), counts, val=stream_of(whole.val), **arguments)


def fitted(which="gcl", dataset=None, seed=0, stage2=None, **arguments):
    dataset = streamed() if dataset is None else dataset
    model = tiny.model(which, stage2={"cache_features": False, **(stage2 or {})})
    return model, model.fit(dataset, verbose=0, seed=seed, **arguments)


def test_both_stages_of_gcl_train_and_are_measured():
    """The second stage draws with the probabilities of CBEN."""
    model, history = fitted()
    assert history.history["stage"] == [1, 1, 2, 2]
    assert np.isfinite(history.history["loss"]).all() and np.isfinite(history.history["val_loss"]).all()
    whole = tiny.dataset()
    result, predictions = metrics.measure(model, streamed().val)
    right, expected = metrics.measure(model, whole.val)
    np.testing.assert_array_equal(predictions.labels, whole.val.labels)
    np.testing.assert_array_equal(result.confusion, right.confusion)
    assert history.history["val_accuracy"][-1] == pytest.approx(right.top1, abs=1e-6)


def test_the_images_of_a_stream_are_those_of_the_arrays():
    """Without shuffling, a stream trains as the same batches of arrays do in Keras's own fit."""
    whole = tiny.dataset(val=False)
    stage = {"augmentation": [], "mixup_alpha": 0.0}
    recipe = tiny.recipe("cross_entropy", epochs=1, **stage)
    first = models.build("tiny_cnn", recipe, whole, seed=1, mean=0.5, std=0.25)
    dataset = from_tf_data(
        stream_of(whole.train), whole.class_counts, shuffle_images=0, class_names=whole.class_names
    )
    first.fit(dataset, verbose=0)
    second = models.build("tiny_cnn", recipe, whole, seed=1, mean=0.5, std=0.25)
    second.enter_stage(0)
    size = recipe.stages[0].batch_size
    second.set_stage(0, -(-len(whole.train) // size), False)
    for start in range(0, len(whole.train), size):
        images, labels = whole.train.images[start : start + size], whole.train.labels[start : start + size]
        second.train_on_batch(images, labels)
    for a, b in zip(tiny.weights(first), tiny.weights(second), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_pixel_statistics_are_those_of_the_first_images():
    whole = tiny.dataset()
    model = models.build("tiny_cnn", tiny.recipe(), streamed())
    right = models.build("tiny_cnn", tiny.recipe(), whole)
    np.testing.assert_allclose(model.mean, right.mean, atol=2e-4)


@pytest.mark.parametrize("strategy", ["instance_balanced", "class_balanced"])
def test_wrong_counts_are_reported_by_the_first_epoch(strategy):
    whole = tiny.dataset()
    counts = whole.class_counts.copy()
    counts[0] += 3
    recipe = tiny.recipe("cross_entropy", epochs=1, sampler={"strategy": strategy})
    for given, wrong in ((counts, True), (whole.class_counts, False)):
        dataset = streamed(given)
        model = models.build("tiny_cnn", recipe, dataset, mean=0.5, std=0.25)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(dataset, verbose=0)
        said = [str(w.message) for w in caught if "`class_counts` differs" in str(w.message)]
        assert len(said) == wrong
        if wrong:
            assert "1 of 3 classes" in said[0] and said[0].endswith("Received: 'vertical' 27 (found 24)")
            assert [w.filename for w in caught if "`class_counts` differs" in str(w.message)] == [__file__]


def test_a_global_seed_of_zero_is_no_obstacle_and_changes_no_order():
    once, _ = fitted(seed=3)
    tf.random.set_seed(0)
    try:
        again, _ = fitted(seed=3)
    finally:
        tf.random.set_seed(None)
    assert all(np.array_equal(a, b) for a, b in zip(tiny.weights(once), tiny.weights(again), strict=True))


def test_seeds_and_resuming_between_epochs(tmp_path):
    once, _ = fitted(seed=3)
    again, _ = fitted(seed=3)
    other, _ = fitted(seed=4)
    same = [np.array_equal(a, b) for a, b in zip(tiny.weights(once), tiny.weights(again), strict=True)]
    assert all(same)
    assert not all(np.array_equal(a, b) for a, b in zip(tiny.weights(once), tiny.weights(other), strict=True))
    for epoch in (0, 1, 2):
        folder = tmp_path / str(epoch)
        with pytest.raises(Stopped):
            fitted(seed=3, checkpoint=folder, callbacks=[StopAfter(epoch)])
        resumed, history = fitted(seed=3, checkpoint=folder, resume=True)
        assert history.history["stage"] == [1, 1, 2, 2]
        if epoch < 2:  # Within a stage that draws with replacement the draws are others.
            for a, b in zip(tiny.weights(once), tiny.weights(resumed), strict=True):
                np.testing.assert_array_equal(a, b)


def test_host_augmentation_gets_the_images_and_keyed_random_numbers():
    recipe = tiny.recipe(
        "cross_entropy", epochs=2, augment_on="host", mixup_alpha=0.4,
        augmentation=[{"name": "pad_crop_flip", "padding": 1, "flip": True}],
    )  # fmt: skip
    found = []
    for _ in range(2):
        model = models.build("tiny_cnn", recipe, streamed(), mean=0.5, std=0.25)
        model.fit(streamed(), verbose=0, workers=2)
        found.append(tiny.weights(model))
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_keep_the_best_epoch_of_a_stream():
    _, history = fitted(keep="best:balanced")
    assert [entry["stage"] for entry in history.kept] == [1, 2]


def test_heads_that_begin_with_features_read_the_stream_once():
    whole = tiny.dataset()
    recipe = tiny.recipe("ncm", epochs=1)
    found = []
    for dataset in (streamed(shuffle_images=0), whole):
        model = models.build("tiny_cnn", recipe, whole, mean=0.5, std=0.25)
        if dataset is whole:
            model.enter_stage(len(recipe.stages) - 1)
            model.set_weights(found[0].get_weights())
            context = StageContext(model, whole, len(recipe.stages) - 1, 0)
            model.head.begin(None, context)
        else:
            model.fit(dataset, verbose=0)
        found.append(model)
    for a, b in zip(tiny.weights(found[0].head), tiny.weights(found[1].head), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "which, changes, arguments, message",
    [
        (
            "transfer",
            {},
            {},
            "computes the features of all images once; load the images with .*from_directory",
        ),
        ("cross_entropy", {"sampler": {"strategy": "progressive"}}, {}, "works with a stream"),
        ("cross_entropy", {"sampler": {"strategy": "class_aware"}}, {}, "use 'class_balanced'"),
        ("cross_entropy", {}, {"on_device": True}, "`on_device` does not work with a stream"),
        ("cross_entropy", {}, {"shard_count": 2}, "`shard_count` does not work with a stream"),
        ("bcl", {}, {}, "in groups"),
        ("fsa", {}, {}, "FeatureSpaceAugmentation reads training images by position|computes the features"),
        ("camc", {}, {}, "CAMCHead reads training images by position|computes the features"),
    ],
)
def test_what_cannot_be_streamed_is_refused_before_the_training(which, changes, arguments, message):
    dataset = streamed()
    recipe = recipes.get(which)
    if changes:
        recipe = tiny.recipe(which, epochs=1, **changes)
    model = models.build("tiny_cnn", recipe, dataset.class_counts, input_shape=dataset.image_shape)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(dataset, verbose=0, **arguments)
    assert "\n" not in str(caught.value)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_wrong_batch_in_mid_training_has_its_own_error():
    whole = tiny.dataset()
    labels = np.resize(whole.train.labels, 1600)
    images = np.resize(whole.train.images, (1600, 8, 8, 1)).astype(np.float32)
    images[-1] = np.nan  # The first images are looked at before the training.
    made = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    dataset = from_tf_data(made, np.bincount(labels), shuffle_images=0, class_names=whole.class_names)
    model = models.build("tiny_cnn", tiny.recipe("cross_entropy", epochs=1, batch_size=64), dataset)
    with pytest.raises(ValueError, match="must hold finite pixels 0..255"):
        model.fit(dataset, verbose=0)
