"""A SavedModel from every backend answers in a fresh process what the model answers here."""

import importlib.util

import keras
import numpy as np
import pytest

from ltzoo import models
from tests import tiny

HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None


def _trained():
    model = tiny.model(epochs=(1, 1))
    model.fit(tiny.dataset(), verbose=0)
    return model, tiny.dataset().test.load(np.arange(7))


def test_saved_model_in_a_fresh_process(tmp_path):
    model, images = _trained()
    if not HAS_TENSORFLOW:
        with pytest.raises(ImportError, match="(?i)tensorflow"):
            model.export(tmp_path / "served")
        assert list(tmp_path.iterdir()) == []
        return
    path = tmp_path / "served"
    path.mkdir()
    (path / "stale").write_text("from an older export")
    model.export(path)
    assert not (path / "stale").exists()
    np.testing.assert_allclose(
        models.served_outputs(path, images), model.predict(images, verbose=0), rtol=1e-4, atol=1e-4
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["served"]


def test_a_failed_export_leaves_what_was_there(tmp_path, monkeypatch):
    model = tiny.model()
    path = tmp_path / "served"
    path.mkdir()
    (path / "old").write_text("old")

    def fail(*arguments, **keywords):
        raise RuntimeError("no space")

    monkeypatch.setattr(keras.Model, "export", fail)
    monkeypatch.setattr(models.export, "_child", fail)
    with pytest.raises(RuntimeError, match="no space"):
        model.export(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["served"]
    assert (path / "old").read_text() == "old"


def test_unknown_formats_are_named(tmp_path):
    with pytest.raises(ValueError, match="format='saved_model'"):
        tiny.model().export(tmp_path / "x", format="saved_model")
