"""`--test` and `--test-fraction` of `ltzoo train`, and `--test` of `ltzoo evaluate`."""

import json
import shutil

import pytest

from ltzoo.cli.command_line import command_line
from ltzoo.cli.run_folder import RunFolder
from tests.cli.conftest import write_photos
from tests.metrics.test_prediction_files import rows_of

pytestmark = pytest.mark.rotating(3)

SMALL = (
    "--image-size", "8", "--backbone", "resnet8:width_multiplier=0.25", "--batch-size", "8", "--epochs", "1",
)  # fmt: skip
COUNTS = {"cat": 14, "dog": 6, "owl": 4}
EXAM = {"cat": 3, "dog": 3, "owl": 3}


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("data") / "exam", EXAM, seed=1)


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("data") / "farm", COUNTS)


def trained(invoke, out, *options):
    done = invoke("train", "cross_entropy", "--out", out, *options, *SMALL)
    assert done.exit_code == 0, (done.output, done.exception)
    return out


@pytest.fixture(scope="module")
def of_folder(farm, exam, invoke, tmp_path_factory):
    return trained(invoke, tmp_path_factory.mktemp("runs") / "run", "--data", farm, "--test", exam)


@pytest.fixture(scope="module")
def of_share(farm, invoke, tmp_path_factory):
    return trained(invoke, tmp_path_factory.mktemp("runs") / "run", "--data", farm, "--test-fraction", "0.25")


def evaluated(invoke, tmp_path, *arguments):
    done = invoke("evaluate", *arguments, "--json", tmp_path / "result.json")
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads((tmp_path / "result.json").read_text()), done.stderr


def test_a_run_is_measured_on_the_folder_apart(of_folder, exam, invoke, tmp_path):
    content, result = RunFolder(of_folder).read(), json.loads((of_folder / "result.json").read_text())
    assert content["arguments"]["test"][0] == str(exam) and result["split"] == "test"
    assert content["dataset"]["images"] == {"train": 21, "val": 3, "test": 9}
    assert "--test TEST" in command_line(content["arguments"])
    found, _ = evaluated(invoke, tmp_path, of_folder)
    assert (found["split"], found["images"]) == ("test", 9)
    assert found["result"]["top1"] == pytest.approx(result["result"]["top1"])
    found, _ = evaluated(invoke, tmp_path, of_folder, "--split", "val")
    assert (found["split"], found["images"]) == ("val", 3)


def test_a_run_on_a_share_measures_the_same_images_again(of_share, invoke, tmp_path):
    content, result = RunFolder(of_share).read(), json.loads((of_share / "result.json").read_text())
    assert content["arguments"]["test_fraction"] == 0.25 and result["split"] == "test"
    assert content["dataset"]["images"] == {"train": 14, "val": 3, "test": 7}
    first = [row["image"] for row in rows_of(of_share / "predictions.csv")]
    found, _ = evaluated(invoke, tmp_path, of_share, "--predictions", tmp_path / "p.csv")
    assert [row["image"] for row in rows_of(tmp_path / "p.csv")] == first
    assert found["result"]["top1"] == pytest.approx(result["result"]["top1"])
    assert "--test-fraction 0.25" in command_line(content["arguments"])


def test_a_run_resumes_with_its_own_test_images_only(of_folder, of_share, exam, farm, invoke, tmp_path):
    for run, options in ((of_folder, ("--test", exam)), (of_share, ("--test-fraction", 0.25))):
        again = invoke("train", "--out", run, "--resume", *options)
        assert again.exit_code == 0, (again.output, again.exception)
    other = write_photos(tmp_path / "other", EXAM, seed=2)
    for run, options in ((of_folder, ("--test", other)), (of_share, ("--test-fraction", 0.5))):
        refused = invoke("train", "--out", run, "--resume", *options)
        assert refused.exit_code == 2 and f"{options[0]} differs from the run" in refused.stderr


def test_changed_test_images_are_refused(farm, exam, invoke, tmp_path):
    own = tmp_path / "exam"
    shutil.copytree(exam, own)
    run = trained(invoke, tmp_path / "run", "--data", farm, "--test", own)
    (own / "cat" / "0.png").unlink()
    for words in (("train", "--out", run, "--resume"), ("evaluate", run)):
        refused = invoke(*words)
        assert refused.exit_code == 2 and "The test images must be as they were" in refused.stderr
    shutil.rmtree(own)
    assert "The test images must be where they were" in invoke("evaluate", run).stderr
    found, _ = evaluated(invoke, tmp_path, run, "--split", "val")
    assert found["images"] == 3


def test_evaluate_leaves_out_what_was_trained_on(of_share, farm, exam, invoke, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(exam, mixed)
    names = [row["image"] for row in rows_of(of_share / "predictions.csv")]
    trained_on = next(f"cat/{n}.png" for n in range(14) if f"cat/{n}.png" not in names)
    shutil.copy(farm / trained_on, mixed / "dog" / "copy.png")
    shutil.copy(farm / names[0], mixed / names[0].replace("/", "/tested "))
    found, said = evaluated(invoke, tmp_path, of_share, "--test", mixed)
    assert found["images"] == 10 and "left out" in said and "copy.png" in said
    refused = invoke("evaluate", of_share, "--test", farm)
    assert (
        refused.exit_code == 2
        and "--test must hold images that the model was not trained on" in refused.stderr
    )
    assert "give one of them" in invoke("evaluate", of_share, "--test", exam, "--data", exam).stderr


def test_other_images_may_lack_classes(of_share, exam, invoke, tmp_path):
    shutil.copytree(exam, tmp_path / "some")
    shutil.rmtree(tmp_path / "some" / "owl")
    for option in ("--test", "--data"):
        found, said = evaluated(invoke, tmp_path, of_share, option, tmp_path / "some")
        assert found["images"] == 6 and "1 of 3 classes have no test images" in said and "'owl'" in said


def test_a_model_without_its_training_images_says_so(of_share, exam, invoke, tmp_path):
    found, said = evaluated(invoke, tmp_path, of_share / "model.keras", "--test", exam)
    assert found["images"] == 9 and "may have been trained on some of the test images" in said


def test_a_table_apart(farm, exam, invoke, tmp_path):
    for folder, counts in ((farm, COUNTS), (exam, EXAM)):
        rows = [f"{folder}/{n}/{i}.png,{n}\n" for n, count in counts.items() for i in range(count)]
        (tmp_path / f"{folder.name}.csv").write_text("file,species\n" + "".join(rows))
    columns = ("--image-column", "file", "--label-column", "species")
    data = ("--data", tmp_path / "farm.csv", "--test", tmp_path / "exam.csv")
    run = trained(invoke, tmp_path / "run", *data, *columns)
    assert RunFolder(run).read()["dataset"]["images"]["test"] == 9
    found, _ = evaluated(invoke, tmp_path, run, "--test", tmp_path / "exam.csv")
    assert (found["split"], found["images"]) == ("all", 9)
    refused = invoke("train", "fast", *data[:2], "--test", exam, "--out", tmp_path / "other", *columns)
    assert refused.exit_code == 2 and "--test must be a table, as --data is" in refused.stderr


@pytest.mark.parametrize(
    "options, message",
    [
        (("--test", "nowhere"), "--test must be an existing folder or table. Received: nowhere"),
        (("--test", "{exam}", "--test-fraction", "0.2"), "--test-fraction does not apply"),
        (("--test", "{farm}"), "--test must be another folder or table than --data"),
        (("--test-fraction", "0.95"), "0.95 is not in the range"),
        (("--test-fraction", "nan"), "must be a finite number"),
        (
            ("--test-fraction", "0.2", "--data", "digits_lt"),
            "--test-fraction does not apply: the dataset digits_lt",
        ),
        (("--test", "{exam}", "--data", "digits_lt"), "--test does not apply: the dataset digits_lt"),
    ],
)
def test_wrong_words_are_one_line(farm, exam, invoke, tmp_path, options, message):
    words = [word.format(exam=exam, farm=farm) for word in options]
    done = invoke("train", "fast", "--data", farm, "--out", tmp_path / "run", *words)
    assert done.exit_code == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
