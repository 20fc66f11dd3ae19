"""What the tests of the serving examples share: the examples as modules, image files, free ports."""

import importlib.util
import io
import socket
from pathlib import Path

import numpy as np
from PIL import Image

from tests import tiny

SERVING = Path(__file__).resolve().parents[2] / "examples" / "serving"


def example(name):
    """A file of `examples/serving` as a module."""
    spec = importlib.util.spec_from_file_location(name, SERVING / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files_and_answers(model, count=5):
    """PNG files of the test images, and what `model.predict` says of them: (class, probability), best first."""
    images = tiny.dataset().test.load(np.arange(count))
    files = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image[..., 0]).save(file, "PNG")
        files.append(file.getvalue())
    logits = model.predict(images, verbose=0).astype("float64")
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    answers = []
    for row in probabilities:
        order = np.argsort(-row, kind="stable")
        answers.append([(model.class_names[index], row[index]) for index in order])
    return files, answers


def check(found, expected, tolerance=1e-5):
    """The same names in the same order, and the same probabilities."""
    names = [[name for name, _ in row] for row in found]
    assert names == [[name for name, _ in row[: len(names[0])]] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose([p for _, p in row], [p for _, p in wanted[: len(row)]], atol=tolerance)


def free_port():
    """A port of this machine that nothing listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]
