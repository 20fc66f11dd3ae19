"""The `ltzoo` command and its sub-commands."""

import os

import click

from ltzoo import own_parts
from ltzoo.cli.advise import advise
from ltzoo.cli.backend import use_backend
from ltzoo.cli.check import check
from ltzoo.cli.compare import compare
from ltzoo.cli.convert import convert
from ltzoo.cli.demo import demo
from ltzoo.cli.evaluate import evaluate
from ltzoo.cli.export import export
from ltzoo.cli.predict import predict
from ltzoo.cli.push import push
from ltzoo.cli.rebalance import rebalance
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
KERAS_BACKEND chooses tensorflow, jax or torch. LTZOO_DEBUG=1 shows tracebacks.

\b
To add your own losses, heads, backbones, datasets or recipes, decorate them in a Python file, for
example with @ltzoo.losses.register("my_loss"), and name the file before the command:
  ltzoo --parts my_parts.py train my_recipe --data my_dataset --out runs/mine
LTZOO_PARTS lists such files too, separated like the folders in PATH. Installed packages add parts
through an entry point in the group ltzoo.parts.""",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="ltzoo")
@click.option("--parts", multiple=True, metavar="FILE", help="Python file with your own parts; repeatable.")
@click.pass_context
def cli(context, parts):
    """Long-tailed image recognition: train, evaluate and serve classifiers for data with rare classes."""
    for path in parts:
        if os.pathsep in path:
            raise click.BadParameter(
                f"The path must not contain {os.pathsep!r}, which separates the files in {own_parts.VARIABLE}. "
                f"Received: {path}",
                context,
                param_hint="'--parts'",
            )
    for path in parts:
        if not os.path.isfile(os.path.expanduser(path)):
            raise click.BadParameter(
                f"It must be an existing Python file. Received: {path}", context, param_hint="'--parts'"
            )
    if parts:
        _add_parts(context, [os.path.abspath(os.path.expanduser(path)) for path in parts])
    if own_parts.there_are_some():
        use_backend()  # Before these files import Keras.
        own_parts.load()


def _add_parts(context, paths):
    """Add files to LTZOO_PARTS while the command runs, so that child processes see them."""
    before = os.environ.get(own_parts.VARIABLE)

    def restore():
        if before is None:
            os.environ.pop(own_parts.VARIABLE, None)
        else:
            os.environ[own_parts.VARIABLE] = before

    context.call_on_close(restore)
    os.environ[own_parts.VARIABLE] = os.pathsep.join([*paths, *filter(None, [before])])


for command in (
    advise, train, check, evaluate, compare, predict, rebalance, export, convert, push, list_, info, demo,
):  # fmt: skip
    cli.add_command(command)


def main():
    """Run the `ltzoo` command."""
    cli(prog_name="ltzoo")
