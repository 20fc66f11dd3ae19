"""The example on a folder of images, with digits as images."""

import importlib.util
import pathlib

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from ltzoo import models

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "fine_tune_folder.py"


def test_a_folder_of_images(tmp_path):
    digits = load_digits()
    for digit, (name, count) in enumerate({"naught": 30, "one": 12, "two": 6}.items()):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number, image in enumerate(digits.images[digits.target == digit][:count]):
            pixels = np.clip(image * 16, 0, 255).astype("uint8")
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    spec = importlib.util.spec_from_file_location("fine_tune_folder", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    out = tmp_path / "mine.keras"
    before, after = example.main(tmp_path / "photos", "gcl_resnet8_digits_lt", ["stage3_*"], (2, 1), out)
    assert np.isfinite([before.top1, after.top1]).all()
    model, source = models.load(out), models.load("gcl_resnet8_digits_lt")
    assert model.class_names == ("naught", "one", "two") and list(model.class_counts) == [24, 10, 5]
    changed = {
        mine.path.split("_")[0]
        for mine, its in zip(model.backbone.weights, source.backbone.weights, strict=True)
        if not np.array_equal(np.asarray(mine.numpy()), np.asarray(its.numpy()))
    }
    assert changed == {"stage3"}
