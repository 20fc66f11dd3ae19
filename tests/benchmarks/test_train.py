"""The CIFAR-10-LT harness trains, resumes where it was stopped, and trains shared first stages once."""

import keras
import pytest

from benchmarks.cifar10_lt import runs, train
from ltzoo import models
from tests import tiny


@pytest.fixture
def harness(tmp_path, monkeypatch):
    """A function that runs recipes on stripes and returns the rows."""
    monkeypatch.setattr(train, "dataset_of", lambda factor, options: tiny.dataset(val=False))

    def run(*recipes):
        words = [
            "--npz",
            "none",
            "--seeds",
            "1",
            "--backbone",
            "tiny_cnn",
            "--csv",
            str(tmp_path / "rows.csv"),
        ]
        words += ["--overrides", '{"epochs": [1, 1], "batch_size": 8, "augmentation": []}']
        words += ["--checkpoints", str(tmp_path / "checkpoints"), "--weights", str(tmp_path / "weights")]
        train.main([*words, "--recipes", *recipes])
        return runs.read(tmp_path / "rows.csv")

    return run


def test_rows_models_and_shared_first_stages(harness, tmp_path):
    rows = harness("crt_mixup", "lws_mixup")
    assert [row["recipe"] for row in rows] == ["crt_mixup", "lws_mixup"]
    assert len(list((tmp_path / "checkpoints" / "first_stages").iterdir())) == 1
    for row in rows:
        path = tmp_path / "weights" / runs.model_file(row)
        assert keras.saving.load_model(path).recipe.name == row["recipe"]
        assert row["epochs"] == "1+1" and 0 <= float(row["top1"]) <= 1
    assert isinstance(models.load(path), models.LongTailedClassifier)
    assert harness("crt_mixup", "lws_mixup") == rows
