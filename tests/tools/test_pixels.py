"""The table of formats and entrances in docs/pixels.md is what the entrances do."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tools.pixels import entrances
from tools.pixels.__main__ import rows

ROOT = Path(__file__).resolve().parents[2]


def documented():
    text = (ROOT / "docs" / "pixels.md").read_text("utf-8")
    lines = text.split("<!-- begin pixels -->")[1].split("<!-- end pixels -->")[0].strip().splitlines()
    title, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return title, {row[0]: row[1:] for row in body}


@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_training_and_the_mlserver_example_do_what_the_table_says():
    title, table = documented()
    column = title.index("MLServer example") - 1
    found = rows({"MLServer example": entrances.mlserver()})
    assert len(found) > 60
    for name, how, served in found:
        assert [how, served] == [table[name][0], table[name][column]], name


@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_the_saved_model_does_what_the_table_says():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's graph is the same on every backend of Keras")
    title, table = documented()
    column = title.index("SavedModel, bytes") - 1
    for name, how, served in rows({"SavedModel, bytes": entrances.saved_model()}):
        assert [how, served] == [table[name][0], table[name][column]], name


def test_every_file_is_the_same_or_refused():
    _, table = documented()
    assert {cell for row in table.values() for cell in row[1:]} == {"same", "refused"}


def test_verdicts():
    one = np.zeros((2, 2, 1))
    assert entrances.verdict(one, one + 3) == "same" and entrances.verdict(one, one + 9) == "differs by 9"
    assert entrances.verdict(None, one) == "refused" and "read" in entrances.verdict(one, None)
