"""A new user's path, from drawn images to an exported model, by the commands of the terminal."""

import csv
import importlib.util
import pathlib

import keras
import numpy as np
import pytest
from PIL import Image

from ltzoo import models, posthoc

pytestmark = pytest.mark.rotating(3)

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "from_photographs.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("from_photographs", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(600)  # Six commands and a report with pictures.
def test_from_a_folder_to_a_served_model(example, tmp_path, capsys):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the commands are tested on every backend, their sequence on TensorFlow")
    rescued, served = example.main(tmp_path / "out")
    out = tmp_path / "out"
    shown = capsys.readouterr().out
    for step in ("check", "advise", "train", "predict", "rebalance", "export"):
        assert f"$ ltzoo {step} " in shown
    assert "worst class: " in shown and "recommended:" in shown
    model, rules = models.load(rescued), posthoc.decisions_of(models.load(rescued))
    assert model.class_names == ("cross", "disk", "square", "triangle")
    assert rules.sets is not None and rules.unknown is not None
    with open(out / "decided.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 17 and sum(bool(row["error"]) for row in rows) == 1
    assert all(
        row["prediction_set"] and row["unknown"] in ("true", "false") for row in rows if not row["error"]
    )
    images = np.random.default_rng(3).integers(0, 256, (3, *model.image_shape)).astype("float32")
    np.testing.assert_allclose(
        models.served_outputs(served, images), model.predict(images, verbose=0), rtol=1e-3, atol=1e-3
    )
    assert (out / "check.html").is_file() and (out / "run" / "report" / "report.html").is_file()


def test_drawn_images_are_of_the_classes_and_of_all_kinds(example, tmp_path):
    photos = example.draw_photos(tmp_path / "photos")
    counts = {path.name: len(list(path.iterdir())) for path in (photos / "train").iterdir()}
    assert counts == example.COUNTS
    assert {len(list(path.iterdir())) for path in (photos / "test").iterdir()} == {10}
    new = example.draw_new_photos(tmp_path / "new")
    sizes = {path.stem[:-1]: Image.open(path).size for path in new.iterdir() if path.stem != "broken"}
    assert sizes == {"gray": (64, 64), "transparent": (64, 64), "large": (900, 700), "tiny": (9, 12)}
    modes = {path.stem[:-1]: Image.open(path).mode for path in new.iterdir() if path.stem != "broken"}
    assert modes == {"gray": "L", "transparent": "RGBA", "large": "RGB", "tiny": "RGB"}


def test_a_failed_command_ends_the_example(example, tmp_path):
    with pytest.raises(Exception, match="an existing file or folder"):
        example.ltzoo_command("predict", tmp_path / "none.png", "--model", "gcl_resnet8_digits_lt")
