"""`ltzoo compare`: which of several runs is better, in a table and as JSON."""

import json
import shutil

import pytest

from ltzoo.cli.result_files import write_results
from ltzoo.cli.run_folder import RunFolder
from ltzoo.metrics.result import result_from_probabilities
from tests.metrics.test_comparison import COUNTS, made_up
from tests.metrics.test_prediction_files import rows_of

NAMES = ["=cat", "dog \x1b[31m", *"abcdefgh"]


@pytest.fixture
def folders(tmp_path):
    """Three folders as `evaluate --out` writes them: a baseline, a better and an equal classifier."""
    import numpy as np

    for name, predictions in made_up([1.0, 3.0, 1.0]).items():
        certain = np.eye(10)[predictions.predicted]
        result = result_from_probabilities(certain, predictions.labels, COUNTS, class_names=NAMES)
        write_results(RunFolder(tmp_path / name), result, predictions, NAMES, split="test")
    return [tmp_path / f"run {number}" for number in range(3)]


def test_the_table_names_what_is_better_and_what_is_not(folders, invoke, tmp_path):
    done = invoke("compare", *folders, "--json", tmp_path / "out.json", "--resamples", 500)
    assert done.exit_code == 0, (done.output, done.exception)
    text = done.stdout
    assert "run 1 against run 0" in text and "run 2 against run 0" in text
    better, same = (" ".join(part.split()) for part in text.split("run 2 against"))
    assert better.count("better") >= 5 and "cannot be told apart" in same
    assert "p corrected for 2 comparisons (Holm)" in text
    content = json.loads((tmp_path / "out.json").read_text())
    assert content["baseline"] == "run 0" and content["images"] == 400 and content["resamples"] == 500
    rows = content["comparisons"]["run 1"]
    assert (
        rows["few"]["verdict"] == "better"
        and rows["few"]["low"] > 0
        and rows["balanced"]["mcnemar_p"] is None
    )
    assert content["comparisons"]["run 2"]["top1"]["verdict"] == "cannot be told apart"
    assert set(rows) == {"top1", "balanced", "many", "medium", "few", "macro_f1", "nll"}


def test_a_run_folder_is_compared_with_its_evaluation(run, invoke, tmp_path):
    assert invoke("evaluate", run, "--out", tmp_path / "again").exit_code == 0
    done = invoke("compare", run, tmp_path / "again")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "again against photos" in done.stdout and "better" not in done.stdout


def test_other_images_or_classes_are_refused(folders, one_line, run, tmp_path):
    assert "must have the classes of run 0" in one_line("compare", folders[0], run)
    path = folders[1] / "predictions.csv"
    path.write_text(path.read_text().replace("\n7.png,", "\nother.png,"))
    assert "measured on others" in one_line("compare", *folders)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    assert "400 images and 399" in one_line("compare", *folders)


def test_common_images_are_compared_on_request(folders, invoke, one_line, tmp_path):
    path = folders[1] / "predictions.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *reversed(lines[1:301:3])]))
    message = one_line("compare", *folders[:2])
    assert "measured on others" in message and message.endswith(
        "--common compares on the images that all of them measured"
    )
    done = invoke("compare", *folders[:2], "--common", "--json", tmp_path / "out.json")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "run 0: 100 of 400 measured images are common to all" in done.stdout
    assert json.loads((tmp_path / "out.json").read_text())["images"] == 100
    path.write_text(lines[0] + lines[1].replace("0.png", "other.png"))
    assert "must have images in common. Received: none in 'run 0', 'run 1'" in one_line(
        "compare", *folders[:2], "--common"
    )


def test_wrong_command_lines(folders, one_line, tmp_path):
    assert "given twice or more" in one_line("compare", folders[0])
    assert "must be an existing folder" in one_line("compare", folders[0], tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "must hold predictions.csv" in one_line("compare", folders[0], tmp_path / "empty")
    assert "name each folder once" in one_line("compare", folders[0], folders[0])
    assert "--json must be a file" in one_line("compare", *folders, "--json", tmp_path)


def test_folders_of_the_same_name_are_shown_with_their_paths(folders, invoke, tmp_path):
    shutil.copytree(folders[1], tmp_path / "copy" / "run 0")
    done = invoke("compare", folders[0], tmp_path / "copy" / "run 0", "--json", tmp_path / "out.json")
    assert done.exit_code == 0, (done.output, done.exception)
    assert str(folders[0]) == json.loads((tmp_path / "out.json").read_text())["baseline"]


@pytest.mark.parametrize("name", ["predictions.csv", "per_class.csv"])
def test_damaged_files_are_one_line(folders, one_line, name):
    (folders[1] / name).write_bytes(b"\xff\x00\x1b[31m")
    assert f"{name} cannot be read: " in one_line("compare", *folders)


def test_named_images_of_the_files_are_safe(folders):
    assert rows_of(folders[0] / "per_class.csv")[0]["class"] == "'=cat"
    assert "\x1b" not in (folders[0] / "per_class.csv").read_text()
