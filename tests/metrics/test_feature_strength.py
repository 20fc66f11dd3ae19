import numpy as np
import pytest

from ltzoo.metrics import feature_strength


def test_equations_5_and_6_by_loops():
    random = np.random.default_rng(0)
    features = random.normal(size=(20, 5)) * [1, 2, 3, 4, 5] + [0, 1, 0, 2, 0]
    labels = np.array([0] * 12 + [2] * 8)
    found = feature_strength(features, labels, num_classes=4)

    def loops(rows):
        count, channels = len(rows), len(rows[0])
        mu = [sum(row[k] for row in rows) / count for k in range(channels)]
        sigma = [(sum((row[k] - mu[k]) ** 2 for row in rows) / count) ** 0.5 for k in range(channels)]

        def variance(values):
            center = sum(values) / channels
            return sum((value - center) ** 2 for value in values) / (channels - 1)

        return mu, sigma, variance(mu), variance(sigma)

    mu, sigma, variance_of_mu, variance_of_sigma = loops(features.tolist())
    np.testing.assert_allclose(found.mean, mu)
    np.testing.assert_allclose(found.spread, sigma)
    assert found.variance_of_mean == pytest.approx(variance_of_mu)
    assert found.variance_of_spread == pytest.approx(variance_of_sigma)
    for number in (0, 2):
        mu, _, variance_of_mu, variance_of_sigma = loops(features[labels == number].tolist())
        np.testing.assert_allclose(found.class_means[number], mu)
        assert found.class_variance_of_mean[number] == pytest.approx(variance_of_mu)
        assert found.class_variance_of_spread[number] == pytest.approx(variance_of_sigma)
    for empty in (1, 3):
        assert np.isnan(found.class_means[empty]).all() and np.isnan(found.class_variance_of_mean[empty])


def test_even_channels_have_no_variance_and_variances_can_be_asked_for():
    column = np.random.default_rng(1).normal(size=(30, 1))
    even = feature_strength(np.repeat(column, 4, axis=1))
    assert even.variance_of_mean == pytest.approx(0) and even.variance_of_spread == pytest.approx(0)
    assert even.class_means is None
    features = column * [1.0, 2.0]
    std, variance = (feature_strength(features, spread=spread).spread for spread in ("std", "variance"))
    np.testing.assert_allclose(std**2, variance)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"features": np.zeros((3, 1))}, r"shape \(3, 1\)"),
        ({"features": np.zeros((3, 2)), "labels": [0, 1]}, "3 images, 2 labels"),
        (
            {"features": np.zeros((3, 2)), "labels": [0, 1, 2], "num_classes": 2},
            "the 2 classes.*label 2 at position 2",
        ),
        ({"features": np.zeros((3, 2)), "spread": "range"}, "spread='range'"),
    ],
)
def test_errors_say_what_was_received(arguments, message):
    with pytest.raises(ValueError, match=message):
        feature_strength(**arguments)
