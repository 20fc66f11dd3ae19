"""`ltzoo push`: of a zoo entry and of a run."""

import json
import os
import shlex

import numpy as np
import pytest

from ltzoo import models
from ltzoo.cli import cli
from ltzoo.cli.command_line import command_line

ENTRY = "gcl_resnet8_digits_lt"


def test_an_entry_into_a_folder(invoke, one_line, tmp_path):
    done = invoke("push", ENTRY, tmp_path / "out")
    assert done.exit_code == 0, done.output
    target = str(tmp_path / "out" / f"{ENTRY}.json")
    assert f"ltzoo.models.load({target!r})" in done.stdout
    assert {"README.md", f"{ENTRY}.json", f"{ENTRY}.weights.h5"} <= set(os.listdir(tmp_path / "out"))
    assert "--overwrite" in one_line("push", ENTRY, tmp_path / "out")
    assert invoke("push", ENTRY, tmp_path / "out", "--overwrite").exit_code == 0


def test_a_run_gets_a_card_and_loads_again(run, photos, invoke, tmp_path):
    done = invoke("push", run, tmp_path, "--licence", "MIT", "--data-license", "unknown")
    assert done.exit_code == 0, done.output
    name = "gcl_resnet8_photos"
    card, _ = models.cards.read_card(tmp_path / f"{name}.json")
    assert (
        card.name == name
        and card.weights_license == card.licence == "MIT"
        and card.class_names == ("cat", "dog", "owl")
    )
    assert card.backbone == {"name": "resnet8", "width_multiplier": 0.25}
    assert card.training["command"].startswith("ltzoo train gcl --data DATA --backbone resnet8")
    # Neither the card nor the README tells where the files of this computer are.
    for file in (f"{name}.json", "README.md"):
        assert str(photos) not in (tmp_path / file).read_text()
    # The run was measured on images that were held out of the training, not on a test set.
    assert card.measured is None and "val images" in done.stdout
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype("uint8")
    logits = [models.load(path).predict(images, verbose=0) for path in (tmp_path / f"{name}.json", run)]
    np.testing.assert_array_equal(*logits)


def test_what_was_measured_on_test_images_is_in_the_card(run, invoke, tmp_path):
    result = json.loads((run / "result.json").read_text())
    result["split"] = "test"
    copy = tmp_path / "run"
    copy.mkdir()
    for name in ("run.json", "model.keras"):
        (copy / name).write_bytes((run / name).read_bytes())
    (copy / "result.json").write_text(json.dumps(result))
    done = invoke("push", copy, tmp_path / "out", "--name", "mine", "--weights-license", "MIT")
    assert done.exit_code == 0, done.output
    card = json.loads((tmp_path / "out" / "mine.json").read_text())
    assert card["measured"]["top1"] == pytest.approx(result["result"]["top1"], abs=1e-6)
    assert "Top-1 accuracy" in (tmp_path / "out" / "README.md").read_text()


def test_mistakes_are_one_line(run, one_line, tmp_path):
    assert "must be a zoo entry or a run folder" in one_line("push", "no_such", tmp_path)
    assert "--name cannot be given" in one_line("push", ENTRY, tmp_path, "--name", "x")
    assert "--name must consist" in one_line("push", run, tmp_path, "--name", "a b")
    assert "hf://ORGANIZATION/REPOSITORY or a folder" in one_line("push", ENTRY, "s3://x")
    assert "hf://ORGANIZATION" in one_line("push", ENTRY, "hf://x")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"backbone": {"name": "resnet32"}, "seed": 0, "recipe": "gcl", "data": "digits_lt"},
        {
            "recipe": "mislas", "data": "cifar10_lt", "backbone": {"name": "resnet20", "width_multiplier": 2},
            "epochs": [20, 5], "batch_size": 16, "seed": 3, "imbalance_factor": 50.0, "data_seed": 1,
            "settings": [["mixup_alpha", 0.5], ["augmentation", [{"name": "pad_crop_flip", "padding": 1}]]],
        },
        {
            "recipe": "fsa", "data": "photos", "backbone": {"name": "resnet8"}, "image_size": [32, 48], "channels": "1",
            "validation_fraction": 0.2, "skip_unreadable": True, "seed": 0,
        },
    ],
)  # fmt: skip
def test_the_command_of_a_training_says_the_same_again(arguments):
    words = shlex.split(command_line(arguments))
    train = cli.commands["train"]
    given = train.make_context("train", words[2:]).params
    assert given.pop("out") == "RUN"
    given["settings"] = [list(setting) for setting in given["settings"]]
    given = {key: value for key, value in given.items() if value not in (None, [], ()) and value is not False}
    assert given.pop("workers") >= 1 and given.pop("cache") is True
    assert given == arguments


def test_the_command_tells_no_path_of_this_computer():
    text = command_line(
        {"recipe": "gcl", "data": "/home/me/photos", "data_dir": "/data", "image_root": "/data/x"}
    )
    assert text == "ltzoo train gcl --data DATA --out RUN"


def test_the_license_is_needed_before_anything_is_loaded(run, one_line, invoke, tmp_path):
    for license in ((), ("--weights-license", "unknown"), ("--license", " ")):
        said = one_line("push", run, tmp_path / "out", *license)
        assert "--weights-license is missing" in said and "yours to license" in said
    assert "--weights-license cannot be given" in one_line(
        "push", ENTRY, tmp_path, "--weights-license", "MIT"
    )
    assert "--origin cannot be given" in one_line("push", ENTRY, tmp_path, "--origin", "me")
    assert not (tmp_path / "out").exists()
    arguments = ("--weights-license", "CC-BY-NC-4.0", "--data-license", "my own", "--origin", "me")
    assert invoke("push", run, tmp_path / "out", "--name", "mine", *arguments).exit_code == 0
    card, _ = models.cards.read_card(tmp_path / "out" / "mine.json")
    assert (card.weights_license, card.data_license, card.source) == ("CC-BY-NC-4.0", "my own", "me")


def test_a_published_card_is_checked_before_a_model_is_built(one_line, invoke, photos, tmp_path):
    models.push(ENTRY, tmp_path / "out")
    card = json.loads((tmp_path / "out" / f"{ENTRY}.json").read_text())
    for field, value in (("std", [0]), ("class_counts", [1] * 11), ("recipe", 5), ("loss", 5)):
        wrong = json.loads(json.dumps(card))
        (wrong["recipe"]["stages"][0] if field == "loss" else wrong)[field] = value
        (tmp_path / "out" / "wrong.json").write_text(json.dumps(wrong))
        for command in (("evaluate",), ("export", "--out", tmp_path / "x"), ("predict", photos, "--model")):
            assert f"`{field}` must be" in one_line(*command, tmp_path / "out" / "wrong.json").replace(
                "class_names` must have", "class_counts` must be"
            )
    wrong = {**card, "recipe": {**card["recipe"], "head": {"name": "normalized_dense", "x": {}}}}
    (tmp_path / "out" / "wrong.json").write_text(json.dumps(wrong))
    assert "cannot be loaded" in one_line("evaluate", tmp_path / "out" / "wrong.json", "--data", "digits_lt")
