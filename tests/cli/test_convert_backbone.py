"""`ltzoo convert --backbone`."""

import numpy as np
import pytest

from ltzoo import backbones
from tests.backbones.test_efficientnet_lite import published


@pytest.fixture
def checkpoint(tmp_path):
    torch = pytest.importorskip("torch")
    model = backbones.get("efficientnet_lite0", seed=1)
    path = tmp_path / "lite0.pth"
    torch.save({name: torch.tensor(array) for name, array in published(model).items()}, path)
    return path, model


def test_a_checkpoint_becomes_pretrained_weights(checkpoint, invoke, tmp_path, monkeypatch):
    path, model = checkpoint
    monkeypatch.setenv("LTZOO_CACHE", str(tmp_path / "cache"))
    done = invoke("convert", path, "--backbone", "efficientnet_lite0")
    assert done.exit_code == 0 and "weights='imagenet'" in done.output, done.output
    written = tmp_path / "cache" / "backbones" / "efficientnet_lite0_imagenet.npz"
    loaded = backbones.get("efficientnet_lite0", weights=written)
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)  # Stored in float16.


def test_wrong_uses_are_one_line(one_line, tmp_path):
    name = ("--backbone", "efficientnet_lite0")
    assert "no_such_package" in one_line("convert", "no_such_package", *name)
    assert "installed package" in one_line("convert", "../x", *name)
    assert "no --entry" in one_line("convert", "a", "b", *name)
    (tmp_path / "x.pth").write_bytes(b"no checkpoint")
    assert "must end in .npz" in one_line("convert", tmp_path / "x.pth", *name, "--out", tmp_path / "x.h5")
    assert "x.pth" in one_line("convert", tmp_path / "x.pth", *name, "--out", tmp_path / "x.npz")
    assert "Did you mean 'efficientnet_lite0'" in one_line("convert", "x", "--backbone", "eficientnet_lite0")
