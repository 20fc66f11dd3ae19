"""`--folds` of `ltzoo train`."""

import click

MOST_FOLDS = 1000


def fold_options(command):
    """Add the option for cross-validation."""
    return click.option(
        "--folds",
        type=click.IntRange(2, MOST_FOLDS),
        metavar="K",
        help="Also train K models, each without one part of the images, and measure each image by the one that has not "
        "seen it; RUN itself is then trained on all of them.",
    )(command)


def check_folds(given: dict) -> None:
    """Refuse arguments that `--folds` makes meaningless.

    Raises:
        click.UsageError: `--validation-fraction` is given too.
    """
    if "folds" in given and "validation_fraction" in given:
        raise click.UsageError(
            "--validation-fraction does not apply with --folds, which measures on every image. "
            f"Received: {given['validation_fraction']}"
        )
