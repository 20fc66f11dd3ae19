"""`ltzoo push`: publish a zoo entry or a run."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import click

from ltzoo import shipped
from ltzoo.cli import cards, places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.command_line import command_line
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import Command
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError, mistake


@click.command(
    cls=Command,
    short_help="Publish a model with card and README.",
    epilog="""\b
Examples:
  ltzoo push runs/photos hf://me/photos
  ltzoo push gcl_resnet8_digits_lt hf://me/digits@main --private
  ltzoo push runs/photos published/ --name gcl_resnet32_photos

\b
hf:// needs huggingface_hub (pip install "ltzoo[hf]") and a login: hf auth login, or HF_TOKEN.""",
)
@click.argument("source", metavar="ENTRY|RUN")
@click.argument("destination", metavar="hf://ORG/REPO|FOLDER")
@click.option("--name", metavar="NAME", help="Name of a run's model (default METHOD_BACKBONE_DATASET).")
@click.option(
    "--license",
    "--licence",
    "licence",
    metavar="NAME",
    help="License of a run's weights (default Apache-2.0).",
)
@click.option("--private", is_flag=True, default=None, help="Make a new repository private.")
@click.option("--message", metavar="TEXT", help="Commit message.")
@click.option("--overwrite", is_flag=True, help="Replace existing files in FOLDER.")
def push(source, destination, name, licence, private, message, overwrite):
    """Publish a zoo ENTRY or a RUN folder: weights, card, golden outputs and a README."""
    _check(destination, name)
    options = {"private": private, "message": message, "overwrite": overwrite}
    if source in shipped.names():
        for key, value in (("--name", name), ("--license", licence)):
            if value is not None:
                raise UserError(
                    f"{key} cannot be given with a zoo entry, whose card has it. Received: {value}"
                )
        use_backend()
        from ltzoo.models import push as publish_at

        _report(publish_at(source, destination, **options))
        return
    run = RunFolder(source)
    if not run.is_run():
        raise UserError(f"The model must be a zoo entry or a run folder of 'ltzoo train'. Received: {source}")
    check_model(source)
    content = run.read()
    use_backend()
    from ltzoo.models import push as publish_at

    with tempfile.TemporaryDirectory() as folder:
        _make_entry(run, content, folder, name, licence)
        _report(publish_at(folder, destination, **options))


def _check(destination: str, name: str | None) -> None:
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UserError(f"--name must consist of letters, digits, '_', '-' and '.'. Received: {name}")
    if destination.startswith("hf://"):
        if not re.fullmatch(r"hf://[^/@]+/[^/@]+.*", destination):
            raise UserError(f"The destination must be hf://ORGANIZATION/REPOSITORY. Received: {destination}")
    elif "://" in destination:
        raise UserError(
            f"The destination must be hf://ORGANIZATION/REPOSITORY or a folder. Received: {destination}"
        )
    else:
        places.new_folder("The destination", destination)


def _make_entry(run: RunFolder, content: dict, folder: str, name: str | None, licence: str | None) -> None:
    """Write card, weights and golden outputs of a run."""
    from ltzoo.models import publish

    with mistake(f"{run.run} cannot be read"):
        backbone, dataset = _parts(content)
        name = name or _name(content, backbone, dataset)
        training = {"backend": content["backend"], "command": command_line(content["arguments"])}
    measured, training["seconds"] = _measured(run)
    more: dict[str, Any] = {} if licence is None else {"licence": licence}
    publish(
        load_model(str(run.path)),
        name,
        folder,
        backbone=backbone,
        dataset=dataset,
        measured=measured,
        training=training,
        **more,
    )


def _parts(content: dict) -> tuple[dict, dict]:
    """What the card says of network and data; no paths of this computer."""
    arguments = content["arguments"]
    if arguments["recipe"] in shipped.names():
        card = cards.read(arguments["recipe"])
        return card["backbone"], card["dataset"]
    dataset = {"name": content["dataset"]["name"]}
    if "imbalance_factor" in arguments:
        dataset["imbalance_factor"] = arguments["imbalance_factor"]
    if arguments.get("data_seed"):
        dataset["seed"] = arguments["data_seed"]
    return arguments["backbone"], dataset


def _name(content: dict, backbone: dict, dataset: dict) -> str:
    if content["arguments"]["recipe"] in shipped.names():
        return content["arguments"]["recipe"]
    text = f"{content['recipe']['name']}_{backbone['name']}_{dataset['name']}"
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text)


def _measured(run: RunFolder) -> tuple:
    """What the run measured on its test images, or None, and its seconds, or None."""
    from ltzoo.metrics import Result

    if not run.result.is_file():
        return None, None
    with mistake(f"{run.result} cannot be read"):
        content = json.loads(run.result.read_text(encoding="utf-8"))
        seconds = round(content["seconds"], 1)
        if content["split"] != "test":
            click.echo(
                f"The run was measured on its {content['split']} images; a card tells test results only"
            )
            return None, seconds
        return Result.from_dict(content["result"]), seconds


def _report(target: str) -> None:
    click.echo(f"Published {Path(target.partition('@')[0]).stem}")
    click.echo(f"Load it with: ltzoo.models.load({target!r})")
