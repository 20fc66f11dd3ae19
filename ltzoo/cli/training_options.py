"""Options that say how long and how fast to train, which epoch to keep, and what to write of it."""

import math
import re

import click

from ltzoo import loggers
from ltzoo.cli.options import Name, Number, PartName

MOST_PARTS = 10_000
KEEP = ("last", "best:balanced", "best:top1", "best:nll")


class LearningRates(click.ParamType):
    """Parse `0.1`, or `0.1,0.001` with one rate per stage, into a list of floats."""

    name = "X[,X]"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        if isinstance(value, list):
            return value
        try:
            rates = (
                [float(part) for part in str(value).split(",")] if re.fullmatch(r"[\d.,eE+-]+", value) else []
            )
        except ValueError:
            rates = []
        if not rates or not all(math.isfinite(rate) and rate > 0 for rate in rates):
            right = "a positive learning rate such as 0.1, or 0.1,0.001 for two stages"
            self.fail(f"It must be {right}. Received: {value!r}", param, ctx)
        return rates


_OPTIONS = (
    click.option(
        "--learning-rate",
        type=LearningRates(),
        help="Highest learning rate, or one per stage; the schedule keeps its shape. Default: the recipe's.",
    ),
    click.option(
        "--patience",
        type=click.IntRange(1, 1_000_000),
        metavar="N",
        help="End a stage after N epochs without improvement on held-out images.",
    ),
    click.option(
        "--keep",
        type=Name(KEEP),
        help="Epoch whose weights a stage ends with: its last (default), or the best on held-out images by balanced "
        "accuracy, top-1 accuracy or negative log-likelihood.",
    ),
    click.option(
        "--ema",
        type=Number(0, 1, min_open=True, max_open=True),
        metavar="X",
        help="Average the weights over the steps, with this share of the old average, such as 0.999.",
    ),
    click.option(
        "--accumulate",
        type=click.IntRange(1, MOST_PARTS),
        metavar="N",
        help="Split each batch into N parts and average their gradients for one update, to save memory.",
    ),
    click.option(
        "--log",
        type=PartName(loggers.LOGGERS),
        multiple=True,
        help="Also write the measures of each epoch to RUN/logs for one of these; repeatable.",
    ),
)


def check_loggers(arguments):
    """Refuse loggers whose libraries are not installed.

    Args:
        arguments: the arguments of the run.
    """
    for name in arguments.get("log", ()):
        loggers.check(name, "--log")


def training_options(command):
    """Add the options that say how long and how fast to train, and which epoch to keep."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
