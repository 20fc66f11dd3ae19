import numpy as np
import pytest

from ltzoo.metrics import Alarm, feature_alarms, prediction_alarms
from ltzoo.metrics.alarms import (
    CHANCE,
    CONSTANT,
    EQUAL_IMAGES,
    LOSS,
    NEVER,
    NOT_FINITE,
    ONE_CLASS,
    image_alarms,
    learned_nothing,
    loss_alarms,
    output_alarms,
)


def confusion_of(labels, predictions, classes):
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


def names(alarms):
    return [alarm.name for alarm in alarms]


def skilled(totals, skill, seed):
    """A classifier that is right with probability `skill`, and otherwise guesses."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(totals)), totals)
    guesses = rng.integers(0, len(totals), len(labels))
    return confusion_of(labels, np.where(rng.random(len(labels)) < skill, labels, guesses), len(totals))


@pytest.mark.parametrize("totals", [[50] * 10, [500, 50, 5], [4] * 100, [10, 10]])
def test_one_predicted_class(totals):
    labels = np.repeat(np.arange(len(totals)), totals)
    found = prediction_alarms(confusion_of(labels, np.zeros_like(labels), len(totals)), images="photographs")
    assert names(found) == [ONE_CLASS, CHANCE]
    assert str(found[0]) == f"a single predicted class: all {sum(totals)} photographs are classified as '0'"


@pytest.mark.parametrize("totals", [[50] * 10, [300, 100, 30], [3] * 100, [1] * 100])
def test_guessing_is_an_alarm_and_skill_is_none(totals):
    guessed = [CHANCE in names(prediction_alarms(skilled(totals, 0.0, seed))) for seed in range(50)]
    learned = [CHANCE in names(prediction_alarms(skilled(totals, 0.5, seed))) for seed in range(50)]
    assert sum(guessed) >= 45 and not any(learned)


@pytest.mark.parametrize("totals", [[1, 1], [2, 2], [3, 3, 3], [5, 1], [10, 5, 2]])
def test_few_test_images_raise_no_false_alarm(totals):
    raised = [learned_nothing(prediction_alarms(skilled(totals, 0.6, seed))) for seed in range(200)]
    assert np.mean(raised) < 0.1


def test_a_prior_alone_is_chance_though_top1_is_high():
    """90 % of the images are of one class; predictions follow the prior and ignore the image."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [900, 60, 40])
    assert CHANCE in names(prediction_alarms(confusion_of(labels, rng.permutation(labels), 3)))


def test_rare_classes_found_at_the_cost_of_top1_are_no_chance():
    labels = np.repeat([0, 1], [900, 100])
    predictions = np.where(np.arange(1000) % 10 < 4, 1 - labels, labels)
    matrix = confusion_of(labels, predictions, 2)
    assert np.trace(matrix) / 1000 < 0.9
    assert not prediction_alarms(matrix)


def test_training_images_at_chance_are_an_alarm_however_few():
    labels, predictions = np.arange(2), np.zeros(2, int)
    matrix = confusion_of(labels, predictions, 2)
    assert not prediction_alarms(matrix)
    assert names(prediction_alarms(matrix, training_counts=[1, 1])) == [ONE_CLASS, CHANCE]


def test_classes_never_predicted():
    labels = np.repeat(np.arange(10), 5)
    predictions = np.where(np.isin(labels, (7, 9)), 0, labels)
    found = prediction_alarms(confusion_of(labels, predictions, 10), [f"class {c}" for c in range(10)])
    assert found == [Alarm(NEVER, "2 of the 10 classes of the 50 test images: 'class 7', 'class 9'")]
    assert not learned_nothing(found)


def test_a_class_of_few_images_may_be_missed():
    labels = np.concatenate([np.repeat(np.arange(9), 5), [9, 9]])
    matrix = confusion_of(labels, labels % 9, 10)
    assert not prediction_alarms(matrix)
    assert not prediction_alarms(matrix, training_counts=[50] * 10)
    assert names(prediction_alarms(matrix, training_counts=[50] * 9 + [2])) == [NEVER]


def test_many_names_are_cut():
    labels = np.repeat(np.arange(20), 5)
    found = prediction_alarms(confusion_of(labels, labels // 2, 20))
    assert found[-1].text.endswith("'14', ...") and found[-1].text.startswith("10 of the 20")


def test_perfect_predictions_and_single_classes_raise_nothing():
    assert not prediction_alarms(np.diag([3, 1, 0, 9]))
    assert not prediction_alarms(np.array([[4, 0], [0, 0]]))


@pytest.mark.parametrize("features", [np.zeros((4, 3)), np.full((4, 3), 7.5), np.full((2, 2, 2), 1e30)])
def test_constant_features(features):
    assert names(feature_alarms(features)) == [CONSTANT]


def test_features_that_differ_or_cannot_be_judged():
    features = np.ones((4, 3))
    features[2, 1] += 1e-3
    assert not feature_alarms(features)
    assert not feature_alarms(np.ones((1, 3)))
    assert not feature_alarms(np.full((4, 3), np.nan))


def test_outputs_that_are_not_finite():
    outputs = np.zeros((4, 3), "float32")
    assert not output_alarms(outputs)
    outputs[1, 0], outputs[3] = np.nan, np.inf
    found = output_alarms(outputs)
    assert names(found) == [NOT_FINITE] and "2 of 4 training images" in found[0].text


def test_equal_images():
    images = np.full((3, 4, 4, 3), 9, "uint8")
    assert names(image_alarms(images)) == [EQUAL_IMAGES]
    images[1, 2, 2, 0] = 10
    assert not image_alarms(images) and not image_alarms(images[:1])


@pytest.mark.parametrize(
    "history, alarms",
    [
        ({"loss": [2.3, 2.3, 2.31], "accuracy": [0.1, 0.1, 0.1]}, [LOSS]),
        ({"loss": [2.3, 2.2, 2.31], "accuracy": [0.1, 0.1, 0.1]}, []),
        ({"loss": [2.3, 2.3, 2.4], "accuracy": [0.1, 0.2, 0.3]}, []),
        ({"loss": [0.1, 0.1, 0.2], "accuracy": [0.9, 0.9, 0.9]}, []),
        ({"loss": [2.3, 2.4], "accuracy": [0.1, 0.1]}, []),
        ({"loss": [2.3, 2.0, 1.0, 3.0, 3.0], "accuracy": [0.1] * 5, "stage": [1, 1, 1, 2, 2]}, []),
        ({"loss": [2.3, 2.3, 2.3, 1.0], "accuracy": [0.1] * 4, "stage": [1, 1, 1, 2]}, [LOSS]),
        ({}, []),
    ],
)
def test_losses(history, alarms):
    assert names(loss_alarms(history)) == alarms
