"""`ltzoo export --int8`: an 8-bit ONNX file, measured next to the float32 one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.cli import data as data_module
from ltzoo.cli.console import console
from ltzoo.cli.same_images import check_same
from ltzoo.cli.sources import check_source, load_source, source_of, unless_own
from ltzoo.export_formats.registry import install, installed


def int8_source(model: str, data: str | None) -> dict:
    """Return where the images come from, and refuse what cannot be, before a framework is imported.

    Raises:
        UserError: the data does not exist, or the model does not say on which it was trained.
        ImportError: a library is missing.
    """
    missing = [module for module in ("onnx", "onnxruntime") if not installed(module)]
    if missing:
        raise ImportError(
            f"--int8 needs {' and '.join(missing)}. Install it: {install(missing)}. Received: --int8"
        )
    source = source_of(model, None if data is None else unless_own(model, data_module.resolve(data)), {})
    check_source(source)
    return source


def export_int8(model: str, classifier: Any, target: Path, card: Any, source: dict, given: bool) -> None:
    """Write an 8-bit ONNX file, and print its accuracy next to that of the float32 file.

    Both are measured by ONNX Runtime, on the test images, else on the validation images, else on those of the training.

    Args:
        model: what the command line calls the model.
        classifier: the model.
        target: the file to write.
        card: the card of the model, or None.
        source: what `int8_source` returned.
        given: whether the data is another than the one of the training.
    """
    from ltzoo.metrics import evaluate
    from ltzoo.models.exporting.int8 import quantize_onnx
    from ltzoo.report import results_table

    dataset = load_source(dict(source), classifier, whole=given)
    data_module.check_classes(dataset, classifier)
    data_module.check_image_shape(dataset, classifier)
    splits = dataset.splits()
    name = next(name for name in ("test", "val", "train") if name in splits)
    if not given:
        check_same(model, dataset, name)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float32.onnx"
        classifier.export(whole, format="onnx", card=card)
        quantize_onnx(whole, target, dataset.train)
        results = {}
        for kind, path in {"float32": whole, "int8": target}.items():
            session: Any = _Session(path, classifier)
            results[f"{kind}, {path.stat().st_size / 1e6:.1f} MB"] = evaluate(session, splits[name])
    console().print(results_table(results, split=name))


class _Session:
    """An ONNX file as what `ltzoo.metrics.evaluate` measures."""

    def __init__(self, path: Path, classifier: Any):
        import onnxruntime  # pyright: ignore[reportMissingImports]

        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        for fact in ("num_classes", "class_names", "class_counts", "image_shape", "image_fit"):
            setattr(self, fact, getattr(classifier, fact))

    def predict_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Return the logits of a batch."""
        return self.session.run(["logits"], {"images": np.asarray(images, "float32")})[0]
