"""Options of `ltzoo rebalance`, and the small files that they name."""

import os
from pathlib import Path

import click

from ltzoo.cli.options import SEED, Number
from ltzoo.cli.user_errors import UserError, mistake
from ltzoo.readers.text_tables import read_names, read_numbers

PRIORS = ("uniform", "train", "estimate")

_OPTIONS = (
    click.option(
        "--data",
        metavar="FOLDER|CSV",
        help="Held-out images, or a CSV of outputs with labels. Default: the run's own validation images.",
    ),
    click.option(
        "--split",
        type=click.Choice(["val", "test"]),
        help="Images to fit on, where the data has several splits. Default: val.",
    ),
    click.option("--out", required=True, metavar="NEW", help="Where to write the new model, of the same kind."),
    click.option("--overwrite", is_flag=True, help="Replace the file at --out."),
    click.option(
        "--prior",
        default="uniform",
        show_default=True,
        metavar="uniform|train|estimate|FILE",
        help="Class shares to expect; FILE has lines 'class,share', or is a JSON object.",
    ),
    click.option(
        "--unlabelled",
        metavar="FOLDER|CSV",
        help="Images as the model will meet them, for --prior estimate.",
    ),
    click.option(
        "--estimator",
        type=click.Choice(["em", "bbse", "rlls"]),
        default="em",
        show_default=True,
        help="How --prior estimate works.",
    ),
    click.option("--classes", metavar="FILE", help="Only predict these classes, one name per line."),
    click.option("--bias", is_flag=True, help="Also try a bias per class."),
    click.option(
        "--objective",
        type=click.Choice(["nll", "accuracy"]),
        default="nll",
        show_default=True,
        help="What decides on the share of the prior.",
    ),
    click.option(
        "--sets",
        "alpha",
        type=Number(0, 1, min_open=True, max_open=True),
        metavar="ALPHA",
        help="Store prediction sets that miss the true class for this share of images, such as 0.1.",
    ),
    click.option(
        "--unknown",
        type=click.Choice(["softmax", "energy", "knn"]),
        help="Store a threshold for images of no known class.",
    ),
    click.option(
        "--keep",
        type=Number(0, 1, min_open=True, max_open=True),
        default=0.95,
        show_default=True,
        help="Share of images of known classes that --unknown keeps.",
    ),
    click.option(
        "--counts",
        metavar="FILE",
        help="Training images per class, lines 'class,count' in the order of the outputs, for models without them.",
    ),
    click.option(
        "--label-column", default="label", show_default=True, help="Column of a CSV with the true classes."
    ),
    click.option(
        "--outputs", type=click.Choice(["logits", "probabilities"]), help="What the model returns. Default: told by it."
    ),
    click.option("--seed", type=SEED, default=0, metavar="N", help="Seed of folds and intervals (default 0)."),
    click.option("--json", "json_path", metavar="PATH", help="Also write all numbers to this file."),
)  # fmt: skip


def rebalance_options(command):
    """Add the options of `ltzoo rebalance`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_prior(text: str):
    """Return the name of a prior, or the numbers by class name of a file."""
    if text in PRIORS:
        return text
    if not os.path.isfile(os.path.expanduser(text)):
        raise UserError(f"--prior must be one of {', '.join(PRIORS)}, or an existing file. Received: {text}")
    with mistake("--prior cannot be read"):
        return read_numbers(Path(text).expanduser())


def read_counts(text: str | None) -> dict[str, int] | None:
    """Return the training images by class name of a file; None without one."""
    if text is None:
        return None
    _check_file("--counts", text)
    with mistake("--counts cannot be read"):
        numbers = read_numbers(Path(text).expanduser())
    wrong = next((name for name, count in numbers.items() if not isinstance(count, int) or count < 1), None)
    if wrong is not None:
        raise UserError(f"--counts must have whole numbers above 0. Received: {numbers[wrong]} for {wrong}")
    return {name: int(count) for name, count in numbers.items()}


def read_classes(text: str | None) -> list[str] | None:
    """Return the names in a file, one per line; None without one."""
    if text is None:
        return None
    _check_file("--classes", text)
    with mistake("--classes cannot be read"):
        return read_names(Path(text).expanduser())


def _check_file(option: str, text: str) -> None:
    if not os.path.isfile(os.path.expanduser(text)):
        raise UserError(f"{option} must be an existing file. Received: {text}")
