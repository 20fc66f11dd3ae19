"""Losses check their class counts once: in the constructor, or once per call of the pure function."""

import inspect

import numpy as np
import pytest
from keras import ops

from ltzoo import losses
from ltzoo.class_counts import counts as module
from ltzoo.losses.parametric_contrastive import parametric_contrastive

COUNTS = [50, 20, 5]


@pytest.fixture
def checks(monkeypatch):
    """The counts that were checked, in order."""
    checked, check = [], module._checked

    def counted(class_counts):
        checked.append(class_counts)
        return check(class_counts)

    monkeypatch.setattr(module, "_checked", counted)
    return checked


def with_counts():
    for name in losses.names():
        parameters = inspect.signature(type(losses.get(name, class_counts=COUNTS))).parameters
        if "class_counts" in parameters:
            yield name


def batch():
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    return np.array([0, 1, 2, 0]), ops.convert_to_tensor(logits)


@pytest.mark.parametrize("name", with_counts())
def test_a_loss_checks_in_its_constructor_only(name, checks):
    loss = losses.get(name, class_counts=COUNTS)
    assert len(checks) == 1
    labels, logits = batch()
    loss(labels, logits)
    loss(labels, logits)
    assert len(checks) == 1
    assert loss.get_config()["class_counts"] == COUNTS
    assert all(type(count) is int for count in loss.get_config()["class_counts"])


@pytest.mark.parametrize("name", sorted(set(with_counts()) - {"label_aware_smoothing"}))
def test_a_function_checks_once(name, checks):
    labels, logits = batch()
    getattr(losses, name)(labels, logits, class_counts=COUNTS)
    assert len(checks) == 1


@pytest.mark.parametrize("name", sorted(set(with_counts()) - {"label_aware_smoothing"}))
def test_a_function_wants_a_count_for_each_logit(name):
    labels, logits = batch()
    with pytest.raises(ValueError, match="one number for each of the 3 logits.*class_counts of length 2"):
        getattr(losses, name)(labels, logits, class_counts=[5, 2])


def test_parametric_contrastive_checks_once(checks):
    labels, logits = batch()
    vectors = ops.ones((4, 2)) / 2**0.5
    parametric_contrastive(labels, logits, vectors, vectors, labels, class_counts=COUNTS)
    assert len(checks) == 1
