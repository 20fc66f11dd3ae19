"""The tables that a training and `ltzoo evaluate` leave: of the same images, safe to open."""

import csv
import json
import shutil

import pytest

from tests.cli.conftest import COUNTS


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_has_a_line_per_image_and_per_class(run, photos):
    rows, classes = rows_of(run / "predictions.csv"), rows_of(run / "per_class.csv")
    result = json.loads((run / "result.json").read_text())["result"]
    assert [row["class"] for row in classes] == list(COUNTS)
    assert [int(row["training_images"]) for row in classes] == [11, 5, 2] == result["class_counts"]
    assert len(rows) == sum(int(row["images"]) for row in classes) == 5
    assert all(
        (photos / row["image"]).is_file() and row["image"].split("/")[0] == row["true"] for row in rows
    )
    right = sum(row["true"] == row["predicted"] for row in rows) / 5
    assert right == pytest.approx(result["top1"])
    assert set(result["intervals"]) == {"top1", "balanced", "many", "medium", "few", "macro_f1"}


def test_evaluate_writes_the_same_files(run, photos, invoke, tmp_path):
    done = invoke("evaluate", run, "--out", tmp_path / "out", "--predictions", tmp_path / "p.csv")
    assert done.exit_code == 0, done.output
    for name in ("per_class.csv", "predictions.csv"):
        assert [row["class" if "class" in row else "image"] for row in rows_of(tmp_path / "out" / name)] == [
            row["class" if "class" in row else "image"] for row in rows_of(run / name)
        ]
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "out" / "predictions.csv").read_bytes()
    assert json.loads((tmp_path / "out" / "result.json").read_text())["split"] == "val"


def test_another_folder_is_measured_as_a_whole(run, photos, invoke, tmp_path):
    shutil.copytree(photos, tmp_path / "photos")
    done = invoke("evaluate", run, "--data", tmp_path / "photos", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert len(rows_of(tmp_path / "out" / "predictions.csv")) == sum(COUNTS.values())
    assert json.loads((tmp_path / "out" / "result.json").read_text())["split"] == "all"


def test_evaluate_leaves_the_results_of_a_run_alone(run, one_line):
    before = (run / "result.json").read_bytes()
    assert "--out must be a folder of its own" in one_line("evaluate", run, "--out", run)
    assert "--predictions must be a file" in one_line("evaluate", run, "--predictions", run)
    assert (run / "result.json").read_bytes() == before
