"""What is printed of the images shortly before a training."""

import shutil

import pytest

from ltzoo.cli import training_notes as module
from ltzoo.cli.data import load_dataset
from ltzoo.cli.training_notes import training_notes
from tests.cli.conftest import SMALL
from tests.data.auditing.pictures import write
from tests.data.auditing.test_grouping import series


@pytest.fixture
def leaking(tmp_path):
    folder = write(tmp_path / "my pictures", {"train/ant": 14, "train/owl": 12, "test/ant": 3, "test/owl": 3})
    shutil.copy(folder / "test/ant/ant1.png", folder / "train/ant/leak.png")
    return folder


def said(folder, **more):
    arguments = {"data": str(folder), "image_size": [8, 8], "backbone": {"name": "resnet8"}, **more}
    told = training_notes(arguments, load_dataset(arguments))
    return [line for line in told if "random weights" not in line and "are shrunk" not in line]


def test_a_training_tells_of_copies_in_the_test_images(invoke, leaking, tmp_path):
    done = invoke("train", "gcl", "--data", leaking, "--epochs", 1, *SMALL, "--out", tmp_path / "run")
    assert done.exit_code == 0, (done.output, done.exception)
    (line,) = (line for line in done.stdout.splitlines() if "another split or class" in line)
    assert line.startswith("Note: 2 of 33 images show the same") and "leak.png (train)" in line
    assert f"'ltzoo check '{leaking}' --out check.html' looks at all images" in line


def test_groups_are_said_unless_they_are_given(tmp_path):
    folder = series(tmp_path / "p")
    rule = r"regex:([^/]+)[-_. ][^-_. /]+\.[^.]+$"
    (line,) = said(folder)
    assert f"--group-by '{rule}' holds out such images together" in line and "\n" not in line
    assert said(folder, group_by=rule) == []
    assert len(said(folder, folds=3, fold=1)) == 1
    assert said(folder, folds=3, fold=2) == []  # Said of the first fold already.


def test_the_command_for_a_table_names_its_columns(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    shutil.copy(folder / "ant/ant1.png", folder / "owl/copy.png")
    rows = [
        f"{path.relative_to(folder).as_posix()},{path.parent.name}" for path in sorted(folder.rglob("*.png"))
    ]
    (tmp_path / "t.csv").write_text("\n".join(["file,kind", *rows]))
    columns = {"image_column": "file", "label_column": "kind", "image_root": str(folder)}
    (line,) = said(tmp_path / "t.csv", **columns)
    words = f"--image-root {folder} --image-column file --label-column kind --out check.html"
    assert f"'ltzoo check {tmp_path / 't.csv'} {words}'" in line


def test_a_look_that_fails_stops_no_training(leaking, monkeypatch):
    def fail(dataset):
        raise ZeroDivisionError("of a kind that nobody expects")

    monkeypatch.setattr(module, "quick_look", fail)
    (line,) = said(leaking)
    assert "could not be looked at" in line and "nobody expects" in line


def test_named_datasets_are_not_looked_at(monkeypatch):
    monkeypatch.setattr(module, "quick_look", lambda dataset: pytest.fail("was looked at"))
    assert training_notes({"data": "digits_lt", "backbone": {"name": "resnet8"}}, None) == []
