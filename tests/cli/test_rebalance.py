"""`ltzoo rebalance`: runs, tables, what it refuses."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from ltzoo import models, posthoc
from tests.cli.conftest import write_photos
from tests.posthoc.problems import COUNTS, PRIOR, model_outputs

pytestmark = pytest.mark.rotating(3)

NAMES = [f"class {number}" for number in range(6)]


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("data") / "held", {"cat": 12, "dog": 12, "owl": 12}, seed=9)


def write_table(path, outputs, labels=None):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *NAMES[::-1], *(["label"] if labels is not None else [])])
        for number, row in enumerate(outputs):
            more = [] if labels is None else [NAMES[labels[number]]]
            writer.writerow([f"{number}, a.jpg", *row[::-1], *more])
    return path


def read_table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def tables(tmp_path):
    logits, labels = model_outputs(800, PRIOR, 1, temperature=0.5)
    new, new_labels = model_outputs(500, np.full(6, 1 / 6), 2, temperature=0.5)
    (tmp_path / "counts.csv").write_text(
        "name,images\n" + "".join(f"{a},{b}\n" for a, b in zip(NAMES, COUNTS, strict=True))
    )
    softmax = posthoc.decisions.probabilities_of
    return (
        write_table(tmp_path / "val.csv", softmax(logits), labels),
        write_table(tmp_path / "new.csv", softmax(new)),
        tmp_path / "counts.csv",
        new_labels,
    )


def test_a_run_becomes_a_folder_like_a_run(invoke, run, held_out, tmp_path):
    out = tmp_path / "rebalanced"
    done = invoke(
        "rebalance", run, "--data", held_out, "--sets", "0.2", "--unknown", "knn", "--out", out,
        "--json", tmp_path / "numbers.json",
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    shown = " ".join(done.stdout.split())
    assert "Balanced accuracy" in shown and "Prediction sets, 80 %" in shown and "Unknown: knn above" in shown
    rules = posthoc.decisions_of(models.load(out))
    assert rules.sets is not None and rules.unknown is not None and rules.unknown.bank is not None
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["report"]["images"] == 36 and numbers["sets"]["alpha"] == 0.2
    measured = invoke("evaluate", out, "--data", held_out)
    assert measured.exit_code == 0, measured.output
    exported = invoke("train", "--out", out, "--resume")
    assert exported.exit_code == 2 and "not what 'ltzoo rebalance' wrote" in exported.stderr


def test_a_run_uses_its_own_validation_images(invoke, run, tmp_path):
    done = invoke("rebalance", run, "--out", tmp_path / "new.keras")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "Nothing was changed" in done.stdout  # Five images say nothing.
    assert (tmp_path / "new.keras").is_file()


def test_images_of_the_training_are_refused(one_line, run, held_out, photos, tmp_path):
    copy = tmp_path / "copies"
    write_photos(copy, {"cat": 3, "dog": 3, "owl": 2}, seed=11)
    for number in range(14):  # Whichever of them trained.
        (copy / "cat" / f"copy{number}.png").write_bytes((photos / "cat" / f"{number}.png").read_bytes())
    line = one_line("rebalance", run, "--data", copy, "--out", tmp_path / "x.keras")
    assert "must hold images that the model was not trained on" in line


@pytest.mark.parametrize("method", ["em", "rlls"])
def test_unlabelled_images_of_a_folder(invoke, run, held_out, tmp_path, method):
    new = write_photos(tmp_path / "new", {"a": 9, "b/c": 2}, seed=3)
    done = invoke(
        "rebalance", run, "--data", held_out, "--prior", "estimate", "--estimator", method, "--unlabelled", new,
        "--out", tmp_path / "x.keras", "--json", tmp_path / "x.json",
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    estimate = json.loads((tmp_path / "x.json").read_text())["estimate"]
    assert (
        estimate["images"] == 11
        and estimate["method"] == method
        and sum(estimate["prior"]) == pytest.approx(1)
    )


def test_a_table_keeps_its_columns_and_gains(invoke, tables, tmp_path):
    val, new, counts, labels = tables
    out = tmp_path / "better.csv"
    done = invoke("rebalance", new, "--data", val, "--counts", counts, "--sets", "0.1", "--out", out)
    assert done.exit_code == 0, (done.output, done.exception)
    before, after = (read_table(path) for path in (new, out))
    assert [row["image"] for row in after] == [row["image"] for row in before]
    values = [np.array([[float(row[name]) for name in NAMES] for row in rows]) for rows in (before, after)]
    np.testing.assert_allclose(values[1].sum(axis=1), 1, atol=1e-6)
    right = [(one.argmax(axis=1) == labels).mean() for one in values]
    assert right[1] > right[0] + 0.02
    covered = [
        NAMES[label] in row["prediction_set"].split(" | ") for row, label in zip(after, labels, strict=True)
    ]
    # Four standard deviations of 500 images and of thresholds from about 20 images a class.
    assert np.mean(covered) > 0.9 - 4 * np.sqrt(0.09 / 500 + 0.09 / 6 / 20)
    # The same by the function.
    again = posthoc.csv_outputs.rebalance_csv(
        new, val, tmp_path / "again.csv", dict(zip(NAMES, COUNTS.tolist(), strict=True))
    )
    assert again.outputs == "probabilities"
    second = read_table(tmp_path / "again.csv")
    assert [row[NAMES[0]] for row in second] == [row[NAMES[0]] for row in after]


def test_a_table_of_outputs_serves_any_keras_model(invoke, tables, tmp_path):
    import keras

    val, _, counts, _ = tables
    inputs = keras.Input((5,))
    keras.Model(inputs, keras.layers.Dense(6, activation="softmax")(inputs)).save(tmp_path / "any.keras")
    done = invoke(
        "rebalance",
        tmp_path / "any.keras",
        "--data",
        val,
        "--counts",
        counts,
        "--out",
        tmp_path / "new.keras",
    )
    assert done.exit_code == 0, (done.output, done.exception)
    model = keras.saving.load_model(tmp_path / "new.keras")
    sums = np.asarray(model.predict(np.ones((2, 5)), verbose=0)).sum(axis=1)
    np.testing.assert_allclose(sums, 1, atol=1e-5)


def test_region_and_prior_from_files(invoke, tables, tmp_path):
    val, new, counts, _ = tables
    (tmp_path / "region.txt").write_text("class 0\n\nclass 2\nclass 5\n")
    (tmp_path / "prior.json").write_text(json.dumps(dict.fromkeys(NAMES, 1) | {"class 0": 3}))
    done = invoke(
        "rebalance", new, "--data", val, "--counts", counts, "--classes", tmp_path / "region.txt",
        "--prior", tmp_path / "prior.json", "--out", tmp_path / "out.csv", "--json", tmp_path / "out.json",
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    rows = read_table(tmp_path / "out.csv")
    assert all(float(row["class 1"]) == 0 for row in rows)
    target = json.loads((tmp_path / "out.json").read_text())["target"]
    np.testing.assert_allclose(target, [0.6, 0, 0.2, 0, 0, 0.2])


def test_mistakes_are_one_line(one_line, run, tables, held_out, tmp_path):
    val, new, counts, _ = tables
    out = tmp_path / "x.csv"
    table = ("rebalance", new, "--data", val, "--out", out)
    assert "--counts is missing" in one_line(*table)
    assert "--out must end in .csv" in one_line(*table[:-1], tmp_path / "x.keras", "--counts", counts)
    assert "--prior must be one of" in one_line(*table, "--counts", counts, "--prior", "uniform2")
    assert "--classes must be an existing file" in one_line(
        *table, "--counts", counts, "--classes", tmp_path / "none"
    )
    assert "a column 'lable'" in one_line(*table, "--counts", counts, "--label-column", "lable")
    assert "must be a .csv with the model's outputs" in one_line(
        "rebalance", new, "--data", held_out, "--out", out
    )
    assert "belong together" in one_line(
        "rebalance", run, "--prior", "estimate", "--out", tmp_path / "a.keras"
    )
    assert "no test images" in one_line("rebalance", run, "--split", "test", "--out", tmp_path / "a.keras")
    assert "MODEL must be an existing file" in one_line("rebalance", "none.csv", "--data", val, "--out", out)
    (tmp_path / "bad.csv").write_text("a,b\n1\n")
    assert "a column for each of the 6 classes" in one_line(
        "rebalance", tmp_path / "bad.csv", "--data", val, "--counts", counts, "--out", out
    )
    assert not out.exists()


def test_a_run_that_trained_on_its_validation_images_needs_others(
    invoke, one_line, photos, held_out, tmp_path
):
    run = tmp_path / "run"
    done = invoke(
        "train", "transfer", "--data", photos, "--image-size", "8", "--backbone", "resnet8:width_multiplier=0.25",
        "--epochs", "2", "--validation-fraction", "0.2", "--out", run,
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    line = one_line("rebalance", run, "--out", tmp_path / "new")
    assert "trained on its validation images too" in line and "Received: the recipe transfer" in line
    assert invoke("rebalance", run, "--data", held_out, "--out", tmp_path / "new").exit_code == 0


def test_options_and_their_files_are_read_before_keras_is_imported(tmp_path):
    """Otherwise Keras takes its own default backend, and TensorFlow's start-up messages are shown."""
    (tmp_path / "numbers.csv").write_text("class,images\ncat,3\ndog,2\n")
    (tmp_path / "names.txt").write_text("cat\n")
    code = (
        "import sys; from ltzoo.cli import rebalance_options as options, rebalance_kinds\n"
        "read = options.read_prior('uniform'), options.read_prior('numbers.csv')\n"
        "read += options.read_counts('numbers.csv'), options.read_classes('names.txt')\n"
        "print(read, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    numbers = "{'cat': 3, 'dog': 2}"
    assert done.stdout.strip() == f"('uniform', {numbers}, {numbers}, ['cat']) False", done.stderr
