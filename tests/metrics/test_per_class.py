"""Measures of single classes, and what a `Result` says of them."""

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from ltzoo.metrics import Result, brier_score, classwise_calibration_error
from ltzoo.metrics.per_class import class_results
from ltzoo.metrics.result import result_from_probabilities

OLD = ("top1", "many", "medium", "few", "balanced", "ece", "mce", "nll", "per_class", "confusion")
OLD += ("bin_accuracy", "bin_confidence", "bin_count")


def made_up(count=300, classes=6, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes - 1, count)  # No image of the last class.
    logits = rng.normal(0, 1, (count, classes))
    logits[np.arange(count), labels] += 1
    logits[:, 2] -= 50  # Never predicted.
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probabilities, labels


def test_figures_equal_those_of_scikit_learn():
    probabilities, labels = made_up()
    predicted = probabilities.argmax(axis=1)
    result = result_from_probabilities(
        probabilities, labels, [300, 50, 40, 30, 5, 4], class_names=list("abcdef")
    )
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        labels, predicted, labels=range(6), zero_division=np.nan
    )
    rows = result.classes
    np.testing.assert_allclose([row.recall for row in rows], recall)
    np.testing.assert_allclose([row.precision for row in rows], precision)
    np.testing.assert_allclose([row.f1 for row in rows][:5], f1[:5])
    assert [row.test_images for row in rows] == support.tolist() and rows[5].test_images == 0
    assert [row.training_images for row in rows] == [300, 50, 40, 30, 5, 4]
    assert [row.name for row in rows] == list("abcdef")
    assert np.isnan(rows[2].precision) and rows[2].f1 == 0 and np.isnan(rows[5].f1)
    assert result.macro_f1 == pytest.approx(np.mean(f1[:5]))
    assert result.worst_class == 2 and result.worst_recall == 0
    assert result.groups["few"].classes == 1 and result.groups["few"].images == support[4]
    assert result.groups["many"].images == support[0]
    low, high = result.intervals["macro_f1"]
    assert low < result.macro_f1 < high


def test_the_most_frequent_confusion_is_named():
    confusion = np.array([[5, 2, 3], [0, 4, 0], [1, 1, 0]])
    rows = class_results(confusion)
    assert [(row.confused_with, row.confused_images) for row in rows] == [(2, 3), (None, 0), (0, 1)]
    assert [row.name for row in rows] == ["0", "1", "2"] and rows[0].training_images is None


def test_brier_and_class_wise_calibration_by_hand():
    probabilities, labels = made_up(50, 4)
    truth = np.eye(4)[labels]
    assert brier_score(probabilities, labels) == pytest.approx(
        ((probabilities - truth) ** 2).sum(axis=1).mean()
    )
    total = 0.0
    for label in range(4):
        for lower in range(15):
            inside = (probabilities[:, label] > lower / 15) & (probabilities[:, label] <= (lower + 1) / 15)
            if inside.any():
                total += (
                    abs((labels[inside] == label).mean() - probabilities[inside, label].mean())
                    * inside.mean()
                )
    assert classwise_calibration_error(probabilities, labels) == pytest.approx(total / 4)
    assert classwise_calibration_error(np.eye(4)[labels], labels) == 0
    assert brier_score(np.eye(4)[(labels + 1) % 4], labels) == 2


def test_blocks_of_classes_change_nothing(monkeypatch):
    probabilities, labels = made_up(50, 6)
    expected = classwise_calibration_error(probabilities, labels)
    monkeypatch.setattr("ltzoo.metrics.probability_scores._VALUES", 100)
    assert classwise_calibration_error(probabilities, labels) == pytest.approx(expected)


def test_results_of_earlier_versions_load_and_print():
    probabilities, labels = made_up()
    result = result_from_probabilities(probabilities, labels, [300, 50, 40, 30, 5, 4])
    old = {key: value for key, value in result.to_dict().items() if key in OLD}
    loaded = Result.from_dict(json.loads(json.dumps(old)))
    assert loaded.top1 == result.top1 and loaded.macro_f1 == result.macro_f1
    assert np.isnan(loaded.brier) and loaded.class_counts is None and loaded.intervals == {}
    assert "[" not in str(loaded) and loaded.groups == {}
    assert loaded.classes[0].training_images is None
    with pytest.raises(ValueError, match="Received: values with"):
        Result.from_dict({**old, "else": 1})


def test_the_text_shows_intervals_sizes_and_marks_few_images():
    probabilities, labels = made_up(40)
    names = ["a", "b\x1b[31m", "c", "d", "e", "f"]
    result = result_from_probabilities(probabilities, labels, [300, 50, 40, 30, 5, 4], class_names=names)
    lines = {line.split("  ")[0]: line for line in str(result).splitlines()}
    low, high = result.intervals["top1"]
    assert f"[{100 * low:.1f}, {100 * high:.1f}]" in lines["Top-1 accuracy"]
    few = result.groups["few"]
    assert f"1 class, {few.images} images" in lines["Few-shot accuracy"]
    assert ("*" in lines["Few-shot accuracy"]) == (few.images < 10)
    assert "3 classes" in lines["Medium-shot accuracy"]
    assert "\x1b" not in str(result) and lines["Worst class"].split("  ")[-1].startswith("c, ")


def test_groups_of_another_length_are_refused():
    probabilities, labels = made_up(40)
    with pytest.raises(ValueError, match=r"`groups` must have an integer for each of the 40 images.*\(3,\)"):
        result_from_probabilities(probabilities, labels, groups=[1, 2, 3])
    with pytest.raises(ValueError, match="dtype float64"):
        result_from_probabilities(probabilities, labels, groups=np.zeros(40))
