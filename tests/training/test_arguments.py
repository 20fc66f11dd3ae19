"""Wrong arguments of `fit(dataset)` are named before anything starts."""

import os

import numpy as np
import pytest

from ltzoo.training import ResumeError
from tests import tiny

WRONG = [
    ({"seed": "x"}, ValueError, "`seed`.*Received: seed='x'"),
    ({"seed": -1}, ValueError, "`seed`.*Received: seed=-1"),
    ({"seed": float("nan")}, ValueError, "`seed`.*Received: seed=nan"),
    ({"seed": True}, ValueError, "`seed`.*Received: seed=True"),
    ({"seed": None}, ValueError, "`seed`.*Received: seed=None"),
    ({"workers": -1}, ValueError, "`workers`.*Received: workers=-1"),
    ({"workers": "x"}, ValueError, "`workers`.*Received: workers='x'"),
    ({"shard_count": 0}, ValueError, "`shard_count`.*Received: shard_count=0"),
    ({"shard_count": 2.0}, ValueError, "`shard_count`.*Received: shard_count=2.0"),
    ({"shard_index": 2, "shard_count": 2}, ValueError, "Received: shard_index=2, shard_count=2"),
    ({"shard_index": -1, "shard_count": 2}, ValueError, "`shard_index`.*Received: shard_index=-1"),
    ({"epochs": 3}, TypeError, r"ltzoo.recipes.get\(name, epochs=\.\.\.\).*Received: epochs=3"),
    ({"batch_size": 3}, TypeError, r"ltzoo.recipes.get\(name, batch_size=\.\.\.\).*Received: batch_size=3"),
    ({"validation_data": 3}, TypeError, "`validation_data`.*Received: validation_data=3"),
    ({"calbacks": []}, TypeError, r"`calbacks`.*Received: calbacks=\[\]"),
    ({"checkpoint": 5}, TypeError, "`checkpoint`.*Received: checkpoint=5"),
    ({"checkpoint": ""}, ValueError, "`checkpoint`.*Received: checkpoint=''"),
    ({"checkpoint": b"run"}, TypeError, "`checkpoint`.*Received: checkpoint=b'run'"),
    ({"checkpoint": __file__}, ValueError, "`checkpoint` must be a folder, not a file"),
    ({"resume": "yes", "checkpoint": "run"}, ValueError, "`resume`.*Received: resume='yes'"),
    ({"resume": True}, ResumeError, "`checkpoint`.*Received: checkpoint=None, resume=True"),
    ({"validate": "no"}, ValueError, "`validate`.*Received: validate='no'"),
    ({"on_device": 1}, ValueError, "`on_device`.*Received: on_device=1"),
    ({"verbose": "x"}, ValueError, "`verbose`.*Received: verbose='x'"),
    ({"verbose": 3}, ValueError, "`verbose`.*Received: verbose=3"),
    ({"verbose": None}, ValueError, "`verbose`.*Received: verbose=None"),
]


@pytest.fixture(scope="module")
def model():
    return tiny.model("cross_entropy")


@pytest.mark.parametrize("arguments, kind, words", WRONG)
def test_wrong_arguments_are_named(model, tmp_path, monkeypatch, arguments, kind, words):
    monkeypatch.chdir(tmp_path)
    before = tiny.weights(model)
    with pytest.raises(kind, match=f"(?s){words}"):
        model.fit(tiny.dataset(), **{"verbose": 0, **arguments})
    assert os.listdir(tmp_path) == []
    assert all(np.array_equal(a, b) for a, b in zip(before, tiny.weights(model), strict=True))


def test_other_forms_of_a_call_are_named(model):
    with pytest.raises(TypeError, match="by name.*Received: 3 after the dataset"):
        model.fit(tiny.dataset(), 3)
    with pytest.raises(TypeError, match="first argument of `fit`.*Received: x=None"):
        model.fit(None)
