"""`ltzoo train --folds`: a model per fold, measurements of all images, and a model of all."""

import json
import shutil

import numpy as np
import pytest

from tests.cli.conftest import COUNTS
from tests.metrics.test_prediction_files import rows_of

pytestmark = pytest.mark.rotating(3)

SMALL = (
    "--image-size", "8", "--backbone", "resnet8:width_multiplier=0.25", "--batch-size", "8", "--epochs", "1",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(photos, invoke, tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds") / "run"
    done = invoke("train", "cross_entropy", "--data", photos, "--out", folder, "--folds", "2", *SMALL)
    assert done.exit_code == 0, (done.output, done.exception)
    (folder.parent / "output.txt").write_text(done.stdout)
    return folder


def test_every_image_is_measured_once_by_a_model_that_has_not_seen_it(run, photos):
    folds = [rows_of(run / f"fold{number}" / "predictions.csv") for number in (1, 2)]
    images = [{row["image"] for row in rows} for rows in folds]
    assert not images[0] & images[1]
    assert images[0] | images[1] == {path.relative_to(photos).as_posix() for path in photos.glob("*/*.png")}
    pooled = rows_of(run / "out_of_fold" / "predictions.csv")
    assert [row["image"] for row in pooled] == [row["image"] for rows in folds for row in rows]
    for number, rows in enumerate(folds, start=1):
        content = json.loads((run / f"fold{number}" / "run.json").read_text())
        assert content["dataset"]["images"] == {"train": 23 - len(rows), "test": len(rows)}


def test_the_pooled_measures_are_those_of_all_images(run):
    content = json.loads((run / "out_of_fold" / "result.json").read_text())
    result, rows = content["result"], rows_of(run / "out_of_fold" / "predictions.csv")
    right = np.array([row["true"] == row["predicted"] for row in rows])
    assert content["split"] == "folds" and result["class_counts"] == list(COUNTS.values())
    assert result["top1"] == pytest.approx(right.mean())
    nll = -np.log([float(row["true_probability"]) for row in rows]).mean()
    assert result["nll"] == pytest.approx(nll)
    assert set(result["intervals"]) > {"top1", "few"}
    parts = [json.loads((run / f"fold{number}" / "result.json").read_text())["result"] for number in (1, 2)]
    weights = [np.sum(part["confusion"]) for part in parts]
    assert result["brier"] == pytest.approx(np.average([part["brier"] for part in parts], weights=weights))
    np.testing.assert_array_equal(
        result["confusion"], np.add(*(np.array(part["confusion"]) for part in parts))
    )


def test_the_model_of_the_run_has_seen_all_images(run, photos, invoke):
    content = json.loads((run / "run.json").read_text())
    assert content["dataset"]["images"] == {"train": 23} and content["arguments"]["folds"] == 2
    assert json.loads((run / "result.json").read_text())["split"] == "folds"
    assert (run / "predictions.csv").read_bytes() == (run / "out_of_fold" / "predictions.csv").read_bytes()
    page = (run / "report" / "report.html").read_text()
    assert "Measured out of fold" in page and "All classes" in page
    wrong = [row for row in rows_of(run / "predictions.csv") if row["true"] != row["predicted"]]
    assert wrong and "The worst confusions" in page and "The most confident mistakes" in page
    assert all(f">{row['image']}<" in page for row in wrong)
    done = invoke("predict", photos / "cat" / "0.png", "--model", run)
    assert done.exit_code == 0 and "%" in done.stdout
    done = invoke("evaluate", run / "fold1")
    assert done.exit_code == 0 and "fold1 (test, " in " ".join(done.stdout.split()), done.output


def test_a_table_of_all_folds_is_printed(run):
    text = (run.parent / "output.txt").read_text()
    assert "fold 1 of 2, into" in text and "fold 2 of 2, into" in text
    assert "all folds" in text and "of the images out of fold" in " ".join(text.split())


def test_a_stopped_run_resumes_with_what_is_missing(run, invoke, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    for path in (folder / "fold2", folder / "checkpoint", folder / "report", folder / "out_of_fold"):
        shutil.rmtree(path)
    (folder / "model.keras").unlink()
    kept = (folder / "fold1" / "model.keras").stat().st_mtime_ns
    done = invoke("train", "--out", folder, "--resume")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "fold 1 of 2 is finished" in done.stdout
    assert (folder / "fold1" / "model.keras").stat().st_mtime_ns == kept
    assert (folder / "model.keras").is_file() and not (folder / "writer.lock").exists()
    for name in ("predictions.csv", "per_class.csv"):
        assert (folder / "out_of_fold" / name).read_text() == (run / "out_of_fold" / name).read_text()


def test_wrong_command_lines(one_line, photos, tmp_path):
    given = ("train", "cross_entropy", "--data", photos, "--out", tmp_path / "run")
    assert "--folds" in one_line(*given, "--folds", "1")
    assert "--validation-fraction does not apply" in one_line(
        *given, "--folds", "2", "--validation-fraction", "0.2"
    )
    assert "--folds cannot be given" in one_line(
        "train", "gcl_resnet8_digits_lt", "--folds", "2", "--out", tmp_path / "run"
    )
    assert not (tmp_path / "run").exists()
