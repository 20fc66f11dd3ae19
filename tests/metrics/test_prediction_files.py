"""`predictions.csv` and `per_class.csv`."""

import csv
import dataclasses

import numpy as np
import pytest

from ltzoo.metrics.prediction_files import read_predictions, write_per_class, write_predictions
from ltzoo.metrics.predictions import predictions_from_probabilities
from ltzoo.metrics.result import result_from_probabilities

NAMES = ["cat", "=HYPERLINK(1)", "owl", "dog"]


def made_up(count=30, classes=4, groups=False):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(classes) / 4, count)
    labels = rng.integers(0, classes, count)
    images = [f"dir/{number}.png" for number in range(count)]
    given = np.arange(count) // 3 - 2 if groups else None
    return predictions_from_probabilities(probabilities, labels, images, given), probabilities, labels


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("groups", [False, True])
def test_predictions_come_back(tmp_path, groups):
    predictions, probabilities, labels = made_up(groups=groups)
    write_predictions(tmp_path / "p.csv", predictions, NAMES)
    found = read_predictions(tmp_path / "p.csv", 4)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.predicted, probabilities.argmax(axis=1))
    np.testing.assert_allclose(found.true_probability, probabilities[np.arange(30), labels], rtol=1e-8)
    np.testing.assert_allclose(found.probabilities[:, 0], probabilities.max(axis=1), rtol=1e-8)
    assert found.images == predictions.images
    assert found.groups is None if not groups else (found.groups == predictions.groups).all()
    row = rows_of(tmp_path / "p.csv")[0]
    order = np.argsort(-probabilities[0])
    assert row["image"] == "dir/0.png"
    columns = ("predicted", "second_predicted", "third_predicted")
    assert [row[column].lstrip("'") for column in columns] == [NAMES[label] for label in order[:3]]
    assert float(row["third_probability"]) == pytest.approx(probabilities[0, order[2]])
    assert all(not value.startswith("=") for line in rows_of(tmp_path / "p.csv") for value in line.values())


def test_two_classes_leave_the_third_place_empty(tmp_path):
    predictions, *_ = made_up(classes=2)
    write_predictions(tmp_path / "p.csv", dataclasses.replace(predictions, images=None), NAMES[:2])
    row = rows_of(tmp_path / "p.csv")[3]
    assert row["image"] == "3" and row["third_predicted"] == row["third_probability"] == ""


def test_the_first_of_equal_probabilities_is_the_prediction():
    predictions = predictions_from_probabilities(np.full((2, 4), 0.25), np.array([0, 1]))
    assert predictions.classes.tolist() == [[0, 1, 2]] * 2


def test_a_line_per_class(tmp_path):
    _, probabilities, labels = made_up()
    labels = np.where(labels == 3, 0, labels)
    result = result_from_probabilities(probabilities, labels, [30, 5, 4, 3], class_names=NAMES)
    write_per_class(tmp_path / "c.csv", result.classes)
    rows = rows_of(tmp_path / "c.csv")
    assert [row["class"] for row in rows] == ["cat", "'=HYPERLINK(1)", "owl", "dog"]
    assert [row["training_images"] for row in rows] == ["30", "5", "4", "3"]
    assert rows[3]["images"] == "0" and rows[3]["recall"] == "" and rows[3]["confused_with"] == ""
    assert float(rows[0]["recall"]) == pytest.approx(result.per_class[0], rel=1e-5)
    assert float(rows[0]["recall_low"]) < float(rows[0]["recall"]) < float(rows[0]["recall_high"])
    other = result.classes[0].confused_with
    assert rows[0]["confused_with"].lstrip("'") == NAMES[other]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"true_label": "4"}, "row 2: a label must be a class"),
        ({"true_label": "-1"}, "a label must be a class"),
        ({"predicted_label": "1e3"}, "must be an integer. Received: '1e3'"),
        ({"predicted_label": "٣"}, "must be an integer"),
        ({"true_probability": "nan"}, "must be in 0..1. Received: 'nan'"),
        ({"probability": "1.5"}, "must be in 0..1"),
        ({"probability": "x"}, "must be in 0..1"),
        ({"group": "7"}, "groups for all or none"),
        ({"group": "9" * 30}, "must be an integer"),
    ],
)
def test_wrong_values_are_named(change, message, tmp_path):
    predictions, *_ = made_up()
    write_predictions(tmp_path / "p.csv", predictions, NAMES)
    rows = rows_of(tmp_path / "p.csv")
    rows[0].update(change)
    with open(tmp_path / "p.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(ValueError, match=message):
        read_predictions(tmp_path / "p.csv", 4)
