"""Files of an earlier version give the outputs that it recorded."""

import json
import shutil

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from ltzoo import models
from ltzoo.cli import cli
from tests.compatibility import cases


def invoke(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="ltzoo")
    assert done.exit_code == 0, (done.output, done.exception)


def check_logits(model, outputs):
    with np.load(outputs) as recorded:
        assert np.ptp(recorded["logits"]) > 0.1
        logits = model.predict(recorded["images"], verbose=0)
        np.testing.assert_allclose(logits, recorded["logits"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", cases.EPOCHS)
def test_a_run_folder_gives_its_logits_recipe_and_classes(name):
    folder, digits = cases.FIXTURES / name, cases.dataset()
    run, model = json.loads((folder / "run" / "run.json").read_text()), models.load(folder / "run")
    check_logits(model, folder / "run.npz")
    assert model.recipe.to_dict() == run["recipe"] == cases.recipe(name, digits).to_dict()
    assert list(model.class_names) == run["dataset"]["class_names"]
    assert list(model.class_counts) == run["dataset"]["class_counts"] == list(digits.class_counts)


@pytest.mark.parametrize("name", cases.EPOCHS)
def test_a_saved_model_gives_its_logits(name):
    folder = cases.FIXTURES / name
    check_logits(models.load(folder / "saved.keras"), folder / "saved.npz")


def test_a_run_folder_is_evaluated_to_its_recorded_result(tmp_path):
    folder = cases.FIXTURES / "gcl" / "run"
    invoke("evaluate", folder, "--json", tmp_path / "again.json")
    recorded = json.loads((folder / "result.json").read_text())
    again = json.loads((tmp_path / "again.json").read_text())
    assert again["split"] == recorded["split"] and again["result"].keys() >= recorded["result"].keys()
    assert again["result"]["confusion"] == recorded["result"]["confusion"]
    for key in ("ece", "nll"):
        assert again["result"][key] == pytest.approx(recorded["result"][key], abs=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the runs were made on JAX")
def test_a_finished_run_resumes_to_the_same_model_and_history(tmp_path):
    folder, copy = cases.FIXTURES / "gcl" / "run", tmp_path / "run"
    shutil.copytree(folder, copy)
    (copy / "model.keras").unlink()
    invoke("train", "--out", copy, "--resume")
    weights = [cases.weights(models.load(path)) for path in (folder, copy)]
    assert weights[0].keys() == weights[1].keys()
    for key, values in weights[0].items():
        np.testing.assert_array_equal(weights[1][key], values)
    assert (copy / "history.csv").read_text() == (folder / "history.csv").read_text()
