"""Each format that the present backend writes answers in a process that has its runtime alone."""

import json
import zipfile

import keras
import numpy as np
import pytest

from ltzoo.export_formats import FORMATS, installed, writers_of
from ltzoo.export_formats.openvino_file import import_openvino
from ltzoo.models import served_outputs
from tests import tiny
from tests.models.exporting import lively

NAMES = ["vertical", "horizontal", "diagonal"]


def writers(name):
    """The installed backends that write a format."""
    try:
        return writers_of(name, keras.backend.backend())
    except ImportError:
        return []


@pytest.fixture(scope="module")
def classified():
    """A model, images, and its logits for them."""
    model = lively.model()
    images = tiny.dataset().test.load(np.arange(7))
    return model, images, model.predict(images, verbose=0)


@pytest.fixture(scope="module", params=[name for name in FORMATS if name != "tf_saved_model"])
def exported(request, classified, tmp_path_factory):
    name = request.param
    try:
        by = writers_of(name, keras.backend.backend())[0]
    except ImportError as missing:
        pytest.skip(str(missing))
    if by != keras.backend.backend():
        pytest.skip(f"tested on {by}; it goes there through the same child process as a SavedModel")
    path = tmp_path_factory.mktemp("exported") / f"net{FORMATS[name].suffix}"
    classified[0].export(path, format=name)
    return name, path


def test_a_fresh_process_computes_the_same_for_any_batch(exported, classified):
    name, path = exported
    if not installed(FORMATS[name].runtime):
        pytest.skip(f"{FORMATS[name].runtime} is not installed")
    _, images, expected = classified
    tolerance = 1e-4 if name == "litert" else 1e-5  # LiteRT sums in another order.
    np.testing.assert_allclose(served_outputs(path, images), expected, rtol=tolerance, atol=tolerance)


def test_names_and_card_travel_along(exported):
    name, path = exported
    if name == "onnx":
        import onnx

        file = onnx.load(path)
        [images], [logits] = file.graph.input, file.graph.output
        assert (images.name, logits.name) == ("images", "logits")
        assert images.type.tensor_type.shape.dim[0].dim_param == "batch"
        assert {node.op_type for node in file.graph.node}.isdisjoint(
            {"RandomNormalLike", "RandomUniformLike"}
        )
        metadata = {entry.key: entry.value for entry in file.metadata_props}
        names, card = metadata["class_names"], metadata["card"]
    elif name == "openvino":
        model = import_openvino().Core().read_model(path)
        assert model.inputs[0].partial_shape[0].is_dynamic
        names, card = (model.get_rt_info(["ltzoo", key]).astype(str) for key in ("class_names", "card"))
        assert sorted(entry.name for entry in path.parent.iterdir()) == ["net.bin", "net.xml"]
    elif name == "torch":
        import torch

        files = {"class_names.txt": "", "card.json": ""}
        torch.export.load(path, extra_files=files)
        names, card = json.dumps(files["class_names.txt"].split()), files["card.json"]
    else:
        with zipfile.ZipFile(path) as archive:
            names = json.dumps(archive.read("class_names.txt").decode().split())
            card = archive.read("card.json").decode()
    assert json.loads(names) == NAMES and json.loads(card)["class_names"] == NAMES


# PyTorch's exporter traces, and meets sizes of images as tensors in CAMC++; tf2onnx takes long for its crops.
TRACED = ["camc_plus_plus"] if keras.backend.backend() == "torch" else ["camc"]


@pytest.mark.parametrize("recipe", [*TRACED, "ride"])
def test_heads_with_unusual_operators_become_onnx(recipe, tmp_path):
    if keras.backend.backend() not in writers("onnx") or not installed("onnxruntime"):
        pytest.skip("ONNX needs its converter of this backend, and ONNX Runtime")
    images = tiny.dataset().test.load(np.arange(7))
    model = lively.model(recipe)
    model.export(tmp_path / "net.onnx", format="onnx")
    expected = keras.ops.convert_to_numpy(model(images, training=False))
    found = served_outputs(tmp_path / "net.onnx", images)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_mixed_precision_model_runs_in_onnx_runtime(classified, tmp_path):
    if keras.backend.backend() not in writers("onnx") or not installed("onnxruntime"):
        pytest.skip("ONNX needs its converter of this backend, and ONNX Runtime")
    model, images, expected = classified
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        mixed = tiny.model()
    finally:
        keras.config.set_dtype_policy(before)
    mixed.set_weights(model.get_weights())
    mixed.export(tmp_path / "net.onnx", format="onnx")
    np.testing.assert_allclose(served_outputs(tmp_path / "net.onnx", images), expected, rtol=1e-5, atol=1e-5)
