"""Weights from a file for networks of other libraries: Keras reads a checked copy."""

import h5py
import keras
import numpy as np
import pytest

from ltzoo.backbones.libraries.trunk import load_weights


def network():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def test_weights_are_loaded_and_others_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, other = network(), network()
    path = tmp_path / "a.weights.h5"
    model.save_weights(path)
    load_weights(other, path)
    for mine, its in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    with pytest.raises(FileNotFoundError, match="`weights` must be a file"):
        load_weights(other, tmp_path / "none.weights.h5")
    with h5py.File(path, "a") as file:
        place = "layers/dense/vars/1"
        del file[place]
        file.create_dataset(place, (2,), "f4", external=[("secret.bin", 0, h5py.h5f.UNLIMITED)])
    with pytest.raises(
        ValueError, match=r"`weights` must be a sound .weights.h5 file: it has external storage"
    ):
        load_weights(other, path)
    path.rename(tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"must be a .weights.h5 file. Received: weights="):
        load_weights(other, tmp_path / "a.h5")
