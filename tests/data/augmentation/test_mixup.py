from pathlib import Path

import numpy as np
import pytest

from ltzoo.data.augmentation.mixup import Mixup, soft_labels

REFERENCE = Path(__file__).parents[2] / "reference"


def mixed_lambdas(alpha, per_sample, seeds, count=8):
    """Lambda of every image, read off labels that are all different."""
    mixup = Mixup(alpha, num_classes=count, per_sample=per_sample)
    images = np.arange(count, dtype="uint8")[:, None, None, None]
    result = []
    for seed in seeds:
        mixed, soft = mixup(images, np.arange(count), np.random.default_rng(seed))
        assert mixed.dtype == np.float32 and soft.dtype == np.float32
        np.testing.assert_allclose(soft.sum(1), 1.0, rtol=1e-6)
        np.testing.assert_allclose(mixed[:, 0, 0, 0], soft @ np.arange(count), rtol=1e-5, atol=1e-5)
        result.append([row[i] for i, row in enumerate(soft) if row[i] < 1])
    return result


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_one_lambda_a_batch_with_beta_moments(alpha):
    batches = mixed_lambdas(alpha, False, range(1500))
    assert all(np.ptp(batch) < 1e-6 for batch in batches if batch)
    lam = np.array([batch[0] for batch in batches if batch])
    np.testing.assert_allclose(lam.mean(), 0.5, atol=0.05)
    np.testing.assert_allclose(lam.var(), 0.25 / (2 * alpha + 1), rtol=0.1)


def test_one_lambda_an_image():
    batches = mixed_lambdas(1.0, True, range(20))
    assert all(len(set(batch)) == len(batch) for batch in batches)


def test_soft_labels_are_mixed_too():
    soft = np.random.default_rng(0).dirichlet(np.ones(4), 6).astype("float32")
    images = np.zeros((6, 2, 2, 1), "uint8")
    _, once = Mixup(1.0, 4)(images, soft, np.random.default_rng(3))
    _, hard = Mixup(1.0, 6)(images, np.arange(6), np.random.default_rng(3))
    np.testing.assert_allclose(once, hard @ soft, rtol=1e-5)


def test_errors():
    with pytest.raises(ValueError, match="Received: alpha=0"):
        Mixup(0, 3)
    with pytest.raises(ValueError, match="labels from 0 to 3"):
        soft_labels([0, 3], 3)
    with pytest.raises(ValueError, match="each of the 3 classes.*shape \\(2, 4\\)"):
        soft_labels(np.ones((2, 4)), 3)
