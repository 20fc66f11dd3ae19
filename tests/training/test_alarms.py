import warnings

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo.metrics.alarms import CHANCE, CONSTANT, EQUAL_IMAGES, NEVER, NOT_FINITE, ONE_CLASS
from ltzoo.training import GrayImagesWarning, RandomFeaturesWarning, TrainingAlarm, training_alarms
from ltzoo.training.alarms import stratified_sample
from tests import tiny


def names(alarms):
    return [alarm.name for alarm in alarms]


def images_of_zeros():
    return ltzoo.data.from_arrays(np.zeros((12, 8, 8, 3), "uint8"), np.repeat([0, 1, 2], [6, 4, 2]))


@pytest.fixture(scope="module")
def model():
    """A classifier whose weights the tests set."""
    return tiny.model("cross_entropy", epochs=(1,))


def set_head(model, kernel, bias):
    kernel_variable, bias_variable = model.head.weights
    kernel_variable.assign(np.broadcast_to(np.asarray(kernel, "float32"), kernel_variable.shape))
    bias_variable.assign(np.asarray(bias, "float32"))


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_training_on_equal_images_says_so(precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        dataset = images_of_zeros()
        recipe = tiny.recipe("cross_entropy", epochs=(1,))
        model = ltzoo.models.build("tiny_cnn", recipe, dataset)
        with pytest.warns(TrainingAlarm) as caught:
            history = model.fit(dataset, verbose=0)
    finally:
        keras.config.set_dtype_policy(before)
    assert names(history.alarms) == [EQUAL_IMAGES, CONSTANT, ONE_CLASS, CHANCE]
    texts = [str(warning.message) for warning in caught if warning.category is TrainingAlarm]
    assert texts == [str(alarm) for alarm in history.alarms]
    assert all("\n" not in text for text in texts)


def test_keras_fit_warns_too(model):
    images = np.zeros((8, 8, 8, 1), "uint8")
    for labels in (np.arange(8) % 3, keras.utils.to_categorical(np.arange(8) % 3, 3)):
        with pytest.warns(TrainingAlarm) as caught:
            model.fit(keras.ops.convert_to_tensor(images), y=labels, verbose=0)
        assert any(str(warning.message).startswith(CONSTANT) for warning in caught)


def test_a_classifier_of_one_class(model):
    set_head(model, 0.0, [0, 5, 0])
    found = training_alarms(model, tiny.dataset().train, {})
    assert names(found) == [ONE_CLASS, CHANCE]
    assert "all 40 training images are classified as 'horizontal'" in found[0].text


def test_outputs_that_are_not_finite(model):
    set_head(model, 0.0, [0, np.nan, 0])
    assert names(training_alarms(model, tiny.dataset().train, {})) == [NOT_FINITE]


def test_a_learned_task_is_silent():
    """The two classes are black and white."""
    images = np.repeat([0, 255], 8).astype("uint8")[:, None, None, None] * np.ones((1, 8, 8, 1), "uint8")
    dataset = ltzoo.data.from_arrays(images, np.repeat([0, 1], 8))
    model = ltzoo.models.build("tiny_cnn", tiny.recipe("cross_entropy", epochs=(1,)), dataset)
    features = model.extract_features_on_batch(images)
    direction = features[-1] - features[0]
    assert np.linalg.norm(direction) > 1e-3
    middle = direction @ (features[0] + features[-1]) / 2
    set_head(model, np.stack([-direction, direction], axis=1), [middle, -middle])
    assert training_alarms(model, dataset.train, {}) == []


def test_the_same_alarm_is_shown_after_each_training(recwarn):
    from ltzoo.metrics import Alarm
    from ltzoo.training.alarms import warn

    for _ in range(2):
        warn([Alarm(NEVER, "1 of 3")])
    assert len(recwarn.list) == 2


def test_the_sample_has_every_class():
    labels = np.repeat(np.arange(10), [500, 200, 100, 50, 20, 10, 5, 3, 2, 1])
    sample = stratified_sample(labels, 64)
    assert len(sample) == 64 and (np.diff(sample) > 0).all()
    counts = np.bincount(labels[sample], minlength=10)
    assert (counts >= np.minimum(np.bincount(labels), 5)).all()
    np.testing.assert_array_equal(stratified_sample(labels, 64), sample)
    np.testing.assert_array_equal(stratified_sample(labels[:9], 64), np.arange(9))


def test_a_small_sample_is_spread_over_the_classes():
    labels = np.repeat(np.arange(1000), 3)
    sample = labels[stratified_sample(labels, 100)]
    assert len(set(sample)) == 100 and sample.max() > 900


def _gray_warnings(model, dataset, **arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(dataset, verbose=0, validate=False, **arguments)
    return [warning for warning in caught if issubclass(warning.category, GrayImagesWarning)]


def test_gray_images_in_color_are_said_where_weights_are_random(tmp_path):
    dataset = tiny.dataset()
    x = dataset.train.load(np.arange(len(dataset.train)))
    gray = ltzoo.data.from_arrays(x.repeat(3, -1), dataset.train.labels)
    recipe = tiny.recipe("cross_entropy", epochs=(1,))
    model = ltzoo.models.build("tiny_cnn", recipe, gray)
    [said] = _gray_warnings(model, gray, checkpoint=tmp_path)
    assert said.filename == __file__ and "images[..., :1]" in str(said.message)
    assert str(said.message).endswith("Received: dataset.image_shape=(8, 8, 3) with three equal channels")
    assert not _gray_warnings(model, gray)  # It is trained.
    again = ltzoo.models.build("tiny_cnn", recipe, gray)
    assert not _gray_warnings(again, gray, checkpoint=tmp_path, resume=True)
    loaded = ltzoo.models.build("tiny_cnn", recipe, gray)
    loaded.set_weights(model.get_weights())
    assert not _gray_warnings(loaded, gray)
    one_channel = ltzoo.models.build("tiny_cnn", recipe, dataset)
    assert one_channel.starts_random and not _gray_warnings(one_channel, dataset)


def test_a_frozen_network_with_random_weights_gives_a_warning():
    frozen = {"trainable": "head", "batch_norm": "frozen", "augmentation": []}
    for settings, warned in ({"stage1": frozen}, True), ({}, False):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tiny.model("cross_entropy", epochs=(1,), **settings).fit(tiny.dataset(), verbose=0)
        found = [str(w.message) for w in caught if issubclass(w.category, RandomFeaturesWarning)]
        assert len(found) == warned and all("'weights': 'imagenet'" in words for words in found), settings
