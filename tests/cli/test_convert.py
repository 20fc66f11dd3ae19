"""`ltzoo convert`: a shipped entry to the authors' layout and back."""

import keras
import numpy as np
import pytest

from ltzoo import models
from ltzoo.cli.convert import LAYOUTS
from tests.published import REFERENCE, stored

ENTRY = "gcl_resnet8_digits_lt"


@pytest.fixture(scope="module")
def checkpoint(invoke, tmp_path_factory):
    pytest.importorskip("torch")
    path = tmp_path_factory.mktemp("torch") / "digits.pth"
    done = invoke("convert", ENTRY, "--to", "torch", "--layout", "gcl", "--out", path)
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.stdout == f"Wrote {path} (gcl)\n"
    return path


def test_the_choices_are_the_layouts():
    assert list(LAYOUTS) == models.convert.layout_names()


def test_there_and_back(invoke, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke("convert", checkpoint, "--entry", ENTRY)
    assert done.exit_code == 0, (done.output, done.exception)
    out = f"{ENTRY}.weights.h5"
    assert f"Wrote {out} (" in done.stdout and f"weights='{out}'" in done.stdout
    expected = models.load(ENTRY).get_weights()
    for found in (models.load(ENTRY, weights=tmp_path / out), _saved(invoke, checkpoint, tmp_path)):
        for value, weight in zip(found.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(value, weight)
    assert sorted(path.name for path in tmp_path.iterdir()) == [out, "whole.keras"]


def _saved(invoke, checkpoint, folder):
    done = invoke("convert", checkpoint, "--entry", ENTRY, "--out", folder / "whole.keras")
    assert done.exit_code == 0, (done.output, done.exception)
    return keras.saving.load_model(folder / "whole.keras")


def test_the_authors_resnet32_computes_what_it_did(invoke, tmp_path):
    torch = pytest.importorskip("torch")
    case = dict(np.load(REFERENCE / "resnet32_forward_gcl_cosine_10.npz"))
    state = {f"module.{name}": torch.from_numpy(array) for name, array in stored(case)[""].items()}
    torch.save({"epoch": 200, "arch": "resnet32", "state_dict": state}, tmp_path / "ckpt.best.pth.tar")
    entry, out = "gcl_published_resnet32_cifar10_lt", tmp_path / "gcl.weights.h5"
    done = invoke("convert", tmp_path / "ckpt.best.pth.tar", "--entry", entry, "--out", out)
    assert done.exit_code == 0, (done.output, done.exception)
    model = models.load(entry, weights=out)
    pixels = 255.0 * (np.moveaxis(case["images"], 1, -1) * model.std + model.mean)
    logits = model.predict(pixels.astype("float32"), verbose=0) / model.head.scale
    assert np.abs(logits - case["logits"]).max() < 1e-5 * np.abs(case["logits"]).max()


def test_mistakes_are_one_line_and_keep_what_is_there(one_line, checkpoint, tmp_path):
    out = tmp_path / "out.weights.h5"
    out.write_bytes(b"kept")
    assert "exists already" in one_line("convert", checkpoint, "--entry", ENTRY, "--out", out)
    line = one_line(
        "convert", checkpoint, "--entry", ENTRY, "--out", out, "--layout", "mislas", "--overwrite"
    )
    assert "does not fit" in line and "missing in the file" in line
    assert out.read_bytes() == b"kept"
    (tmp_path / "text.pth").write_text("no checkpoint")
    line = one_line("convert", tmp_path / "text.pth", "--entry", ENTRY, "--out", tmp_path / "a.weights.h5")
    assert "cannot be read as a PyTorch checkpoint" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.weights.h5", "text.pth"]


def test_mistakes_of_the_command_line(one_line, tmp_path):
    file = tmp_path / "file.pth"
    assert "must be an existing file" in one_line("convert", file, "--entry", ENTRY)
    file.write_bytes(b"")
    assert "--entry must name" in one_line("convert", file)
    assert "--out must be a .weights.h5 or .keras file. Received: no --out" in one_line(
        "convert", file, "--entry", tmp_path / "model.keras"
    )
    assert "must end in" in one_line("convert", file, "--entry", ENTRY, "--out", tmp_path / "a.h5")
    assert "zoo entry" in one_line("convert", file, "--entry", "nothing", "--out", tmp_path / "a.keras")
    assert "needs --out and --layout" in one_line("convert", ENTRY, "--to", "torch")
    assert "takes one model" in one_line("convert", ENTRY, ENTRY, "--to", "torch")
    line = one_line("convert", ENTRY, "--to", "torch", "--layout", "nbn", "--out", tmp_path / "a.pth")
    assert "no place for everything" in line and not (tmp_path / "a.pth").exists()
