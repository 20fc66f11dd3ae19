"""Each row trains in a process of its own and leaves predictions for all test images."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from benchmarks.folders import logistic_regression, one_row, plain_cnn, records, table
from benchmarks.folders.rows import ROWS
from tests.benchmarks.folders.drawn import TEST, TRAIN, draw

pytestmark = pytest.mark.rotating(3)

NAMES = [f"class{label}" for label in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A drawn folder."""
    return draw(tmp_path_factory.mktemp("folders") / "drawn")


def test_a_row_of_the_command_line(folder, tmp_path):
    found = one_row.run(ROWS["fast"], "drawn", folder, tmp_path / "run", share=0.1)
    assert (found.dataset, found.row, found.options) == ("drawn", "fast", ["--epochs", "1"])
    assert tuple(found.train) == TRAIN and tuple(found.test) == TEST and len(found.predicted) == sum(TEST)
    assert 0 < found.usage["first_result"] <= found.usage["total"] and found.usage["processor"] > 0
    assert found.usage["memory"] > 100
    assert found.notes["epochs"] == [1] and found.notes["held_out"] > 0
    assert found.setup["backend"] == keras.backend.backend() and "keras" in found.setup["versions"]
    assert found.measures == records.measures_of(found.predicted, found.labels, found.train)


def test_a_row_that_fails_says_why(folder, tmp_path):
    row = ROWS["fast"]
    with pytest.raises(SystemExit, match="fastest"):
        broken = one_row.Row(row.name, row.about, ("ltzoo", "train", "fastest"))
        one_row.run(broken, "drawn", folder, tmp_path / "run")


def test_the_memory_of_a_command_is_its_own(tmp_path):
    held = np.ones(40_000_000)  # 320 MB of this process.
    target = tmp_path / "usage.json"
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('x'); sys.exit(3)"
    result, log = str(tmp_path / "result"), str(tmp_path / "log")
    words = [sys.executable, "-m", "benchmarks.folders.child", str(target), result, log, "--"]
    subprocess.run([*words, sys.executable, "-c", code, result], cwd=one_row.ROOT, check=True)
    usage = json.loads(target.read_text())
    assert usage["code"] == 3 and 0 <= usage["first_result"] <= usage["total"]
    assert 1 < usage["memory"] < 100 < held.nbytes / 2**20
    assert set(usage) == {"code", "first_result", "total", "processor", "memory", "others"}
    assert usage["others"] >= 0


def test_plain_convolutions(folder, tmp_path):
    pytest.importorskip("tensorflow")  # Keras reads folders with it.
    words = ["--data", str(folder), "--out", str(tmp_path), "--image-size", "16", "--epochs", "1"]
    plain_cnn.main(words)
    images, predicted = one_row.predictions_in(tmp_path / "predictions.csv", NAMES)
    assert len(predicted) == sum(TEST) and len(images) == 16
    with pytest.raises(ValueError, match="label of each image's folder"):
        one_row.predictions_in(tmp_path / "predictions.csv", NAMES[::-1])


def test_balanced_softmax_adds_log_counts():
    counts, logits = np.array([6, 3, 1]), np.array([[0.5, -1.0, 2.0]], "float32")
    odds = counts * np.exp(logits[0])
    loss = keras.ops.convert_to_numpy(plain_cnn.balanced_softmax(counts)(np.array([2]), logits))
    np.testing.assert_allclose(loss, [-np.log(odds[2] / odds.sum())], rtol=1e-5)


def test_logistic_regression(folder, tmp_path):
    words = ["--data", str(folder), "--out", str(tmp_path), "--image-size", "32"]
    logistic_regression.main(words)
    _, predicted = one_row.predictions_in(tmp_path / "predictions.csv", NAMES)
    assert predicted == [0] * 4 + [1] * 4 + [2] * 4


def test_epochs_of_a_row():
    assert ROWS["best"].options_for("other") == ["--epochs", "100,1"]
    assert ROWS["best"].options_for("plankton", 0.1) == ["--epochs", "2,1"]
    assert ROWS["transfer"].options_for("other", 0.1) == ["--image-size", "128"]
    assert ROWS["plain_cnn"].options_for("other", 0.01)[-2:] == ["--epochs", "1"]
    assert ROWS["logistic_regression"].options_for("other") == ["--image-size", "128"]


def test_finished_rows_are_not_run_again(folder, tmp_path, monkeypatch):
    from benchmarks.folders import markdown, prepare
    from tests.benchmarks.folders.test_page import record

    ran = []

    def run(row, dataset, folder, out, seed):
        ran.append((row.name, seed))
        return record(row.name, options=row.options_for(dataset), seed=seed)

    monkeypatch.setattr(one_row, "run", run)
    monkeypatch.setattr(prepare, "folder_of", lambda source, root: folder)
    monkeypatch.setattr(records, "RESULTS", tmp_path)
    monkeypatch.setattr(markdown, "README", tmp_path / "README.md")
    monkeypatch.setattr(
        markdown, "stored", lambda: [records.read(path) for path in sorted(tmp_path.glob("*.json"))]
    )
    words = ["--data-root", str(tmp_path), "--datasets", "grocery", "--rows", "fast", "transfer"]
    table.main(words)
    assert ran == [("fast", 0), ("transfer", 0)]
    table.main(words)
    assert len(ran) == 2
    table.main([*words, "--seed", "1"])
    assert ran[2:] == [("fast", 1), ("transfer", 1)]
    table.main([*words, "--seed", "1", "--again"])
    assert len(ran) == 6
    assert "| `transfer` | **100.0**" in (tmp_path / "README.md").read_text()


def test_the_folder_is_needed(capsys):
    with pytest.raises(SystemExit):
        table.main([])
    assert "--data-root is missing" in capsys.readouterr().err
