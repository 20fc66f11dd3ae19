"""The option of `ltzoo train` that says how images of any shape take the size of the network."""

import click

from ltzoo.cli.options import Name
from ltzoo.data.image_fit import AUTO as AUTO
from ltzoo.data.image_fit import FITS

image_fit_option = click.option(
    "--fit",
    type=Name((AUTO, *FITS)),
    callback=lambda ctx, param, value: None if value == AUTO else value,
    help="For images of other shapes than --image-size: crop to the center, squash, or pad with gray; by default auto: "
    "squash images that are cut out around their objects, crop those of cameras.",
)
"""Gives `fit=None` for auto, so that a run resumes with the same words as it began."""
