"""A rebalanced run keeps its correction and its decisions in every file that `ltzoo export` writes."""

import json
import zipfile

import keras
import numpy as np
import pytest

from ltzoo import models, posthoc
from ltzoo.export_formats import FORMATS, installed, writers_of
from tests.cli.conftest import write_photos


@pytest.fixture(scope="module")
def rebalanced(invoke, run, tmp_path_factory):
    """The run after `ltzoo rebalance`, whose correction is not small."""
    folder = tmp_path_factory.mktemp("rebalanced")
    held_out = write_photos(folder / "held", {"cat": 14, "dog": 14, "owl": 14}, seed=9)
    done = invoke(
        "rebalance", run, "--data", held_out, "--sets", "0.2", "--unknown", "energy", "--out", folder / "run"
    )
    assert done.exit_code == 0, (done.output, done.exception)
    model, before = models.load(folder / "run"), models.load(run)
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3)).astype("float32")
    logits = model.predict_on_batch(images)
    assert np.abs(softmax(logits) - softmax(before.predict_on_batch(images))).max() > 0.05
    return folder / "run", model, images, softmax(logits)


def softmax(logits):
    return posthoc.decisions.probabilities_of(logits, "logits")


def card_of(path, name):
    if name == "tf_saved_model":
        return (path / "assets.extra" / "card.json").read_text()
    if name == "onnx":
        import onnx

        return {entry.key: entry.value for entry in onnx.load(path).metadata_props}["card"]
    if name == "openvino":
        import openvino  # pyright: ignore[reportMissingImports]

        return openvino.Core().read_model(path).get_rt_info(["ltzoo", "card"]).astype(str)
    if name == "torch":
        import torch

        files = {"card.json": ""}
        torch.export.load(path, extra_files=files)
        return files["card.json"]
    with zipfile.ZipFile(path) as archive:
        return archive.read("card.json").decode()


@pytest.mark.parametrize("name", [*FORMATS, "int8"])
def test_exports_compute_the_correction_and_describe_the_decisions(invoke, rebalanced, tmp_path, name):
    run, model, images, expected = rebalanced
    more, name = (["--int8"], "onnx") if name == "int8" else ([], name)
    try:
        by = writers_of(name, keras.backend.backend())[0]
    except ImportError as missing:
        pytest.skip(str(missing))
    if by != keras.backend.backend() and name != "onnx":
        pytest.skip(f"tested on {by}")
    if not installed(FORMATS[name].runtime):
        pytest.skip(f"{FORMATS[name].runtime} is not installed")
    path = tmp_path / f"served{FORMATS[name].suffix}"
    done = invoke("export", run, "--out", path, "--format", name, *more)
    assert done.exit_code == 0, (done.output, done.exception)
    found = softmax(models.served_outputs(path, images))
    if more:  # Eight bits: on average within two hundredths, far less than the correction.
        assert np.abs(found - expected).mean() < 0.02
    else:
        np.testing.assert_allclose(found, expected, atol=2e-5)
    stored = posthoc.decisions_of(model)
    described = posthoc.Decisions.from_dict(json.loads(card_of(path, name))["decision"])
    assert described.to_dict() == stored.to_dict() and set(stored.to_dict()) == {"sets", "unknown"}
    if name == "onnx":
        assert posthoc.onnx_decisions(path).to_dict() == stored.to_dict()


def test_the_card_of_a_published_model_gains_the_decisions(rebalanced):
    from ltzoo.models.exporting.describe import describe

    card = models.card("gcl_resnet8_digits_lt")
    model = models.load("gcl_resnet8_digits_lt")
    labels = np.arange(300) % 10
    sets = posthoc.prediction_sets(np.eye(10)[labels] * 0.5 + 0.05, labels, 0.2)
    text = describe(posthoc.with_decisions(model, sets), card).card
    assert json.loads(text)["decision"]["sets"] == sets.to_dict()
    assert {key: value for key, value in json.loads(text).items() if key != "decision"} == json.loads(
        card.to_json()
    )
    assert describe(model, card).card == card.to_json()
