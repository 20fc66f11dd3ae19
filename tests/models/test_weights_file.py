"""Weights files with an index: read without searching the model, still Keras's own files, and never in part."""

import json

import h5py
import numpy as np
import pytest

from ltzoo import models
from ltzoo.models import weights_file
from ltzoo.models.half_precision import rounded_to_half
from tests import tiny

COUNTS = (20, 8, 3)


def _build(recipe="gcl", counts=COUNTS, **arguments):
    return models.build("tiny_cnn", recipe, counts, input_shape=(8, 8, 1), compile=False, **arguments)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    model = _build("mislas", seed=3)
    path = tmp_path_factory.mktemp("weights") / "model.weights.h5"
    weights_file.save_weights(model, path)
    return model, path


def test_the_index_fills_every_weight(written):
    model, path = written
    other = _build("mislas", initialize=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other, "load_weights", lambda *_: 1 / 0)
        weights_file.load_weights(other, path)
    for mine, its in zip(tiny.weights(other), tiny.weights(model), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_keras_reads_the_file_too(written):
    model, path = written
    other = _build("mislas")
    other.load_weights(path)
    for mine, its in zip(tiny.weights(other), tiny.weights(model), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_a_file_without_index_is_read_by_keras(written, tmp_path):
    model, _ = written
    model.save_weights(tmp_path / "plain.weights.h5")
    with h5py.File(tmp_path / "plain.weights.h5") as file:
        assert weights_file.INDEX not in file
    other = _build("mislas")
    weights_file.load_weights(other, tmp_path / "plain.weights.h5")
    for mine, its in zip(tiny.weights(other), tiny.weights(model), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_other_networks_are_refused(written):
    _, path = written
    with pytest.raises(ValueError, match="head"):
        weights_file.load_weights(_build("mislas", counts=(9, 9, 9, 9)), path)
    with pytest.raises(ValueError):
        weights_file.load_weights(_build("gcl"), path)


def test_nothing_is_left_when_writing_fails(written, tmp_path, monkeypatch):
    model, _ = written
    monkeypatch.setattr(weights_file, "_places", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        weights_file.save_weights(model, tmp_path / "model.weights.h5")
    assert list(tmp_path.iterdir()) == []


def test_float16_on_disk_is_the_rounded_network_on_every_way_of_reading(written, tmp_path):
    model, _ = written
    small = tmp_path / "small.weights.h5"
    rounded = rounded_to_half(model)
    weights_file.save_weights(rounded, small, half=True)
    with h5py.File(small) as file:
        places = json.loads(file[weights_file.INDEX][()]).values()
        assert {file[place].dtype.name for place in places} <= {"float16", "uint32", "int32", "int64"}
    by_index, by_keras = _build("mislas"), _build("mislas")
    weights_file.load_weights(by_index, small)
    by_keras.load_weights(small)
    for name, ours in {"index": by_index, "keras": by_keras}.items():
        for mine, its in zip(tiny.weights(ours), tiny.weights(rounded), strict=True):
            assert mine.dtype == its.dtype, name
            np.testing.assert_array_equal(mine, its)
    for mine, its in zip(tiny.weights(rounded), tiny.weights(model), strict=True):
        np.testing.assert_allclose(mine, its, rtol=2**-11, atol=2**-25)


def test_weights_beyond_float16_are_named_and_nothing_is_written(written, tmp_path):
    model, _ = written
    large = _build("mislas")
    large.set_weights(model.get_weights())
    large.backbone.layers[1].kernel.assign(np.full(large.backbone.layers[1].kernel.shape, 1e5))
    with pytest.raises(ValueError, match="100000 in .*kernel"):
        rounded_to_half(large)
    with pytest.raises(ValueError, match="100000 in "):
        weights_file.save_weights(large, tmp_path / "large.weights.h5", half=True)
    assert list(tmp_path.iterdir()) == []
