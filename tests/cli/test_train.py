"""`ltzoo train`: the run folder, resuming, and refusing to mix trainings."""

import csv
import json
import os
import signal
import threading

import keras
import numpy as np
import pytest

from ltzoo import metrics, shipped
from ltzoo.cli.command_line import command_line
from ltzoo.cli.progress import TrainingProgress
from ltzoo.cli.recipe_of_run import recipe_of_entry
from ltzoo.recipes import Recipe
from tests.cli.conftest import COUNTS, SMALL

pytestmark = pytest.mark.rotating(3)


def weights(folder):
    model = keras.saving.load_model(folder / "model.keras")
    return [keras.ops.convert_to_numpy(variable.value) for variable in model.weights]


def test_the_run_folder_is_complete(run):
    names = {"run.json", "checkpoint", "model.keras", "history.csv", "result.json", "report"}
    names |= {"per_class.csv", "predictions.csv"}
    assert {path.name for path in run.iterdir()} == names
    content = json.loads((run / "run.json").read_text())
    assert content["dataset"]["class_names"] == list(COUNTS)
    assert content["dataset"]["class_counts"] == [11, 5, 2]
    assert content["dataset"]["images"] == {"train": 18, "val": 5}
    assert content["arguments"]["epochs"] == [2, 1]
    assert [stage["mixup_alpha"] for stage in content["recipe"]["stages"]] == [0, 0]
    assert content["backend"] == keras.backend.backend()
    assert content["versions"]["keras"] == keras.__version__
    assert (run / "report" / "report.html").is_file()


def test_the_history_covers_both_stages(run):
    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["stage"]) for row in rows] == [("1", "1"), ("2", "1"), ("3", "2")]
    assert all(float(row["seconds"]) > 0 and float(row["loss"]) >= 0 for row in rows)


def test_the_result_is_that_of_the_saved_model(run, photos):
    from ltzoo.cli.data import load_dataset

    content = json.loads((run / "result.json").read_text())
    assert content["split"] == "val"
    dataset = load_dataset(json.loads((run / "run.json").read_text())["arguments"])
    model = keras.saving.load_model(run / "model.keras")
    again = metrics.evaluate(model, dataset.val)
    np.testing.assert_array_equal(metrics.Result.from_dict(content["result"]).confusion, again.confusion)
    assert content["result"]["ece"] == pytest.approx(again.ece, abs=1e-5)


def test_what_is_printed(run):
    text = (run.parent / "output.txt").read_text()
    lines = text.splitlines()
    assert lines[0].startswith("training gcl on ") and "for 2,1 epochs into " in lines[0]
    assert "train 18, val 5" in lines[1] and "3 epochs" in lines[2]
    assert sum("epoch" in line and "acc" in line for line in lines) == 3
    assert "gcl, stage 1" in text and "gcl, stage 2" in text and "report.html" in text


def test_a_used_folder_is_refused_without_resume(one_line, run, photos):
    before = (run / "model.keras").read_bytes()
    assert "--resume" in one_line("train", "gcl", "--data", photos, "--out", run)
    assert (run / "model.keras").read_bytes() == before


@pytest.mark.parametrize(
    "changed, words",
    [
        (["cross_entropy"], "RECIPE differs"),
        (["--epochs", "3,1"], "--epochs differs"),
        (["--seed", "1"], "--seed differs"),
        (["--batch-size", "4"], "which has 8"),
        (["--set", "mixup_alpha=1"], "--set differs"),
    ],
)
def test_resume_refuses_other_arguments(one_line, run, changed, words):
    assert words in one_line("train", *changed, "--out", run, "--resume")


def test_resume_of_a_finished_training_changes_nothing(invoke, run, photos):
    before, result = weights(run), (run / "result.json").read_text()
    done = invoke("train", "gcl", "--data", photos, "--out", run, "--resume")
    assert done.exit_code == 0, done.output
    for old, new in zip(before, weights(run), strict=True):
        np.testing.assert_array_equal(old, new)
    assert (run / "result.json").read_text() == result


def test_resume_of_nothing_starts_or_says_what_is_missing(one_line, tmp_path):
    assert "no run in --out yet" in one_line("train", "--out", tmp_path / "new", "--resume")


def interrupted(invoke, monkeypatch, epoch, *words):
    """The end of a training that is interrupted when this epoch begins."""

    def interrupt(self, number, logs=None):
        if number == epoch:
            raise KeyboardInterrupt
        original(self, number, logs)

    original = TrainingProgress.on_epoch_begin
    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "on_epoch_begin", interrupt)
        return invoke("train", *words)


@pytest.mark.parametrize("stopped_in", [1, 2])
def test_an_interrupted_training_goes_on_to_the_same_weights(
    invoke, run, photos, tmp_path, monkeypatch, stopped_in
):
    folder = tmp_path / "run"
    words = ("gcl", "--data", photos, "--epochs", "2,1", "--out", folder, *SMALL)
    done = interrupted(invoke, monkeypatch, stopped_in, *words)
    assert done.exit_code == 130
    assert f"ltzoo train --out {folder} --resume" in done.stderr
    assert not (folder / "model.keras").exists()
    done = invoke("train", "--out", folder, "--resume")
    assert done.exit_code == 0, done.output
    for undisturbed, resumed in zip(weights(run), weights(folder), strict=True):
        np.testing.assert_array_equal(undisturbed, resumed)
    assert "gcl, stage 1" in done.stdout and "gcl, stage 2" in done.stdout


@pytest.mark.parametrize(
    "number, code, word", [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")]
)
def test_a_signal_saves_the_step_and_says_how_to_go_on(
    invoke, run, photos, tmp_path, monkeypatch, number, code, word
):
    def send(self, batch, logs=None):
        if (self.epoch, batch) == (1, 1):
            os.kill(os.getpid(), number)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "on_train_batch_begin", send)
        done = invoke("train", "gcl", "--data", photos, "--epochs", "2,1", "--out", folder, *SMALL)
    assert done.exit_code == code
    assert (
        f"{word} and saved after step 2 of 3. Resume with: ltzoo train --out {folder} --resume" in done.stderr
    )
    assert not any(thread.name == "ltzoo_talk" for thread in threading.enumerate())
    done = invoke("train", "--out", folder, "--resume")
    assert done.exit_code == 0 and done.stdout.startswith("resuming gcl on "), done.output
    for undisturbed, resumed in zip(weights(run), weights(folder), strict=True):
        np.testing.assert_array_equal(undisturbed, resumed)


def test_the_loss_scale_of_float16_goes_on_too(invoke, photos, tmp_path, monkeypatch):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    small = (*SMALL, "--precision", "mixed_float16")
    words = ("cross_entropy", "--data", photos, "--epochs", "2", *small, "--out")
    assert invoke("train", *words, whole).exit_code == 0
    assert interrupted(invoke, monkeypatch, 1, *words, parts).exit_code == 130
    done = invoke("train", "--out", parts, "--resume")
    assert done.exit_code == 0, done.output
    for undisturbed, resumed in zip(weights(whole), weights(parts), strict=True):
        np.testing.assert_array_equal(undisturbed, resumed)


def test_another_backend_cannot_resume(one_line, run, tmp_path):
    content = json.loads((run / "run.json").read_text())
    other = "jax" if content["backend"] == "torch" else "torch"
    content["backend"] = other
    (tmp_path / "run.json").write_text(json.dumps(content))
    assert f"set KERAS_BACKEND={other}" in one_line("train", "--out", tmp_path, "--resume")


def test_unreadable_images_are_counted_or_left_out(invoke, one_line, truncated, tmp_path):
    from tests.cli.conftest import write_photos

    folder = write_photos(tmp_path / "photos", {"cat": 4, "dog": 3})
    (folder / "cat" / "broken.png").write_bytes(truncated.read_bytes())
    arguments = [
        "train",
        "cross_entropy",
        "--data",
        folder,
        "--epochs",
        "1",
        "--out",
        tmp_path / "run",
        *SMALL,
    ]
    assert "1 of 8 images cannot be read" in one_line(*arguments)
    assert not (tmp_path / "run").exists()
    done = invoke(*arguments, "--skip-unreadable")
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("Warning: left out 1 of 8 images") and "broken.png" in done.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["dataset"]["class_counts"] == [3, 2]


def test_a_zoo_entry_fixes_its_arguments(one_line, tmp_path):
    from ltzoo import shipped

    line = one_line("train", shipped.names()[0], "--backbone", "resnet8", "--out", tmp_path / "run")
    assert "--backbone cannot be given" in line
    line = one_line("train", "gcl_resnet8_digits_lt", "--epochs", "1,1,1", "--out", tmp_path / "run")
    assert "one for each of the 2 stages" in line and "(1, 1, 1)" in line
    line = one_line("train", "gcl_resnet8_digits_lt", "--set", "momentum=1", "--out", tmp_path / "run")
    assert "momentum" in line
    line = one_line("train", "gcl_resnet50_imagenet_lt", "--out", tmp_path / "run")
    assert "--data-dir is missing: the folder with ImageNet_LT_train.txt" in line
    places = ("train", "gcl_resnet152_places_lt", "--data-dir", tmp_path, "--out", tmp_path / "run")
    assert "--start-from is missing" in one_line(*places)
    assert "must hold Places_LT_train.txt" in one_line(*places, "--start-from", "scratch")
    assert "none.keras" in one_line(*places, "--start-from", "none.keras")
    assert not (tmp_path / "run").exists()


def test_a_changed_zoo_entry_is_no_longer_the_cards(invoke, tmp_path):
    card = json.loads((shipped.folder() / "gcl_resnet8_digits_lt.json").read_text())
    done = invoke(
        "train", "gcl_resnet8_digits_lt", "--epochs", "1,1", "--batch-size", "64", "--accumulate", "2",
        "--set", "mixup_alpha=0", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    said = "not the recipe of the card of gcl_resnet8_digits_lt, whose figures are of another training"
    assert f"{said}: batch_size, epochs, mixup_alpha changed" in " ".join(done.stdout.split())
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    stages = run["recipe"]["stages"]
    assert [(stage["epochs"], stage["batch_size"], stage["mixup_alpha"]) for stage in stages] == [
        (1, 64, 0)
    ] * 2
    before = card["recipe"]["stages"][0]["schedule"]
    if "milestones" in before:
        assert max(stages[0]["schedule"]["milestones"]) <= 1
    assert run["arguments"]["accumulate"] == 2
    assert "--epochs 1,1 --batch-size 64" in command_line(run["arguments"])


def test_an_unchanged_zoo_entry_is_the_cards():
    card = shipped.read("gcl_resnet8_digits_lt")
    recipe, said = recipe_of_entry(card["name"], card["recipe"], {"recipe": card["name"], "accumulate": 4})
    assert said is None and recipe == Recipe.from_dict(card["recipe"])


def test_a_zoo_entry_refuses_other_data(one_line, tmp_path, monkeypatch):
    from ltzoo import shipped
    from ltzoo.cli import cards

    card = cards.read("gcl_resnet8_digits_lt")
    card["class_counts"] = [count + 1 for count in card["class_counts"]]
    (tmp_path / "other.json").write_text(json.dumps({**card, "name": "other", "weights": None}))
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    line = one_line("train", "other", "--out", tmp_path / "run")
    assert "The data do not match other" in line and not (tmp_path / "run").exists()


def test_a_zoo_entry_is_trained_as_its_card_says(invoke, tmp_path, monkeypatch):
    from ltzoo import models, shipped
    from ltzoo.cli import cards
    from ltzoo.training import Recipe

    card = {**cards.read("gcl_resnet8_digits_lt"), "name": "short", "weights": None, "seed": 5}
    card["backbone"] = {"name": "resnet8", "width_multiplier": 0.25}
    card["mean"] = [0.25]
    for stage in card["recipe"]["stages"]:
        stage["epochs"] = 1
    (tmp_path / "short.json").write_text(json.dumps(card))
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    start = models.build(card["backbone"], "cross_entropy", (1, 1), input_shape=(8, 8, 1), seed=9)
    start.save(tmp_path / "start.keras")
    done = invoke("train", "short", "--start-from", tmp_path / "start.keras", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "starts from the backbone of" in done.stdout
    assert models.load(tmp_path / "run").mean == (0.25,)
    content = json.loads((tmp_path / "run" / "run.json").read_text())
    assert Recipe.from_dict(content["recipe"]) == Recipe.from_dict(card["recipe"])
    assert content["arguments"] == {
        "recipe": "short",
        "seed": 5,
        "start_from": str(tmp_path / "start.keras"),
    }
    assert content["dataset"]["class_counts"] == card["class_counts"]
    done = invoke("evaluate", tmp_path / "run")
    assert done.exit_code == 0 and "(test, 500)" in " ".join(done.stdout.split())


def test_defaults_of_a_recipe_that_is_made_for_a_network(tmp_path):
    from PIL import Image

    from ltzoo.cli.train import _new_arguments

    for number, size in enumerate([(50, 47), (46, 300), (300, 52), (20, 20), (500, 400)]):
        (tmp_path / "a").mkdir(exist_ok=True)
        Image.new("RGB", size).save(tmp_path / "a" / f"{number}.png")
    (tmp_path / "a" / "broken.png").write_bytes(b"no image")
    arguments = _new_arguments({"recipe": "fast", "data": str(tmp_path)})
    assert arguments["backbone"] == {"name": "fastnet"} and arguments["image_size"] == [48, 48]
    arguments = _new_arguments({"recipe": "gcl", "data": str(tmp_path)})
    assert arguments["backbone"] == {"name": "resnet32"} and arguments["image_size"] == [32, 32]


def test_precision_is_kept_in_the_run_and_for_this_training_only(invoke, photos, tmp_path):
    folder = tmp_path / "run"
    words = ("cross_entropy", "--data", str(photos), *SMALL, "--epochs", "1", "--precision", "mixed_bfloat16")
    done = invoke("train", *words, "--out", str(folder))
    assert done.exit_code == 0, done.stderr
    assert keras.config.dtype_policy().name == "float32"
    arguments = json.loads((folder / "run.json").read_text())["arguments"]
    assert arguments["precision"] == "mixed_bfloat16"
    assert "--precision mixed_bfloat16" in command_line(arguments)
    model = keras.saving.load_model(folder / "model.keras")
    assert model.backbone.layers[1].compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}


def test_a_run_without_images_to_measure_writes_a_report_and_says_so(invoke, photos, tmp_path):
    done = invoke(
        "train", "cross_entropy", "--data", photos, "--image-size", "8", "--backbone", "resnet8:width_multiplier=0.25",
        "--epochs", "1", "--batch-size", "8", "--validation-fraction", "0", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    assert "no test or validation images" in done.stdout and "report.html" in done.stdout
    content = json.loads((tmp_path / "run" / "result.json").read_text())
    assert content["split"] is None and content["result"] is None and content["seconds"] > 0
    page = (tmp_path / "run" / "report" / "report.html").read_text(encoding="utf-8")
    assert "Nothing was measured" in page and "--validation-fraction 0.1" in page


def test_a_report_on_validation_images_does_not_speak_of_test_images(run):
    page = (run / "report" / "report.html").read_text(encoding="utf-8")
    assert "Results on the validation images" in page and "test images" not in page
    assert "of the validation images" in " ".join((run.parent / "output.txt").read_text().split())


def test_a_first_stage_is_trained_once(photos, invoke, tmp_path):
    """The same run twice, and again without sharing: the same weights and results."""
    said = {}
    for name, option in (("first", "--reuse"), ("again", "--reuse"), ("alone", "--no-reuse")):
        words = ("--data", photos, "--epochs", "1,1", "--out", tmp_path / name, option)
        done = invoke("train", "crt", *words, *SMALL)
        assert done.exit_code == 0, done.output
        said[name] = [line for line in done.stdout.splitlines() if line.startswith("stage 1 is done")]
    assert [len(lines) for lines in said.values()] == [0, 1, 0]
    assert "crt trained the same 1 epochs on " in said["again"][0]
    for one, other in zip(weights(tmp_path / "again"), weights(tmp_path / "alone"), strict=True):
        np.testing.assert_array_equal(one, other)
    for file in ("result.json", "checkpoint/stage1_result.json"):
        first, again = (json.loads((tmp_path / name / file).read_text()) for name in ("first", "again"))
        assert first["result"] == again["result"]
