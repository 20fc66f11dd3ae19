"""`ltzoo evaluate`, `export` and `demo`: what is done with a trained model."""

import importlib.util
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from ltzoo import models
from ltzoo.cli.data import check_classes, check_image_shape
from ltzoo.cli.user_errors import UserError
from ltzoo.export_formats import writers_of
from tests import tiny


def test_evaluate_repeats_the_result_of_the_training(invoke, run, tmp_path):
    done = invoke("evaluate", run, "--json", tmp_path / "again.json")
    assert done.exit_code == 0, done.output
    first = json.loads((run / "result.json").read_text())
    again = json.loads((tmp_path / "again.json").read_text())
    assert again["split"] == "val" and again["images"] == 5
    assert again["result"]["confusion"] == first["result"]["confusion"]
    assert f"{100 * again['result']['top1']:.1f}" in done.stdout


def test_evaluate_a_saved_model_on_a_folder_uses_all_images_and_the_models_order(
    invoke, run, photos, tmp_path
):
    from tests.cli.conftest import write_photos

    # The order on disk is not the model's: the names decide.
    other = write_photos(tmp_path / "other", {"owl": 2, "cat": 2, "dog": 2})
    done = invoke("evaluate", run / "model.keras", "--data", other)
    assert done.exit_code == 0, done.output
    shown = " ".join(done.stdout.split())
    assert "(all, 6)" in shown and "of the images" in shown


def test_evaluate_refuses_a_missing_split_and_other_data(one_line, run):
    assert "--split must be one of train, val" in one_line("evaluate", run, "--split", "test")
    assert "must have the model's 3 classes" in one_line("evaluate", run, "--data", "digits_lt")


def test_evaluate_a_zoo_entry_gives_its_card(invoke, tmp_path):
    name = "gcl_resnet8_digits_lt"
    done = invoke("evaluate", name, "--json", tmp_path / "result.json")
    assert done.exit_code == 0, done.output
    measured = json.loads((tmp_path / "result.json").read_text())["result"]
    assert measured["top1"] == pytest.approx(models.card(name).measured["top1"], abs=0.005)


def test_other_orders_classes_and_sizes_are_named():
    model, data = tiny.model(), tiny.dataset()
    check_classes(data, model)
    check_image_shape(data, model)
    names = list(data.class_names)
    with pytest.raises(UserError, match="class 0 must be 'vertical'. Received: 'horizontal'"):
        check_classes(
            SimpleNamespace(class_names=[names[1], names[0], names[2]], class_counts=data.class_counts), model
        )
    with pytest.raises(UserError, match="must have the model's 3 classes"):
        check_classes(SimpleNamespace(class_names=names[:2]), model)
    with pytest.raises(UserError, match=r"\(8, 8, 1\)"):
        check_image_shape(SimpleNamespace(image_shape=(9, 8, 1)), model)


def test_export_writes_a_saved_model_or_names_what_is_missing(invoke, run, photos, tmp_path):
    from ltzoo.data import FileSplit

    target = tmp_path / "served"
    done = invoke("export", run, "--out", target)
    if importlib.util.find_spec("tensorflow") is None:
        assert done.exit_code == 2
        assert "not installed" in done.stderr and not target.exists()
        return
    assert done.exit_code == 0, done.output
    assert "[batch, 8, 8, 3]" in done.stdout and "cat, dog, owl" in done.stdout
    images = FileSplit([photos / "cat" / "0.png"], [0], (8, 8)).load([0])
    expected = keras.saving.load_model(run / "model.keras").predict(images, verbose=0)
    np.testing.assert_allclose(models.served_outputs(target, images), expected, atol=1e-4)


def test_export_of_a_zoo_entry_hands_its_card_on(invoke, run, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        models.LongTailedClassifier, "export", lambda self, *path, **how: asked.append((*path, how))
    )
    monkeypatch.setattr("ltzoo.cli.export.writers_of", lambda *wanted: ["tensorflow"])
    entry, target = "gcl_resnet8_digits_lt", tmp_path / "model.pt2"
    for model, card in ((run, None), (entry, models.card(entry))):
        done = invoke("export", model, "--out", target, "--format", "torch")
        assert done.exit_code == 0, done.output
        assert "ExportedProgram" in done.stdout
        assert asked.pop() == (target, {"format": "torch", "card": card})


def test_export_refuses_what_no_installed_backend_writes(one_line, run, tmp_path, monkeypatch):
    def nothing_installed(name, backend):
        return writers_of(name, backend, is_installed=lambda module: False)

    monkeypatch.setattr("ltzoo.cli.export.writers_of", nothing_installed)
    line = one_line("export", run, "--out", tmp_path / "model.pt2", "--format", "torch")
    assert "written by torch, and torch is not installed" in line and 'pip install "ltzoo[torch]"' in line
    assert list(tmp_path.iterdir()) == []


def test_demo_passes_its_options_on(invoke, tmp_path, monkeypatch):
    from ltzoo import demo

    asked = {}

    def run(out, seed, *, callbacks, say, export):
        asked.update(out=out, seed=seed, export=export)
        [progress] = callbacks("baseline", 1)
        progress.set_params({"steps": 1, "epochs": 1})
        progress.on_train_begin()
        progress.on_epoch_begin(0)
        progress.on_epoch_end(0, {"loss": 1.0})
        say("a line [with brackets]")
        return SimpleNamespace(
            results={}, seconds={}, report=out / "report.html", saved=out / "x.keras", served=None
        )

    monkeypatch.setattr(demo, "run", run)
    done = invoke("demo", "--out", tmp_path / "demo", "--seed", "3", "--no-export")
    assert done.exit_code == 0, done.output
    assert asked == {"out": tmp_path / "demo", "seed": 3, "export": False}
    assert "baseline  epoch 1/1  loss 1.000" in done.stdout and "a line [with brackets]" in done.stdout
    assert "report.html" in done.stdout and "SavedModel" not in done.stdout


def test_demo_that_is_interrupted_exits_with_130(invoke, tmp_path, monkeypatch):
    from ltzoo import demo

    def run(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", run)
    done = invoke("demo", "--out", tmp_path)
    assert done.exit_code == 130 and "ltzoo demo" in done.stderr


def test_evaluate_on_the_folder_of_the_training_leaves_its_training_images_out(invoke, run, photos, tmp_path):
    done = invoke("evaluate", run, "--data", photos, "--json", tmp_path / "again.json")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "again.json").read_text())["split"] == "val"
    shown = " ".join(done.stdout.split())
    assert "(val, 5)" in shown and "of the validation images" in shown and "test images" not in shown


def test_evaluate_takes_no_other_seed_for_the_images_of_the_training(one_line, run, photos):
    for place in ((), ("--data", photos)):
        said = one_line("evaluate", run, *place, "--data-seed", "7")
        assert "--data-seed must be that of the training, 0;" in said and said.rstrip().endswith(
            "Received: 7"
        )
