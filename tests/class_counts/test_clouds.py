"""Cloud sizes against GCL Table 3."""

import numpy as np
import pytest

from ltzoo.class_counts import cloud_sizes


def test_log_cloud_sizes():
    sizes = cloud_sizes([5000, 500, 50])
    np.testing.assert_allclose(sizes, [0.0, 0.5, 1.0], atol=1e-12)
    np.testing.assert_allclose(cloud_sizes([100, 10], normalize=False), [0.0, np.log(10)], rtol=1e-12)


@pytest.mark.parametrize("exponent", [1 / 3, 1 / 4])
def test_power_cloud_sizes(exponent):
    counts = np.array([5000, 387, 50])
    expected = 5000**exponent - counts**exponent
    np.testing.assert_allclose(cloud_sizes(counts, "power", exponent, normalize=False), expected, rtol=1e-12)
    np.testing.assert_allclose(cloud_sizes(counts, "power", exponent), expected / expected.max(), rtol=1e-12)


def test_cosine_cloud_sizes():
    counts = np.array([5000, 387, 50])
    sizes = cloud_sizes(counts, "cosine", normalize=False)
    np.testing.assert_allclose(sizes, np.cos(counts / 5000 * np.pi / 2), atol=1e-12)
    assert sizes[0] == 0.0


@pytest.mark.parametrize("strategy", ["log", "power", "cosine"])
@pytest.mark.parametrize("normalize", [True, False])
def test_balanced_counts_have_no_cloud(strategy, normalize):
    assert cloud_sizes([7, 7, 7], strategy, normalize=normalize).tolist() == [0.0, 0.0, 0.0]


def test_bad_cloud_arguments_are_named():
    with pytest.raises(ValueError, match=r"log, power, cosine. Received: strategy='linear'"):
        cloud_sizes([3, 2], "linear")
    with pytest.raises(ValueError, match=r"Received: exponent=0"):
        cloud_sizes([3, 2], "power", exponent=0)
