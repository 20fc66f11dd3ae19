"""`export_model`: what of a model is written, that it is written whole, and what is refused."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from ltzoo import models
from ltzoo.export_formats import FORMATS
from ltzoo.models.exporting import child
from ltzoo.models.exporting.served_classifier import served_classifier
from tests import tiny

IMAGES = tiny.dataset().test.load(np.arange(3))


def logits(model, images=IMAGES):
    return keras.ops.convert_to_numpy(model(images.astype("float32")))


@pytest.mark.parametrize("recipe", ["gcl", "camc_plus_plus", "nbn", "ride", "paco"])
def test_what_serves_is_the_model_in_inference_also_from_a_file(recipe, tmp_path):
    epochs = {"epochs": (1, 1, 1)} if recipe == "ride" else {}
    model = tiny.model(recipe, **epochs)
    served = served_classifier(model)
    expected = keras.ops.convert_to_numpy(model(IMAGES, training=False))
    np.testing.assert_allclose(logits(served), expected, atol=1e-6)
    served.save(tmp_path / "served.keras")
    np.testing.assert_allclose(
        logits(keras.saving.load_model(tmp_path / "served.keras")), expected, atol=1e-6
    )


def test_parts_of_the_training_stay_behind():
    model = tiny.model("camc")
    served = served_classifier(model)
    kept = {id(layer) for layer in [*model.backbone._flatten_layers(), *model.head._flatten_layers()]}
    assert {id(layer) for layer in served._flatten_layers(include_self=False)} == kept
    assert len(served.variables) < len(model.variables)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_mixed_precision_leaves_as_float32(policy):
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        model = tiny.model()
    finally:
        keras.config.set_dtype_policy(before)
    served = served_classifier(model)
    types = {layer.compute_dtype for layer in served._flatten_layers()}
    types |= {str(keras.backend.standardize_dtype(variable.dtype)) for variable in served.variables}
    assert types == {"float32"} and model.backbone.get_layer("block0_conv").compute_dtype != "float32"
    full = tiny.model()
    full.backbone.set_weights(
        [np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(weight.value, "float32"))) for weight in
         model.backbone.weights]
    )  # fmt: skip
    full.head.set_weights(
        [np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(weight.value, "float32"))) for weight in
         model.head.weights]
    )  # fmt: skip
    np.testing.assert_allclose(logits(served), logits(full), atol=1e-5)
    assert served_classifier(full).backbone is full.backbone  # Nothing is copied where nothing has to be.


def fake(monkeypatch, name, write):
    """Format `name` is written by `write`, on whatever backend."""
    monkeypatch.setattr("ltzoo.models.exporting.export.writers_of", lambda *wanted: [keras.backend.backend()])
    monkeypatch.setitem(FORMATS._parts, name, dataclasses.replace(FORMATS[name], part=write))


@pytest.mark.parametrize("name, path", [("openvino", "net.xml"), ("tf_saved_model", "net")])
def test_files_appear_together_and_replace_older_ones(tmp_path, monkeypatch, name, path):
    def write(served, path, description):
        path.write_text("new")
        path.with_suffix(".bin").write_text("new")

    fake(monkeypatch, name, write)
    (tmp_path / path).mkdir()
    (tmp_path / path / "stale").write_text("from an older export")
    (tmp_path / "net.bin").write_text("old")
    tiny.model().export(tmp_path / path, format=name)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([path, "net.bin"])
    assert (tmp_path / path).read_text() == (tmp_path / "net.bin").read_text() == "new"


def test_a_failed_export_leaves_what_was_there(tmp_path, monkeypatch):
    def write(served, path, description):
        path.write_text("half")
        raise RuntimeError("no space")

    fake(monkeypatch, "onnx", write)
    (tmp_path / "net.onnx").write_text("old")
    with pytest.raises(RuntimeError, match="no space"):
        tiny.model().export(tmp_path / "net.onnx", format="onnx")
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"]
    assert (tmp_path / "net.onnx").read_text() == "old"


def test_another_backend_writes_what_the_present_converter_does_not_know(tmp_path, monkeypatch):
    def unknown(served, path, description):
        path.with_suffix(".part").write_text("half")
        raise NotImplementedError("operator 'ravel'")

    fake(monkeypatch, "onnx", unknown)
    path = tmp_path / "net.onnx"
    with pytest.raises(RuntimeError, match="cannot be written as ONNX. .* failed: operator 'ravel'"):
        tiny.model().export(path, format="onnx")
    present = keras.backend.backend()
    monkeypatch.setattr("ltzoo.models.exporting.export.writers_of", lambda *wanted: [present, "other"])
    monkeypatch.setattr(child, "write", lambda served, path, *rest, backend: path.write_text(backend))
    with pytest.warns(UserWarning, match=f"{present} failed: operator 'ravel'; other wrote ONNX instead"):
        tiny.model().export(path, format="onnx")
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"] and path.read_text() == "other"


def test_the_card_is_what_the_model_knows_or_that_of_its_entry(tmp_path, monkeypatch):
    seen = []
    fake(monkeypatch, "litert", lambda served, path, description: seen.append(description) or path.touch())
    model = tiny.model()
    model.export(tmp_path / "net.tflite", format="litert")
    known = json.loads(seen[0].card)
    assert known["class_names"] == list(seen[0].class_names) == ["vertical", "horizontal", "diagonal"]
    assert known["class_counts"] == list(tiny.CLASS_COUNTS) and known["recipe"]["name"] == "gcl"
    assert seen[0].files()["class_names.txt"] == "vertical\nhorizontal\ndiagonal\n"
    card = models.card("gcl_resnet8_digits_lt")
    with pytest.raises(ValueError, match=f"its class names differ.*Received: card='{card.name}'"):
        model.export(tmp_path / "net.tflite", format="litert", card=card)
    like = dataclasses.replace(
        card, class_names=tuple(model.class_names), preprocessing={"resize": 9, "crop": 8}
    )
    model.export(tmp_path / "net.tflite", format="litert", card=like)
    assert seen[1].resize == 9 and json.loads(seen[1].card)["name"] == card.name and seen[0].resize is None


@pytest.mark.parametrize(
    "path, name, options, message",
    [
        ("x", "saved_model", {}, "format='saved_model'"),
        ("x.pb", "onnx", {}, r"must end in .onnx for format 'onnx'. Received: filepath='.*x.pb'"),
        ("x.onnx", "onnx", {"opset": 17}, r"options of format 'onnx': opset_version. Received: opset=17"),
        ("x", "tf_saved_model", {"top_k": 0}, "`top_k` must be a positive integer. Received: top_k=0"),
        (
            "x.tflite",
            "litert",
            {"top_k": 2},
            r"`top_k` must be one of the options of format 'litert': none. Received: top_k=2",
        ),
    ],
)
def test_wrong_arguments(tmp_path, monkeypatch, path, name, options, message):
    if name != "saved_model":
        fake(monkeypatch, name, FORMATS.part(name))
    with pytest.raises(ValueError, match=message):
        tiny.model().export(tmp_path / path, format=name, **options)
    assert list(tmp_path.iterdir()) == []


def test_the_last_line_of_a_failed_child_is_told():
    with pytest.raises(RuntimeError, match="^The serving process failed: ValueError: no such thing$"):
        child.run("serving process", ["-c", "raise ValueError('no such thing')"])


def test_served_outputs_of_an_unknown_file(tmp_path):
    with pytest.raises(ValueError, match=r"must be a folder or end in.*Received: path='.*x.bin'"):
        models.served_outputs(tmp_path / "x.bin", IMAGES)
