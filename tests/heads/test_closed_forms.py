"""Classifiers with formulas against plain NumPy in float64."""

import numpy as np
import pytest

from ltzoo.heads.closed_forms import CLOSED_FORMS, discriminant, least_squares

GENERATOR = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], [40, 12, 4])
CENTERS = np.array([[0, 0, 0, 0, 0], [3, 0, 1, 0, 0], [0, 2, -1, 0, 3]], float)
FEATURES = CENTERS[LABELS] + GENERATOR.normal(size=(56, 5)) * [1, 0.5, 2, 1, 1] + 7


def standardized(features):
    return (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-3)


def shrunken(matrix):
    return 0.9 * matrix + 0.1 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))


def test_discriminants():
    x = standardized(FEATURES)
    means = np.stack([x[label == LABELS].mean(axis=0) for label in range(3)])
    covariance = sum(
        (label == LABELS).sum() * np.cov(x[label == LABELS].T, bias=True) for label in range(3)
    ) / (56 - 3)
    inverse = np.linalg.inv(shrunken(covariance))
    # Up to a term that all classes share, the logits are negative half squared distances.
    apart = x[:, None] - means
    distances = np.einsum("ncd,de,nce->nc", apart, inverse, apart)
    expected = -0.5 * (distances - distances[:, :1])
    found = discriminant(FEATURES, LABELS, 3).logits(FEATURES)
    np.testing.assert_allclose(found - found[:, :1], expected, rtol=1e-4, atol=1e-3)


def test_least_squares_of_balanced_classes():
    x = standardized(FEATURES)
    weights = 56 / (3 * np.bincount(LABELS)[LABELS])
    x = x - np.average(x, axis=0, weights=weights)
    targets = np.eye(3)[LABELS] - 1 / 3
    kernel = np.linalg.solve(
        shrunken(x.T @ (weights[:, None] * x) / 56), x.T @ (weights[:, None] * targets) / 56
    )
    found = least_squares(FEATURES, LABELS, 3).logits(FEATURES)
    np.testing.assert_allclose(found, x @ kernel + 1 / 3, rtol=1e-4, atol=1e-4)


def test_copies_of_a_class_change_nothing_in_balanced_least_squares():
    """Standardization is by image, so features with equal moments are needed: copy all of a symmetric problem."""
    features = np.concatenate([FEATURES[:20], -FEATURES[:20]])
    labels = np.repeat([0, 1], 20)
    twice = np.concatenate([features, features])
    one = least_squares(features, labels, 2).logits(features)
    two = least_squares(twice, np.concatenate([labels, labels]), 2).logits(features)
    np.testing.assert_allclose(one, two, atol=1e-4)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_they_tell_classes_apart(name):
    found = CLOSED_FORMS[name](FEATURES, LABELS, 3).logits(FEATURES)
    right = found.argmax(axis=1) == LABELS
    assert min(right[label == LABELS].mean() for label in range(3)) > 0.7


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_degenerate_features_have_finite_logits(name):
    fit = CLOSED_FORMS[name]
    assert np.isfinite(fit(np.ones((4, 3)), np.array([0, 0, 1, 1]), 2).logits(np.ones((1, 3)))).all()
    assert np.isfinite(fit(FEATURES[[0, 50]], np.array([0, 1]), 2).logits(FEATURES)).all()
    assert np.isfinite(fit(FEATURES, LABELS, 4).logits(FEATURES)).all()
    wide = GENERATOR.normal(size=(6, 50))
    assert np.isfinite(fit(wide, np.arange(6) % 3, 3).logits(wide)).all()


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_the_given_features_do_not_change(name):
    features = FEATURES.astype("float32")
    before = features.copy()
    CLOSED_FORMS[name](features, LABELS, 3)
    np.testing.assert_array_equal(features, before)
