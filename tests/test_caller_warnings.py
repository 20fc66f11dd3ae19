"""Warnings point at the line that called the library, through any number of its functions."""

import warnings

import numpy as np
import pytest
from PIL import Image

from ltzoo import data
from ltzoo.metrics import evaluate
from ltzoo.training import TrainingAlarm
from tests import tiny

DIM = np.full((6, 8, 8, 1), 0.5, "float32")
LABELS = np.array([0, 1, 2, 0, 1, 2])
EQUAL = data.from_arrays(
    np.full((40, 8, 8, 1), 99, "uint8"),
    np.repeat([0, 1, 2], tiny.CLASS_COUNTS),
    class_names=tiny.dataset().class_names,
)


@pytest.fixture(scope="module")
def model():
    return tiny.model("cross_entropy", batch_size=4)


@pytest.fixture
def folder(tmp_path):
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / name / "0.png")
        frames = [Image.new("L", (8, 8), shade) for shade in (0, 99)]
        frames[0].save(tmp_path / name / "1.gif", save_all=True, append_images=frames[1:])
        (tmp_path / name / "2.mp4").write_bytes(b"")
    return tmp_path


def _check(call, count):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("always", TrainingAlarm)
        call()
    assert len(caught) >= count and {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.fit(EQUAL, verbose=0),
        lambda model: model.fit(DIM, LABELS, verbose=0),
        lambda model: model.evaluate(DIM, LABELS, verbose=0),
        lambda model: model.predict(DIM, verbose=0),
        lambda model: evaluate(model, (DIM, LABELS)),
    ],
    ids=["fit(dataset)", "fit(x, y)", "evaluate(x, y)", "predict", "metrics.evaluate"],
)
def test_warnings_of_a_model(model, call):
    _check(lambda: call(model), 1)


def test_warnings_of_a_folder(folder):
    _check(lambda: data.from_directory(folder, image_size=(8, 8), validation_fraction=0), 2)
