"""`ltzoo export`: write a classifier in a format for serving."""

from pathlib import Path

import click

from ltzoo import shipped
from ltzoo.cli import places
from ltzoo.cli.backend import installed, use_backend
from ltzoo.cli.console import echo
from ltzoo.cli.int8 import export_int8, int8_source
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import Command, PartName
from ltzoo.cli.talk import talking
from ltzoo.cli.user_errors import UserError
from ltzoo.export_formats import FORMATS, writers_of
from ltzoo.export_formats.registry import wrong_place
from ltzoo.phases import phase


@click.command(
    cls=Command,
    short_help="Write a model for serving.",
    epilog="""\b
Examples:
  ltzoo export runs/photos --out served/photos/1
  ltzoo export gcl_resnet8_digits_lt --out digits.onnx --format onnx
  ltzoo export runs/photos --out photos.onnx --format onnx --int8""",
)
@click.argument("model")
@click.option(
    "--out", required=True, metavar="PATH", help="Folder for a SavedModel; a file for any other format."
)
@click.option(
    "--format",
    "format_",
    type=PartName(FORMATS),
    default="tf_saved_model",
    show_default=True,
    help="Format to write.",
)
@click.option(
    "--int8",
    is_flag=True,
    help="Compute convolutions with 8-bit integers (ONNX), calibrated on training images.",
)
@click.option("--data", metavar="NAME|FOLDER", help="Images for --int8; default: those of the training.")
@click.option("--overwrite", is_flag=True, help="Replace what is at --out.")
def export(model, out, format_, int8, data, overwrite):
    """Export MODEL (a run folder, a .keras file or a zoo entry). It takes raw pixels 0..255 and returns logits.

    With --int8 the accuracy of the float32 file and of the 8-bit file are printed next to each other.
    """
    if int8 and format_ != "onnx":
        raise UserError(f"--int8 is for --format onnx. Received: --format {format_}")
    if data is not None and not int8:
        raise UserError(f"--data is for --int8. Received: --data {data} alone")
    target = Path(out).expanduser()
    form = FORMATS[format_]
    if wrong := wrong_place(format_, target.suffix):
        raise UserError(f"--out must {wrong} for --format {format_}. Received: {out}")
    (places.new_file if form.suffix else places.new)("--out", out, overwrite)
    check_model(model)
    source = int8_source(model, data) if int8 else None
    try:
        with talking(err=True):
            classifier = _export(model, target, format_, source, given=data is not None)
    except ImportError as error:
        reason = str(error).partition(" Received: ")[0].removesuffix(".")
        raise UserError(
            f"--format {format_} needs a library: {reason}. Received: --format {format_}"
        ) from error
    height, width, channels = classifier.image_shape
    classes = classifier.class_names
    echo(f"Wrote {out} ({form.title}): [batch, {height}, {width}, {channels}] with pixels 0..255 to logits")
    echo(f"Classes in order: {', '.join(classes[:10])}{', ..' if len(classes) > 10 else ''}")


def _export(model, target, format_, source, given):
    """Write the file or folder, and return the classifier."""
    with phase("loading Keras"):
        present = use_backend(next(iter(filter(installed, FORMATS[format_].writers)), None))
    writers_of(format_, present)  # before the model is loaded
    with phase("loading the model"):
        classifier = load_model(model)
    with phase(f"writing the {FORMATS[format_].title}"):
        if source is None:
            classifier.export(target, format=format_, card=_card(model))
        else:
            export_int8(model, classifier, target, _card(model), source, given=given)
    return classifier


def _card(model):
    """Return the card of a zoo entry or a published card; None for any other model."""
    from ltzoo.models import card
    from ltzoo.models.cards import is_card_file, read_card

    if model in shipped.names():
        return card(model)
    return read_card(model)[0] if is_card_file(model) else None
