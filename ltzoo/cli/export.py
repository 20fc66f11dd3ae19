"""`ltzoo export`: a classifier in a format for serving."""

from pathlib import Path
from typing import NamedTuple

import click

from ltzoo.cli.backend import BACKENDS, use_backend
from ltzoo.cli.errors import UserError
from ltzoo.cli.models import check_model, load_model


class Format(NamedTuple):
    """The ending that Keras asks of a file of this format, and the backends that write it, best first."""

    suffix: str = ""
    backends: tuple[str, ...] = BACKENDS


FORMATS = {
    "tf_saved_model": Format(),
    "onnx": Format(".onnx"),
    "litert": Format(".tflite", ("tensorflow", "torch")),
    "torch": Format(".pt2", ("torch",)),
}


@click.command(
    short_help="Write a model for serving.",
    epilog="""\b
Examples:
  ltzoo export runs/photos --out served/photos/1
  ltzoo export gcl_resnet8_digits_lt --out digits.onnx --format onnx""",
)
@click.argument("model")
@click.option(
    "--out", required=True, metavar="PATH", help="Folder of the SavedModel, or file of another format."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    default="tf_saved_model",
    show_default=True,
    help="Format.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is at --out.")
def export(model, out, format_, overwrite):
    """Export MODEL (a run folder, a .keras file or a zoo entry): raw pixels 0..255 in, logits out."""
    target = Path(out).expanduser()
    suffix, backends = FORMATS[format_]
    if suffix and target.suffix != suffix:
        raise UserError(f"--out must end in {suffix} for --format {format_}. Received: {out}")
    if target.exists() and not overwrite:
        raise UserError(f"--out exists already; replace it by --overwrite. Received: {out}")
    check_model(model)
    backend = use_backend(backends[0])
    if backend not in backends:
        raise UserError(
            f"--format {format_} is written by the backend {' or '.join(backends)}; set KERAS_BACKEND={backends[0]}. "
            f"Received: {backend}"
        )
    classifier = load_model(model)
    try:
        classifier.export(target, format=format_)
    except ImportError as error:
        raise UserError(f"--format {format_} needs a library that is not installed: {error}") from error
    height, width, channels = classifier.image_shape
    classes = classifier.class_names
    click.echo(
        f"Wrote {out} ({format_}): [batch, {height}, {width}, {channels}] with pixels 0..255 to logits"
    )
    click.echo(f"Classes in order: {', '.join(classes[:10])}{', ..' if len(classes) > 10 else ''}")
