import numpy as np
import pytest

from ltzoo.data import augmentation
from ltzoo.data.augmentation.mixup import Mixup
from ltzoo.data.augmentation.remix import Remix

COUNTS = [90, 60, 30, 10]
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3)).astype("uint8")
LABELS = np.arange(12) % 4


def published_lam(lam, i, j, kappa, tau):
    """Chou et al., Eq. 7, for one pair of classes."""
    if COUNTS[i] >= kappa * COUNTS[j] and lam < tau:
        return 0.0
    if COUNTS[i] * kappa <= COUNTS[j] and 1 - lam < tau:
        return 1.0
    return lam


@pytest.mark.parametrize("kappa, tau", [(3.0, 0.5), (2.0, 0.9), (1.0, 1.0)])
def test_label_shares_agree_with_the_paper(kappa, tau):
    remix = Remix(COUNTS, kappa=kappa, tau=tau)
    pairs = np.array([(i, j) for i in range(4) for j in range(4)])
    for lam in (0.0, 0.1, 0.49, 0.5, 0.51, 0.95, 1.0):
        actual = remix.label_lam(np.array([lam]), pairs[:, 0], pairs[:, 1])
        expected = [published_lam(lam, i, j, kappa, tau) for i, j in pairs]
        np.testing.assert_array_equal(actual, expected)


def test_images_are_those_of_mixup_and_labels_favor_the_rarer_class():
    for seed in range(10):
        mixed, labels = Remix(COUNTS)(IMAGES, LABELS, np.random.default_rng(seed))
        plain, plain_labels = Mixup(1.0, 4)(IMAGES, LABELS, np.random.default_rng(seed))
        np.testing.assert_array_equal(mixed, plain)
        assert labels.dtype == np.float32
        np.testing.assert_allclose(labels.sum(1), 1.0, rtol=1e-6)
        weight = 1.0 / np.array(COUNTS)
        assert ((labels @ weight) >= (plain_labels @ weight) - 1e-6).all()


def test_tau_0_is_mixup():
    for per_sample in (False, True):
        arguments = (IMAGES, LABELS)
        one = Remix(COUNTS, tau=0.0, per_sample=per_sample)(*arguments, np.random.default_rng(4))
        two = Mixup(1.0, 4, per_sample)(*arguments, np.random.default_rng(4))
        for a, b in zip(one, two, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)


def test_the_pipeline_hands_over_the_class_counts():
    step = augmentation.get([{"name": "remix", "tau": 0.9}], 4, class_counts=COUNTS).steps[0]
    assert step.class_counts.tolist() == COUNTS and step.num_classes == 4 and step.tau == 0.9


def test_errors():
    for bad, message in (
        ({"alpha": 0}, "alpha=0"),
        ({"kappa": 0.5}, "kappa=0.5"),
        ({"tau": 1.5}, "tau=1.5"),
    ):
        with pytest.raises(ValueError, match=message):
            Remix(COUNTS, **bad)
    with pytest.raises(ValueError, match=r"integer labels.*shape \(12, 4\)"):
        Remix(COUNTS)(IMAGES, np.full((12, 4), 0.25), np.random.default_rng(0))
