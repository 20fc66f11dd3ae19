import numpy as np
import pytest
from keras import ops

from ltzoo.losses import detection
from ltzoo.losses.detection import SigmoidEqualization, sigmoid_equalization
from tests.gradients import value_and_gradient
from tests.losses.detection.box_checks import (
    COUNTS,
    LOGITS,
    ROWS,
    check_extremes,
    check_object,
    check_value_and_gradient,
)


def published(rows, logits, at, rare, gamma=0.0):
    """Eq. 3-4 of Tan et al., with a focal factor, one number at a time."""
    losses = np.zeros(rows.shape[:2])
    for image, box, j in np.ndindex(*rows.shape):
        y = rows[image, box, j]
        p = 1 / (1 + np.exp(-logits[image, box, j]))
        p_hat = p if y else 1 - p
        excludes = rows[image, box].any()
        weight = 1 - excludes * rare[j] * (1 - y)
        losses[image, box] += -weight * (1 - p_hat) ** gamma * np.log(p_hat)
    return losses


@pytest.mark.parametrize(
    "settings, rare",
    [
        ({}, [0, 0, 1, 1, 1]),
        ({"gamma": 2.0}, [0, 0, 1, 1, 1]),
        ({"threshold": 0.05}, [0, 0, 0, 1, 1]),
        ({"threshold": 0.05, "num_images": 2000, "gamma": 0.5}, [0, 0, 1, 1, 1]),
        ({"threshold": 0.0}, [0, 0, 0, 0, 0]),
    ],
)
def test_agrees_with_the_paper(settings, rare):
    check_value_and_gradient(
        lambda y, z: sigmoid_equalization(y, z, class_counts=COUNTS, **settings),
        lambda y, z, at: published(y, z, at, rare, settings.get("gamma", 0.0)),
    )


def test_only_objects_of_other_classes_leave_rare_classes_alone():
    _, gradient = value_and_gradient(
        lambda z: ops.sum(sigmoid_equalization(ROWS, z, class_counts=COUNTS)), LOGITS
    )
    background = ~ROWS.any(axis=-1)
    rare = np.array([False, False, True, True, True]) & (ROWS == 0) & ~background[..., None]
    assert rare.any() and (gradient[rare] == 0).all() and (gradient[~rare] != 0).all()
    assert (gradient[background] > 0).all()


def test_extremes():
    for gamma in (0.0, 2.0):
        check_extremes(lambda y, z, gamma=gamma: sigmoid_equalization(y, z, class_counts=COUNTS, gamma=gamma))


def test_loss_object(monkeypatch):
    config = {"name": "sigmoid_equalization", "threshold": 0.05, "num_images": 2000, "gamma": 2.0}
    loss = detection.get(config, class_counts=COUNTS)
    assert isinstance(loss, SigmoidEqualization) and "sigmoid_equalization" in detection.names()
    check_object(loss, monkeypatch)


def test_bad_arguments():
    for bad in ({"threshold": -1}, {"gamma": -1}, {"num_images": 499}, {"class_counts": [1.5]}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            SigmoidEqualization(**{"class_counts": COUNTS, **bad})
