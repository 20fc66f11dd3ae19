"""The `ltzoo` command. Nothing here imports Keras before a command that needs it runs."""

from ltzoo.cli.app import cli as cli
from ltzoo.cli.app import main as main
