"""`ltzoo export`: a classifier in a format for serving."""

from pathlib import Path

import click

from ltzoo.cli.backend import use_backend
from ltzoo.cli.errors import UserError, mistake
from ltzoo.cli.models import check_model, load_model

FORMATS = ("tf_saved_model", "onnx", "openvino", "litert", "torch")


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
    type=click.Choice(FORMATS),
    default="tf_saved_model",
    show_default=True,
    help="Format.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is at --out.")
def export(model, out, format_, overwrite):
    """Export MODEL (a run folder, a .keras file or a zoo entry): raw pixels 0..255 in, logits out."""
    target = Path(out).expanduser()
    if target.exists() and not overwrite:
        raise UserError(f"--out exists already; replace it by --overwrite. Received: {out}")
    check_model(model)
    use_backend()
    classifier = load_model(model)
    with mistake(f"{model} cannot be exported as {format_}"):
        classifier.export(target, format=format_)
    height, width, channels = classifier.image_shape
    classes = classifier.class_names
    click.echo(
        f"Wrote {out} ({format_}): [batch, {height}, {width}, {channels}] with pixels 0..255 to logits"
    )
    click.echo(f"Classes in order: {', '.join(classes[:10])}{', ..' if len(classes) > 10 else ''}")
