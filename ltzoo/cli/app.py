"""The `ltzoo` command: its sub-commands, and what happens to their errors."""

import click

from ltzoo.cli.convert import convert
from ltzoo.cli.demo import demo
from ltzoo.cli.evaluate import evaluate
from ltzoo.cli.export import export
from ltzoo.cli.predict import predict
from ltzoo.cli.push import push
from ltzoo.cli.train import train
from ltzoo.cli.user_errors import Commands
from ltzoo.cli.zoo import info, list_
from ltzoo.version import __version__


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  ltzoo demo
  ltzoo train gcl --data photos/ --image-size 64 --epochs 40,5 --out runs/photos
  ltzoo evaluate runs/photos
  ltzoo predict cat.jpg --model runs/photos

\b
KERAS_BACKEND chooses tensorflow, jax or torch; LTZOO_DEBUG=1 shows the traceback of an error.""",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="ltzoo")
def cli():
    """Long-tailed image recognition: train, evaluate and serve classifiers for data with rare classes."""


for command in (train, evaluate, predict, export, convert, push, list_, info, demo):
    cli.add_command(command)


def main():
    """The entry point of the `ltzoo` script."""
    cli(prog_name="ltzoo")
