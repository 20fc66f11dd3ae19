"""Held-out images of a run are those of its training, or are refused."""

import json
import shutil

import pytest

from ltzoo.cli.run_folder import RunFolder
from tests.cli.conftest import write_photos
from tests.cli.test_testing_options import COUNTS, EXAM, trained

pytestmark = pytest.mark.rotating(3)


@pytest.fixture
def farm(tmp_path):
    return write_photos(tmp_path / "farm", COUNTS)


@pytest.fixture
def run(farm, invoke, tmp_path):
    return trained(invoke, tmp_path / "run", "--data", farm, "--test-fraction", "0.25")


def names(path):
    return sorted(line.partition(",")[0] for line in path.read_text().splitlines()[1:])


def test_added_images_are_refused(run, farm, invoke, one_line, tmp_path):
    assert set(RunFolder(run).read()["dataset"]["listing"]) == {"train", "val", "test"}
    write_photos(tmp_path / "more", COUNTS, seed=1)
    (tmp_path / "more/cat/0.png").rename(farm / "cat/00.png")
    for arguments in (
        ("evaluate", run), ("evaluate", run, "--data", farm), ("evaluate", run, "--split", "train"),
        ("rebalance", run, "--out", tmp_path / "new"),
    ):  # fmt: skip
        assert "would be others than in its training" in one_line(*arguments)
    assert not (tmp_path / "new").exists()
    # What may have been trained on is not measured as unseen either.
    assert "not trained on" in one_line("evaluate", run, "--test", shutil.copytree(farm, tmp_path / "copy"))
    exam = write_photos(tmp_path / "exam", EXAM, seed=2)
    done = invoke("evaluate", run, "--test", exam)
    assert done.exit_code == 0, done.output
    (farm / "cat/00.png").unlink()
    assert invoke("evaluate", run).exit_code == 0


@pytest.mark.parametrize("option", ["--exclude", "--group-by"])
def test_options_that_choose_other_images_are_refused(run, invoke, tmp_path, option):
    (tmp_path / "list.csv").write_text("path\ncat/0.png\ncat/1.png\ndog/1.png\n")
    value = tmp_path / "list.csv" if option == "--exclude" else "regex:([0-9])"
    done = invoke("evaluate", run, option, value)
    assert done.exit_code == 2 and "options choose others" in done.stderr.splitlines()[-1]


def test_own_test_images_may_grow_or_be_excluded(invoke, tmp_path):
    data = tmp_path / "data"
    write_photos(data / "train", COUNTS)
    write_photos(data / "test", EXAM, seed=1)
    run = trained(invoke, tmp_path / "run", "--data", data)
    (tmp_path / "list.csv").write_text("path\ntest/cat/0.png\n")
    done = invoke("evaluate", run, "--exclude", tmp_path / "list.csv", "--json", tmp_path / "out.json")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out.json").read_text())["images"] == 8
    (data / "train/cat/0.png").unlink()  # The test images are the same.
    assert invoke("evaluate", run).exit_code == 0
    assert invoke("evaluate", run, "--split", "val").exit_code == 2


def test_a_fold_is_measured_on_its_own_images(farm, invoke, one_line, tmp_path):
    run = trained(invoke, tmp_path / "run", "--data", farm, "--folds", "2")
    for fold in (run / "fold1", run / "fold2"):
        done = invoke("evaluate", fold, "--predictions", tmp_path / "found.csv")
        assert done.exit_code == 0, done.output
        assert names(tmp_path / "found.csv") == names(fold / "predictions.csv")


def test_too_many_folds_leave_no_folder(farm, one_line, tmp_path):
    done = ("train", "cross_entropy", "--data", farm, "--folds", "500", "--out", tmp_path / "run")
    assert "`folds`" in one_line(*done)
    assert not (tmp_path / "run").exists()


def test_a_run_resumes_with_its_own_images_only(run, farm, invoke):
    shutil.rmtree(run / "checkpoint")
    (farm / "cat/1.png").rename(farm / "cat/99.png")
    done = invoke("train", "--out", run, "--resume")
    assert done.exit_code == 2 and "must be as they were" in done.stderr.splitlines()[-1]
    (farm / "cat/99.png").rename(farm / "cat/1.png")
    done = invoke("train", "--out", run, "--resume")
    assert done.exit_code == 0, (done.output, done.exception)


def test_a_test_folder_without_classes_is_named(farm, invoke, tmp_path):
    words = ("train", "cross_entropy", "--data", farm, "--out", tmp_path / "run", "--test", farm / "cat")
    done = invoke(*words)
    assert done.exit_code == 2 and "Error: `test` must be a folder with one subfolder" in done.stderr
