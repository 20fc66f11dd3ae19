"""Rows, run names and first stages of the CIFAR-10-LT harness stay the same, so that results and queues go together."""

from pathlib import Path
from types import SimpleNamespace

from benchmarks.cifar10_lt import runs, train
from benchmarks.cifar10_lt.first_stages import first_stage_of
from ltzoo import models

ROW = {
    "recipe": "best_distilled",
    "recipe_hash": "7439decd1d16",
    "backbone": '{"name": "resnet32", "width_multiplier": 4}',
    "imbalance_factor": "100",
    "seed": 2,
    "validation": "0",
    "precision": "mixed_bfloat16",
    "backend": "tensorflow",
}


def test_names_of_runs():
    assert runs.run_name(ROW) == "best_distilled-resnet32x4-100-2-339a50e7f4a4"
    assert runs.model_file(ROW) == f"{runs.run_name(ROW)}.keras"
    assert runs.entry_name("gcl", "resnet32", "50") == "gcl_resnet32_cifar10_lt_if50"
    assert runs.card("gcl", "resnet32")["paper"]["top1"] == 0.8268 and runs.card("gcl", "none") is None


def test_a_row_says_what_was_run(tmp_path):
    options = SimpleNamespace(
        overrides="{}", share=1.0, on_device=False, validation=0.0, precision="float32", backbone=None
    )
    row = train.origin("best_distilled", 100.0, 2, options)
    assert (row["recipe_hash"], row["epochs"], row["backbone"]) == ("7439decd1d16", "100+10+1", "resnet32")
    (shared,) = {tuple(known) for known in runs.read(runs.RESULTS / "cifar10_lt.csv")}
    assert shared[: len(row)] == tuple(row)
    runs.append(tmp_path / "rows.csv", row, train.KEY)
    runs.append(tmp_path / "rows.csv", {**row, "recipe_hash": "new"}, train.KEY)
    assert [known["recipe_hash"] for known in runs.read(tmp_path / "rows.csv")] == ["new"]


def test_recipes_with_one_first_stage_share_its_file():
    paths = {}
    for name in ("mixup", "crt_mixup", "lws_mixup", "gcl"):
        model = models.build("resnet8", name, [50, 30, 20, 10, 5, 5, 5, 5, 5, 5], seed=0)
        paths[name] = first_stage_of(model, Path("stages"), {"factor": 100.0}, 0).path
    assert paths["crt_mixup"] == paths["lws_mixup"] != paths["gcl"]


def test_own_epochs_tell_full_length_rows():
    assert runs.own_epochs("gcl_published") == "200+30"
    assert runs.own_epochs("best_distilled") == "100+10+1" and runs.own_epochs("fast") == "10"
