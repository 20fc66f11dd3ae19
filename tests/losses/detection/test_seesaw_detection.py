import numpy as np
import pytest
from keras import ops

from ltzoo.losses import detection
from ltzoo.losses.detection import SeesawDetection, seesaw_detection
from tests.losses.detection.box_checks import (
    CLASSES,
    COUNTS,
    LOGITS,
    ROWS,
    check_extremes,
    check_object,
    check_value_and_gradient,
)


def published(rows, logits, at, p=0.8, q=2.0, epsilon=0.0, gamma=0.0):
    """Eq. 3-7 of Wang et al. for each object, and the objectness of each box; scores are taken at `at`."""
    losses = np.zeros(rows.shape[:2])
    for image, box in np.ndindex(*rows.shape[:2]):
        z, total = logits[image, box], np.exp(logits[image, box]).sum()
        scores = np.exp(at[image, box]) / np.exp(at[image, box]).sum()
        right = total / (1 + total) if rows[image, box].any() else 1 / (1 + total)
        losses[image, box] = -((1 - right) ** gamma) * np.log(right)
        for i in np.flatnonzero(rows[image, box]):
            denominator = np.exp(z[i])
            for j in range(len(z)):
                if j == i:
                    continue
                mitigation = (COUNTS[j] / COUNTS[i]) ** p if COUNTS[i] > COUNTS[j] else 1.0
                ratio = scores[j] / max(scores[i], epsilon)
                denominator += mitigation * (ratio**q if ratio > 1 else 1.0) * np.exp(z[j])
            losses[image, box] -= np.log(np.exp(z[i]) / denominator)
    return losses


@pytest.mark.parametrize("settings", [{}, {"p": 0.5, "q": 1.0, "epsilon": 0.2, "gamma": 2.0}])
def test_agrees_with_the_paper(settings):
    check_value_and_gradient(
        lambda y, z: seesaw_detection(y, z, class_counts=COUNTS, **settings),
        lambda y, z, at: published(y, z, at, **settings),
    )


def test_without_factors_it_is_cross_entropy_with_a_background_logit_of_zero():
    losses = seesaw_detection(
        ROWS, ops.convert_to_tensor(LOGITS, "float32"), class_counts=COUNTS, p=0.0, q=0.0
    )
    logits = np.concatenate([LOGITS, np.zeros((2, 4, 1))], axis=-1)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -np.take_along_axis(log_p, (CLASSES % 6)[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(ops.convert_to_numpy(losses), expected, rtol=1e-5)


def test_extremes():
    for gamma in (0.0, 2.0):
        check_extremes(lambda y, z, gamma=gamma: seesaw_detection(y, z, class_counts=COUNTS, gamma=gamma))


def test_loss_object(monkeypatch):
    config = {"name": "seesaw_detection", "epsilon": 0.01, "gamma": 2.0}
    loss = detection.get(config, class_counts=COUNTS)
    assert isinstance(loss, SeesawDetection) and "seesaw_detection" in detection.names()
    check_object(loss, monkeypatch)


def test_bad_arguments():
    for bad in ({"p": -1}, {"q": -1}, {"epsilon": 1.0}, {"gamma": -1}, {"class_counts": [1.5]}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            SeesawDetection(**{"class_counts": COUNTS, **bad})
