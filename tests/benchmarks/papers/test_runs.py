"""A row is trained once, resumes where it was killed, and shares its first stage with other rows."""

import dataclasses

import keras
import numpy as np
import pytest

from benchmarks.papers import runs
from ltzoo import recipes
from tests import tiny

pytestmark = pytest.mark.rotating(3)


class Killed(Exception):
    """Raised in the middle of a run."""


def recipe(name="crt", **changes):
    return recipes.get(name, **{"epochs": (4, 2), "batch_size": 8, "augmentation": [], **changes})


@pytest.fixture
def train(tmp_path, monkeypatch):
    """A function that trains rows on stripes and returns their runs."""
    monkeypatch.setattr(runs.data, "load", lambda name, **given: tiny.dataset(val=False))

    def run(made, **changes):
        given = {"root": tmp_path, "epochs_share": 0.5, "imbalance_factor": 50, **changes}
        return runs.trained(made, "tiny_cnn", "cifar10_lt", **given)

    return run


def weights(run):
    return [keras.ops.convert_to_numpy(variable.value) for variable in run.model.weights]


def kill_in_epoch(monkeypatch, epoch):
    """Stop the next training when it begins an epoch, counted from 0 over all stages."""

    class Watched(runs.EpochSeconds):
        def on_epoch_begin(self, number, logs=None):
            if number == epoch:
                raise Killed
            super().on_epoch_begin(number, logs)

    Watched.__name__ = "EpochSeconds"
    monkeypatch.setattr(runs, "EpochSeconds", Watched)


def test_a_run_ends_with_its_result_and_is_not_trained_again(train, monkeypatch):
    run = train(recipe())
    assert run.about["recipe"]["stages"][0]["epochs"] == 2 and run.history["stage"] == [1, 1, 2]
    assert 0 <= run.result.top1 <= 1 and run.model.num_classes == 3
    monkeypatch.setattr(runs.models, "build", None)
    again = train(dataclasses.replace(recipe(), name="other", description="in other words"))
    assert again.folder == run.folder and again.result.top1 == run.result.top1


def test_the_folder_depends_on_everything_that_determines_the_run(train):
    made = recipe(epochs=(1, 1))
    folders = {train(made).folder}
    folders |= {train(made, seed=1).folder, train(made, imbalance_factor=10).folder}
    folders |= {train(recipe(epochs=(1, 1), batch_size=4)).folder, train(recipe()).folder}
    assert len(folders) == 5


def test_a_killed_run_resumes_and_still_stores_its_first_stage(train, tmp_path, monkeypatch):
    whole = train(recipe(), root=tmp_path / "whole")
    for epoch in (1, 2):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            kill_in_epoch(patch, epoch)
            train(recipe())
    resumed = train(recipe())
    assert resumed.history["stage"] == whole.history["stage"]
    for a, b in zip(weights(resumed), weights(whole), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(list((tmp_path / "first_stages").iterdir())) == 1


def test_rows_with_one_first_stage_train_it_once(train, tmp_path, monkeypatch):
    alone = train(recipe("lws"), root=tmp_path / "alone")
    train(recipe("crt"))
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 0)  # The first stage would begin here.
        shared = train(recipe("lws"))
        first = train(dataclasses.replace(recipe("crt"), stages=recipe("crt").stages[:1]))
    assert len(list((tmp_path / "first_stages").iterdir())) == 1 and first.history["stage"] == [1, 1]
    for a, b in zip(weights(shared), weights(alone), strict=True):
        np.testing.assert_array_equal(a, b)


def test_watched_values_of_every_epoch(train):
    run = train(recipe(), watch={"kernel": lambda model: model.backbone.get_layer("block0_conv").kernel})
    kernels = run.watched("kernel")
    assert kernels.shape == (3, 3, 3, 1, 4)
    assert not np.array_equal(kernels[0], kernels[1]) and np.array_equal(kernels[1], kernels[2])
    assert run.folder != train(recipe()).folder


def test_digits_are_adapted_and_never_flipped(tmp_path):
    made = recipes.get("cross_entropy", batch_size=128)
    run = runs.trained(made, "resnet8", "digits_lt", root=tmp_path, epochs_share=1e-9)
    (step,) = run.about["recipe"]["stages"][0]["augmentation"]
    assert (step["flip"], step["padding"]) == (False, 1) and run.history["stage"] == [1]
