"""ONNX files with 8-bit convolutions."""

import json

import numpy as np
import pytest

import ltzoo
from ltzoo.models.exporting import int8

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def data():
    return ltzoo.data.load("digits_lt")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "digits.onnx"
    try:
        ltzoo.models.load("gcl_resnet8_digits_lt").export(path, format="onnx")
    except ImportError as error:
        pytest.skip(str(error))
    return path


def _logits(path, images):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": images.astype("float32")})[0], session


def test_8_bit_convolutions_lose_little_and_keep_names(exported, data, tmp_path):
    import onnx

    path = tmp_path / "int8.onnx"
    int8.quantize_onnx(exported, path, data.train)
    images = data.test.load(np.arange(len(data.test)))
    (before, first), (after, second) = _logits(exported, images), _logits(path, images)
    accuracy = [(logits.argmax(axis=1) == data.test.labels).mean() for logits in (before, after)]
    assert accuracy[1] > accuracy[0] - 0.02
    assert 0 < np.abs(after - before).mean() < 0.1 * np.abs(before).mean()
    metadata = second.get_modelmeta().custom_metadata_map
    assert metadata["precision"] == "int8" and json.loads(metadata["class_names"])[0] == "0"
    assert metadata["card"] == first.get_modelmeta().custom_metadata_map["card"]

    graph = onnx.load(str(path)).graph
    weights = {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}
    kernels = [values for values in weights.values() if values.dtype == np.int8 and values.ndim == 4]
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(kernels) == len(convolutions) > 5
    scales = [values for name, values in weights.items() if name.endswith("_scale") and values.size > 1]
    assert {values.shape for values in scales} >= {(16,), (32,), (64,)}  # One scale per output channel.
    assert path.stat().st_size < 0.6 * exported.stat().st_size


def test_arrays_calibrate_like_splits(exported, data, tmp_path):
    images = data.train.load(np.arange(40))
    int8.quantize_onnx(exported, tmp_path / "a.onnx", images, max_images=40)
    int8.quantize_onnx(exported, tmp_path / "b.onnx", data.train.subset(np.arange(40)), max_images=40)
    first, second = (_logits(tmp_path / name, images)[0] for name in ("a.onnx", "b.onnx"))
    np.testing.assert_array_equal(first, second)


def test_wrong_images_are_refused_and_nothing_is_written(exported, tmp_path):
    for images, message in (
        (np.zeros((0, 8, 8, 1)), "at least one image"),
        (np.zeros((4, 9, 8, 1)), r"must have the shape \(8, 8, 1\).*Received: images of shape \(9, 8, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            int8.quantize_onnx(exported, tmp_path / "x.onnx", images)
    assert not list(tmp_path.iterdir())


def test_the_command_prints_both_accuracies(tmp_path):
    from click.testing import CliRunner

    from ltzoo.cli import cli

    path = tmp_path / "digits.onnx"
    words = ["export", "gcl_resnet8_digits_lt", "--out", str(path), "--format", "onnx", "--int8"]
    done = CliRunner().invoke(cli, words, prog_name="ltzoo")
    assert done.exit_code == 0, (done.output, done.exception)
    shown = " ".join(done.stdout.split())
    assert "float32, " in shown and "int8, " in shown and "of the test images" in shown
    assert _logits(path, np.zeros((1, 8, 8, 1)))[1].get_modelmeta().custom_metadata_map["precision"] == "int8"
    for wrong, message in (
        ([*words[:3], str(tmp_path / "a"), "--int8"], "--int8 is for --format onnx"),
        ([*words[:-1], "--overwrite", "--data", "digits_lt"], "--data is for --int8"),
        ([*words, "--overwrite", "--data", "nothing_lt"], "--data must be a folder"),
    ):
        done = CliRunner().invoke(cli, wrong, prog_name="ltzoo")
        assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1, done.stderr
        assert message in done.stderr
