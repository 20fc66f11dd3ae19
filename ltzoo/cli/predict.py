"""`ltzoo predict`: print the most probable classes of images."""

import os

import click

from ltzoo import shipped
from ltzoo.cli import cards
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import echo
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import Command
from ltzoo.cli.user_errors import UserError

_BATCH = 64


@click.command(
    cls=Command,
    short_help="Print the classes of images.",
    epilog="""\b
Examples:
  ltzoo predict cat.jpg --model runs/photos
  ltzoo predict scans/*.png --model gcl_resnet8_digits_lt --top 3""",
)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--model", required=True, metavar="RUN|ENTRY", help="A run folder, a .keras file or a zoo entry."
)
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, help="Classes to show per image."
)
@click.option("--skip-unreadable", is_flag=True, help="Skip unreadable images with a warning.")
def predict(images, model, top, skip_unreadable):
    """Print the most probable classes of each IMAGE, one line per image."""
    check_model(model)
    for path in () if skip_unreadable else images:
        if not os.path.isfile(path):
            raise UserError(f"IMAGE must be an existing file. Received: {path}")
    use_backend()
    import numpy as np

    from ltzoo.data import FileSplit, UnreadableImagesError, check_images

    classifier = load_model(model)
    height, width, channels = classifier.image_shape
    split = FileSplit(list(images), np.zeros(len(images), "int64"), (height, width), channels, _resize(model))
    errors = check_images(split)
    if errors and not skip_unreadable:
        raise UnreadableImagesError(errors, len(images))
    for error in errors:
        echo(f"Warning: skipped: {error}", err=True)
    unreadable = {error.path for error in errors}
    positions = [position for position, path in enumerate(images) if path not in unreadable]
    if not positions:
        raise UserError(f"IMAGE must be readable for one image or more. Received: {len(images)} unreadable")
    for start in range(0, len(positions), _BATCH):
        chosen = positions[start : start + _BATCH]
        logits = np.asarray(classifier.predict_on_batch(split.load(chosen)), "float64")
        for position, row in zip(chosen, logits, strict=True):
            echo(f"{images[position]}: {_most_probable(row, classifier.class_names, top)}")


def _resize(model: str) -> int | None:
    """Return the shorter side before the center crop, if the zoo entry was evaluated with one."""
    if model not in shipped.names():
        return None
    return (cards.read(model).get("preprocessing") or {}).get("resize")


def _most_probable(logits, class_names, top: int) -> str:
    import numpy as np

    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    order = np.argsort(-probabilities, kind="stable")[:top]
    return ", ".join(f"{class_names[index]} {100 * probabilities[index]:.1f} %" for index in order)
