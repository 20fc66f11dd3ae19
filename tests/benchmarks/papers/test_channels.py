"""Channels that matter to rare or to frequent classes are found, and masking them takes their classes' accuracy."""

import dataclasses

import numpy as np
import pytest

from benchmarks.papers import channels
from benchmarks.papers.channels import Linear

# Classes 0 (many) and 1 (few); channel 0 speaks for class 0, channel 1 for class 1, channel 2 for whichever is right.
LABELS = np.array([0, 0, 1, 1])
FEATURES = np.array([[2.0, 0, 0.1], [2.0, 0, 0.1], [0, 2.0, -0.1], [0, 2.0, -0.1]])
KERNEL = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])


def linear(**changes):
    found = Linear(FEATURES, KERNEL, np.zeros(2), LABELS, np.array([200, 10]))
    return dataclasses.replace(found, **changes)


def test_drops_of_few_and_many():
    found = linear(bias=np.array([0.5, 0.0]))  # Without channel 1, class 1 loses.
    few, many = channels.drops(found)
    for channel in range(3):
        masked = found.logits(np.array([channel])).argmax(axis=1) == LABELS
        before = found.logits().argmax(axis=1) == LABELS
        assert few[channel] == pytest.approx(before[2:].mean() - masked[2:].mean(), abs=2e-3)
        assert many[channel] == pytest.approx(before[:2].mean() - masked[:2].mean(), abs=2e-3)
    assert few.argmax() == 1 and few[1] == pytest.approx(1, abs=2e-3)


def test_groups_of_channels():
    groups = channels.channel_groups(linear(), share=1 / 3)
    assert {name: found.tolist() for name, found in groups.items()} == {
        "rare": [1],
        "frequent": [0],
        "common": [2],
    }
    assert all(len(found) == 1 for found in channels.channel_groups(linear(), share=1e-9).values())


def test_masked_accuracy_of_a_run(monkeypatch):
    found = linear(bias=np.array([0.5, 0.0]))
    monkeypatch.setattr(channels, "linear", lambda run, data: found)
    assert channels.masked_accuracy("rare")(None, None) == {"top1": 50.0, "few": 0.0, "many": 100.0}
