"""A SavedModel from every backend answers in a process without Keras what the model answers here, also to files."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from ltzoo.data.files import decode_image, resize_and_crop
from ltzoo.export_formats import installed
from ltzoo.export_formats.saved_model import check_top_k
from ltzoo.models.exporting.runtimes import run_alone
from tests import tiny
from tests.models.exporting import lively

PROGRAM = """
import json
import tensorflow as tf
served = tf.saved_model.load(path)
images = tf.constant(inputs["images"])
outputs["serve"] = served.serve(images)
outputs["one"] = served.serve(images[:1])
default = served.signatures["serving_default"](images=images)
outputs["default"] = default["logits"]
files = np.split(inputs["files"], np.cumsum(inputs["sizes"])[:-1])
files = tf.constant([file.tobytes() for file in files])
for name, value in served.signatures["serve_images"](image_bytes=files).items():
    outputs[name] = value.numpy().astype(str) if value.dtype == tf.string else value
try:
    served.signatures["serve_images"](image_bytes=tf.constant([b"no image"]))
except tf.errors.InvalidArgumentError:
    outputs["refused"] = True
signatures = {}
for name, function in served.signatures.items():
    [given] = function.structured_input_signature[1].values()
    back = {key: [value.dtype.name, value.shape.as_list()] for key, value in function.structured_outputs.items()}
    signatures[name] = [[given.name, given.dtype.name, given.shape.as_list()], back]
outputs["signatures"] = json.dumps(signatures)
graphs = [function.graph.as_graph_def() for function in served.signatures.values()]
outputs["operations"] = sorted({node.op for graph in graphs for part in (graph, *graph.library.function)
    for node in (part.node if hasattr(part, "node") else part.node_def)})
outputs["variables"] = [name for name, _ in tf.train.list_variables(path + "/variables/variables")]
"""


def encoded(pixels, format="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(file, format)
    return file.getvalue()


@pytest.fixture(scope="module")
def model():
    return lively.model()


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    if not installed("tensorflow"):
        pytest.skip("TensorFlow is not installed")
    path = tmp_path_factory.mktemp("served") / "stripes" / "1"
    model.export(path, top_k=2)
    return path


@pytest.fixture(scope="module")
def images():
    return tiny.dataset().test.load(np.arange(7))


@pytest.fixture(scope="module")
def answers(path, images):
    """What a process without Keras gets out of the folder; the last file is larger than the model's images."""
    files = [*map(encoded, images), encoded(np.repeat(np.repeat(images[0], 5, 0), 5, 1), "JPEG")]
    inputs = {
        "images": images.astype("float32"),
        "files": np.frombuffer(b"".join(files), np.uint8),
        "sizes": np.array([len(file) for file in files]),
    }
    return run_alone(path, "tf_saved_model", PROGRAM, inputs) | {"last": files[-1]}


def test_tensors(answers, model, images):
    expected = model.predict(images, verbose=0)
    for name in ("serve", "default"):
        np.testing.assert_allclose(answers[name], expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(answers["one"], expected[:1], rtol=1e-5, atol=1e-5)


def test_encoded_images(answers, model, images):
    larger = resize_and_crop(decode_image(answers["last"], channels=1), model.image_shape[:2])
    logits = model.predict(np.concatenate([images, larger[None]]), verbose=0).astype("float64")
    np.testing.assert_allclose(answers["logits"][:-1], logits[:-1], rtol=1e-5, atol=1e-5)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    order = np.argsort(-probabilities, kind="stable")[:, :2]
    assert answers["classes"].tolist() == [[model.class_names[i] for i in row] for row in order]
    expected = np.take_along_axis(probabilities, order, axis=1)
    np.testing.assert_allclose(answers["probabilities"][:-1], expected[:-1], atol=1e-5)
    np.testing.assert_allclose(answers["probabilities"][-1], expected[-1], atol=0.02)  # rounding of pixels
    assert answers["refused"]


def test_signatures(answers):
    images = ["images", "float32", [None, 8, 8, 1]]
    assert json.loads(str(answers["signatures"])) == {
        "serving_default": [images, {"logits": ["float32", [None, 3]]}],
        "serve": [images, {"output_0": ["float32", [None, 3]]}],
        "serve_images": [
            ["image_bytes", "string", [None]],
            {
                "classes": ["string", [None, 2]],
                "probabilities": ["float32", [None, 2]],
                "logits": ["float32", [None, 3]],
            },
        ],
    }


def test_the_graph_holds_nothing_of_the_training(answers, model):
    operations = set(answers["operations"].tolist())
    assert "Conv2D" in operations and not [name for name in operations if "Random" in name]
    saved = [name for name in answers["variables"].tolist() if name.endswith("VARIABLE_VALUE")]
    assert len(saved) == len(model.backbone.weights) + len(model.head.weights)


def test_names_and_card(path):
    assert (path / "assets.extra" / "class_names.txt").read_text() == "vertical\nhorizontal\ndiagonal\n"
    assert json.loads((path / "assets.extra" / "card.json").read_text())["input_shape"] == [8, 8, 1]


@pytest.mark.parametrize("top_k", [0, 1.5, True])
def test_a_wrong_number_of_classes(top_k):
    with pytest.raises(ValueError, match=f"`top_k` must be a positive integer. Received: top_k={top_k}"):
        check_top_k(top_k=top_k)
