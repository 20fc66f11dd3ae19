"""Export a classifier to a file or folder for serving."""

from __future__ import annotations

import inspect
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from ltzoo.arguments import checked
from ltzoo.caller_warnings import warn_caller
from ltzoo.export_formats import FORMATS, writers_of
from ltzoo.export_formats.registry import wrong_place
from ltzoo.layers.shifted_crops import all_crops_at_once
from ltzoo.models.exporting import child
from ltzoo.models.exporting.describe import describe
from ltzoo.models.exporting.served_classifier import served_classifier
from ltzoo.protocols import Classifier

if TYPE_CHECKING:
    from ltzoo.models.cards import Card


@checked
def export_model(
    model: Classifier,
    filepath: str | os.PathLike,
    format: str = "tf_saved_model",
    verbose: bool | None = None,
    *,
    card: Card | None = None,
    **options: Any,
) -> None:
    """Write `model` for serving: from raw pixels `[batch, height, width, channels]` in float32 to logits.

    Only the inference part is written: normalization, backbone and the last head, in float32 at any precision of the
    model, for batches of any size. Input and output are named "images" and "logits". The class names and the card
    are included:

    | format | written by | contents | names and card |
    | --- | --- | --- | --- |
    | "tf_saved_model" | TensorFlow | a folder; its signatures: `export_formats/saved_model.py` | `assets.extra/` |
    | "onnx" | TensorFlow, PyTorch, JAX | a `.onnx` file | metadata "class_names" (JSON list) and "card" |
    | "litert" | TensorFlow | a `.tflite` file | packed into it, as LiteRT's metadata tools do: `unzip` shows them |
    | "openvino" | TensorFlow, PyTorch | a `.xml` file and a `.bin` file next to it | runtime information "ltzoo" |
    | "torch" | PyTorch | a `.pt2` file for `torch.export.load` | `extra_files` |

    If the current backend cannot write the format, another installed backend writes it in a child process that reads
    the model from a `.keras` file. The same happens, with a warning, if the converter of the current backend does not
    know a layer. Custom layers must be importable in that process, for example from an installed package. The file or
    folder appears whole or not at all, and replaces an older one only when it is complete.

    Args:
        model: a classifier.
        filepath: a folder for "tf_saved_model", else a file with the format's ending.
        format: one of `ltzoo.export_formats.names()`.
        verbose: whether to print the path and format.
        card: the card of the model's zoo entry; None makes a card from what the model knows.
        **options: for "tf_saved_model" `top_k`, the number of classes in the answer to encoded images (default 5, or
            all if there are fewer); for "onnx" `opset_version`.

    Raises:
        ValueError: the format or an option is unknown, `filepath` has the wrong ending, or `card` is another model's.
        ImportError: no backend that can write the format is installed, or a library is missing; the message says
            what to install.
        RuntimeError: no installed backend can write this model; the message gives the reason of each.
    """
    backend = keras.backend.backend()
    FORMATS.check(format, "format")
    target = Path(filepath)
    if wrong := wrong_place(format, target.suffix):
        raise ValueError(
            f"`filepath` must {wrong} for format {format!r}. Received: filepath={str(filepath)!r}"
        )
    _check_options(format, options)
    candidates = writers_of(format, backend)
    description = describe(model, card)
    served = served_classifier(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder,
        all_crops_at_once(served),
    ):
        written = _write(served, candidates, Path(folder), target.name, format, description, options)
        _put_in_place(written, target, Path(folder) / "replaced")
    if verbose:
        print(f"Wrote {target} ({FORMATS[format].title})")


def _write(served, candidates, folder, name, format, description, options):
    """Write with the first backend that can; return the path of the file or folder."""
    failures = []
    for by in candidates:
        path = folder / by / name
        path.parent.mkdir()
        try:
            if by == keras.backend.backend() and not _on_another_device(served):
                FORMATS.part(format)(served, path, description, **options)
            else:
                child.write(served, path, format, description, options, backend=by)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # Converters raise errors of any type for a layer that they do not know.
            failures.append((by, error))
            continue
        if failures:
            warn_caller(f"{_reasons(failures)}; {by} wrote {FORMATS[format].title} instead.")
        return path
    raise RuntimeError(
        f"This model cannot be written as {FORMATS[format].title}. {_reasons(failures)}"
    ) from failures[0][1]


def _reasons(failures):
    texts = [" ".join(str(error).split()) or type(error).__name__ for _, error in failures]
    texts = [text if len(text) < 300 else f"{text[:297]}..." for text in texts]
    return "; ".join(f"{by} failed: {text}" for (by, _), text in zip(failures, texts, strict=True))


def _check_options(format, options):
    form = FORMATS[format]
    known = list(inspect.signature(form.part).parameters)[3:]
    for name in options:
        if name not in known:
            raise ValueError(
                f"`{name}` must be one of the options of format {format!r}: {', '.join(known) or 'none'}. "
                f"Received: {name}={options[name]!r}"
            )
    if form.check is not None:
        form.check(**options)


def _on_another_device(served):
    """Return whether PyTorch's weights are on an accelerator, to which its own formats would then be bound."""
    if keras.backend.backend() != "torch":
        return False
    return any(variable.value.device.type != "cpu" for variable in served.variables)


def _put_in_place(written, target, aside):
    """Move the new file or folder and its side files into place, the main one last.

    Older files are moved to `aside`, and moved back if a move fails.
    """
    aside.mkdir()
    names = sorted((path.name for path in written.parent.iterdir()), key=lambda name: name == written.name)
    done = []
    try:
        for name in names:
            done.append(name)
            if (target.parent / name).exists():
                os.replace(target.parent / name, aside / name)
            os.replace(written.parent / name, target.parent / name)
    except OSError:
        for name in reversed(done):
            if (aside / name).exists():
                os.replace(aside / name, target.parent / name)
        raise
