"""`--fit`: chosen from the images by default, kept in the run, and the same for everything done with the model."""

import json

import numpy as np
import pytest
from PIL import Image

from ltzoo import data, models
from ltzoo.data import FileSplit
from tests.cli.conftest import SMALL

pytestmark = pytest.mark.rotating(3)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Noisy images three times as wide as high, and some nearly square."""
    folder, rng = tmp_path_factory.mktemp("wide"), np.random.default_rng(0)
    for name, width in {"cat": 37, "dog": 14}.items():
        (folder / name).mkdir()
        for number in range(6):
            pixels = rng.integers(0, 256, (12, width, 3)).astype("uint8")
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def train(invoke, folder, out, *more):
    done = invoke("train", "cross_entropy", "--data", folder, "--epochs", "1", "--out", out, *SMALL, *more)
    assert done.exit_code == 0, done.output
    return done, json.loads((out / "run.json").read_text())["arguments"]


@pytest.mark.parametrize(
    "given, kept", [((), "squash"), (("--fit", "auto"), "squash"), (("--fit", "pad"), "pad")]
)
def test_the_fit_is_kept_and_used_again(invoke, wide, tmp_path, given, kept):
    out = tmp_path / "run"
    done, arguments = train(invoke, wide, out, *given)
    assert arguments["fit"] == kept
    how = {"squash": "squashed", "pad": "padded"}[kept]
    assert f"images of any shape are {how} to 8 x 8 pixels" in done.stdout
    model = models.load(out)
    assert model.image_fit == kept
    path = wide / "cat" / "0.png"
    logits = model.predict(FileSplit([path], [0], (8, 8), fit=kept).load([0]), verbose=0)[0]
    odds = np.exp(logits - logits.max())
    shown = invoke("predict", path, "--model", out, "--top", "1").stdout
    assert f"{100 * odds.max() / odds.sum():.1f} %" in shown
    for more in ((), ("--data", wide)):
        measured = invoke("evaluate", out, *more)
        assert measured.exit_code == 0 and "fit=" not in measured.stderr, measured.output
    assert invoke("train", "--out", out, "--resume", *given).exit_code == 0


def test_of_cropping_nothing_is_said(invoke, wide, tmp_path):
    done, arguments = train(invoke, wide, tmp_path / "cropped", "--fit", "crop")
    assert arguments["fit"] == "crop" and "images of any shape" not in done.stdout


def test_other_words_and_named_datasets_are_refused(one_line, wide, tmp_path):
    line = one_line("train", "--data", wide, "--out", tmp_path / "run", "--fit", "stretch")
    assert "auto, crop, squash, pad" in line and "'stretch'" in line
    line = one_line("train", "gcl", "--data", "digits_lt", "--out", tmp_path / "run", "--fit", "pad")
    assert "--fit does not apply: the dataset digits_lt has its own. Received: pad" in line


def test_folders_and_lists_choose_by_their_training_images(wide, tmp_path):
    assert data.from_directory(wide, image_size=(8, 8)).image_fit == "crop"
    dataset = data.from_directory(wide, image_size=(8, 8), fit="auto")
    assert {split.image_fit for split in dataset.splits().values()} == {"squash"}
    (tmp_path / "list.txt").write_text("cat/0.png 0\ndog/0.png 1\n")
    listed = [
        data.from_list(tmp_path / "list.txt", wide, image_size=(8, 8), fit=fit, resize=resize).image_fit
        for fit, resize in (("auto", None), ("pad", None), ("auto", 10))
    ]
    assert listed == ["squash", "pad", "crop"]
    with pytest.raises(ValueError, match="`fit` must be one of 'crop', 'squash', 'pad', 'auto'"):
        data.from_directory(wide, fit="x")
