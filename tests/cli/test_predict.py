"""`ltzoo predict`: files, folders, patterns, lists and standard input, to the terminal or into files."""

import csv
import json

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from ltzoo import models
from ltzoo.cli import cli, predict
from ltzoo.cli.prediction_files import PredictionFile
from ltzoo.cli.user_errors import UserError
from ltzoo.models.predict_images import Prediction
from tests.cli.conftest import write_photos


def test_predict_prints_the_most_probable_classes(invoke, run, photos):
    images = [photos / "cat" / "0.png", photos / "owl" / "1.png"]
    done = invoke("predict", *images, "--model", run, "--top", "2")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == [str(image) for image in images]
    for line in lines:
        entries = [entry.rsplit(" ", 2) for entry in line.split(": ")[1].split(", ")]
        assert len(entries) == 2 and {entry[0] for entry in entries} < {"cat", "dog", "owl"}
        assert float(entries[0][1]) >= float(entries[1][1]) and all(entry[2] == "%" for entry in entries)


def test_predict_agrees_with_the_model(invoke, run, photos):
    from ltzoo.data import FileSplit

    path = photos / "dog" / "0.png"
    model = keras.saving.load_model(run / "model.keras")
    assert (
        model.image_fit == "squash"
    )  # The images look cut out, and cropping would lose a sixth of their pixels.
    logits = model.predict(FileSplit([path], [0], (8, 8), fit=model.image_fit).load([0]), verbose=0)
    name = ["cat", "dog", "owl"][int(np.argmax(logits))]
    assert invoke("predict", path, "--model", run).stdout.startswith(f"{path}: {name} ")


def test_predict_resizes_as_the_card_of_an_entry_says(run):
    assert predict._resize("gcl_resnet50_imagenet_lt") == 256
    assert predict._resize("gcl_resnet8_digits_lt") is None and predict._resize(str(run)) is None


def test_unreadable_images_do_not_stop_the_rest(invoke, one_line, run, photos, truncated):
    good = photos / "cat" / "0.png"
    done = invoke("predict", truncated, good, "--model", run)
    assert done.exit_code == 1 and done.stdout.startswith(f"{good}: ")
    assert done.stderr.startswith(f"Warning: cannot read image {truncated}: ")
    done = invoke("predict", good, truncated, "--model", run, "--skip-unreadable")
    assert done.exit_code == 0 and len(done.stdout.splitlines()) == 1 and "broken.png" in done.stderr
    last = invoke("predict", truncated, "--model", run, "--skip-unreadable").stderr.splitlines()[-1]
    assert last == "Error: IMAGE must be readable for one image or more. Received: 1 unreadable"


def test_folders_patterns_and_lists_name_the_same_images(invoke, run, photos, tmp_path):
    listed = tmp_path / "images.txt"
    paths = sorted(str(path) for path in photos.rglob("*.png"))
    listed.write_text("\ufeff" + "\n".join([*paths, "", "  "]), encoding="utf-8")
    outputs = [invoke("predict", name, "--model", run) for name in (photos, f"{photos}/**/*.png", listed)]
    outputs.append(CliRunner().invoke(cli, ["predict", "-", "--model", str(run)], input="\n".join(paths)))
    assert all(done.exit_code == 0 for done in outputs), [done.output for done in outputs]
    assert len(outputs[0].stdout.splitlines()) == 23 and len({done.stdout for done in outputs}) == 1


def test_folders_leave_hidden_files_and_other_files_out(invoke, run, photos, tmp_path):
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / "a.png").write_bytes((photos / "cat" / "0.png").read_bytes())
    done = invoke("predict", tmp_path, "--model", run)
    assert done.exit_code == 0 and len(done.stdout.splitlines()) == 1 and "a.png" in done.stdout


def test_table_has_one_row_per_image_and_is_continued(invoke, one_line, run, photos, truncated, tmp_path):
    table = tmp_path / "out.csv"
    done = invoke("predict", photos, truncated, "--model", run, "--top", "2", "--csv", table)
    assert done.exit_code == 1 and done.stdout == f"Predictions of 23 images: {table} (1 unreadable)\n"
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert list(rows[0]) == ["path", "class_1", "probability_1", "class_2", "probability_2", "error"]
    assert len(rows) == 24 and [bool(row["error"]) for row in rows] == [False] * 23 + [True]
    shown = {
        line.split(": ")[0]: line for line in invoke("predict", photos, "--model", run).stdout.splitlines()
    }
    for row in rows[:-1]:
        assert f": {row['class_1']} {100 * float(row['probability_1']):.1f} %" in shown[row["path"]]
    assert "must be a new file" in one_line("predict", photos, "--model", run, "--csv", table)

    whole = table.read_bytes()
    table.write_bytes(whole[: len(whole) // 2])  # As a kill in the middle of a line leaves it.
    done = invoke("predict", photos, truncated, "--model", run, "--top", "2", "--csv", table, "--resume")
    assert table.read_bytes() == whole and "were there already" in done.stdout
    again = invoke("predict", photos, truncated, "--model", run, "--top", "2", "--csv", table, "--resume")
    assert again.exit_code == 0 and table.read_bytes() == whole and "of 0 images" in again.stdout
    assert "with the same --top" in one_line("predict", photos, "--model", run, "--csv", table, "--resume")


def test_json_lines_hold_names_and_probabilities(invoke, run, photos, truncated, tmp_path):
    path = tmp_path / "out.jsonl"
    invoke("predict", photos, truncated, "--model", run, "--json", path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 24 and lines[-1]["error"] and lines[-1]["classes"] == []
    for line in lines[:-1]:
        assert {entry["name"] for entry in line["classes"]} == {"cat", "dog", "owl"} and line["error"] is None
        assert sum(entry["probability"] for entry in line["classes"]) == pytest.approx(1, abs=1e-6)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    invoke("predict", photos, truncated, "--model", run, "--json", path, "--resume")
    assert path.read_bytes() == whole


@pytest.fixture(scope="module")
def deciding(invoke, run, tmp_path_factory):
    """The run, with prediction sets and a threshold for unknown images."""
    folder = tmp_path_factory.mktemp("deciding")
    held_out = write_photos(folder / "held", {"cat": 12, "dog": 12, "owl": 12}, seed=9)
    done = invoke(
        "rebalance", run, "--data", held_out, "--sets", "0.2", "--unknown", "knn", "--keep", "0.5",
        "--out", folder / "run",
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    return folder / "run"


def test_stored_decisions_are_written(invoke, deciding, photos, truncated, tmp_path):
    table, lines = tmp_path / "out.csv", tmp_path / "out.jsonl"
    done = invoke("predict", photos, truncated, "--model", deciding, "--top", "1", "--csv", table)
    assert done.exit_code == 1, (done.output, done.exception)
    invoke("predict", photos, truncated, "--model", deciding, "--top", "1", "--json", lines)
    model = models.load(deciding)
    assert model.image_fit == "squash"  # As before the correction.
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert list(rows[0]) == ["path", "class_1", "probability_1", "prediction_set", "unknown", "error"]
    assert rows[-1]["prediction_set"] == rows[-1]["unknown"] == "" and rows[-1]["error"]
    expected = model.predict_images([row["path"] for row in rows[:-1]], batch_size=64)
    assert [row["prediction_set"] for row in rows[:-1]] == [" | ".join(e.prediction_set) for e in expected]
    assert [row["unknown"] for row in rows[:-1]] == [str(e.unknown).lower() for e in expected]
    assert {row["unknown"] for row in rows[:-1]} == {"true", "false"}
    entries = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [entry["prediction_set"] for entry in entries] == [
        *(list(e.prediction_set) for e in expected),
        None,
    ]
    assert [entry["unknown"] for entry in entries] == [*(e.unknown for e in expected), None]
    shown = invoke("predict", photos, "--model", deciding).stdout.splitlines()
    assert all("; set: " in line for line in shown) and any(": unknown, most like " in line for line in shown)


@pytest.mark.parametrize("option", ["--csv", "--json"])
def test_decisions_can_be_left_out_and_continued_files_keep_theirs(
    invoke, one_line, deciding, run, photos, tmp_path, option
):
    path = tmp_path / "out"
    command = ("predict", photos, "--model", deciding, option, path)
    assert invoke(*command, "--no-decisions").exit_code == 0
    whole = path.read_bytes()
    assert b"prediction_set" not in whole and b"unknown" not in whole
    assert "with the same --top and decisions" in one_line(*command, "--resume")
    assert path.read_bytes() == whole
    assert "of 0 images" in invoke(*command, "--resume", "--no-decisions").stdout
    path.unlink()
    assert invoke(*command, "--decisions").exit_code == 0
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert invoke(*command, "--resume").exit_code == 0 and path.read_bytes() == whole
    line = one_line("predict", photos, "--model", run, "--decisions")
    assert "--decisions needs a model with prediction sets" in line and "ltzoo rebalance" in line


def test_names_are_no_formulas_in_spreadsheets_and_stay_on_one_line(tmp_path):
    path = tmp_path / "out.csv"
    names = ["=1+1.png", "-2.png", "a\nb.png", "'q.png", "\udcff.png"]
    file = PredictionFile(str(path), "--csv", 1, resume=False)
    file.write([Prediction(name, ("@cmd",), (1.0,)) for name in names])
    file.close()
    rows = list(csv.reader(path.open(encoding="utf-8")))[1:]
    assert [row[0] for row in rows] == ["'=1+1.png", "'-2.png", "a\\nb.png", "''q.png", "\\udcff.png"]
    assert {row[1] for row in rows} == {"'@cmd"}
    again = PredictionFile(str(path), "--csv", 1, resume=True)
    again.close()
    assert all(again.has(name) for name in names) and not again.has("other.png")


@pytest.mark.parametrize(
    "content", [b"something else\n", b"path,class_1,probability_1,error,more\n", b"\xff\xfe\n"]
)
def test_other_files_are_not_continued(tmp_path, content):
    path = tmp_path / "out.csv"
    path.write_bytes(content)
    for option in ("--csv", "--json"):
        with pytest.raises(UserError, match="a file that this command wrote"):
            PredictionFile(str(path), option, 1, resume=True)
    assert path.read_bytes() == content


def test_wrong_arguments_are_refused_in_one_line(one_line, run, photos, tmp_path):
    (tmp_path / "empty").mkdir()
    wrong = {
        (tmp_path / "none.png",): "an existing file or folder",
        (f"{tmp_path}/*.png",): "match at least one file",
        (tmp_path / "empty",): "a folder with at least one image",
        ("-", "-"): "standard input once",
        (photos, "--resume"): "--resume needs a file",
        (photos, "--csv", tmp_path / "a", "--json", tmp_path / "b"): "exclude each other",
        (photos, "--csv", tmp_path / "no" / "a.csv"): "must be an existing folder",
        (photos, "--json", tmp_path): "must be a new file",
    }
    for arguments, message in wrong.items():
        line = one_line("predict", *arguments, "--model", run)
        assert message in line and "Received:" in line
