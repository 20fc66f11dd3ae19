"""Confusing classes: the choice among some classes, and rows of few others."""

import numpy as np
import pytest

from ltzoo.techniques.feature_space import class_score_matrix, confusing_classes

SCORES = np.array([[0.6, 0.3, 0.1, 0.0], [0.1, 0.5, 0.2, 0.2], [0.0, 0.3, 0.2, 0.5], [0.4, 0.1, 0.3, 0.2]])


def test_rows_and_columns():
    assert confusing_classes(SCORES, 2).tolist() == [[1, 2], [2, 3], [3, 1], [0, 2]]
    assert confusing_classes(SCORES, 2, "columns").tolist() == [[3, 1], [0, 2], [3, 1], [2, 1]]


def test_rows_of_few_others_repeat_them():
    assert confusing_classes(SCORES, 4)[3].tolist() == [0, 2, 1, 0]
    assert confusing_classes(SCORES, 3, among=[0, 2]).tolist() == [[2] * 3, [2, 0, 2], [0] * 3, [0, 2, 0]]
    assert confusing_classes(SCORES, 2, among=[1]).tolist() == [[1, 1]] * 4


def test_scores_are_means_over_all_batches():
    random = np.random.default_rng(1)
    logits, labels = random.normal(size=(30, 4)) * 50, random.integers(0, 3, 30)
    parts = [(logits[part], labels[part]) for part in np.array_split(np.arange(30), 4)]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = [scores[labels == label].mean(axis=0) for label in range(3)]
    np.testing.assert_allclose(class_score_matrix(parts, 4), [*expected, np.zeros(4)], rtol=1e-12)
    huge = class_score_matrix([(np.array([[1e4, -1e4]]), np.array([1]))], 2)
    assert huge.tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="by='row'"):
        confusing_classes(SCORES, 2, "row")
    with pytest.raises(ValueError, match="num_confusing=0"):
        confusing_classes(SCORES, 0)
