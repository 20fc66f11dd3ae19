"""`ltzoo push`: publish a zoo entry or a run."""

import re
import tempfile
from pathlib import Path

import click

from ltzoo import shipped
from ltzoo.cli import cards, places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.command_line import command_line
from ltzoo.cli.console import echo
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import Command
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError, mistake
from ltzoo.readers.value_checks import is_file_name


@click.command(
    cls=Command,
    short_help="Publish a model with card and README.",
    epilog="""\b
Examples:
  ltzoo push runs/photos hf://me/photos --weights-license Apache-2.0
  ltzoo push gcl_resnet8_digits_lt hf://me/digits@main --private
  ltzoo push runs/photos published/ --name gcl_resnet32_photos --weights-license CC-BY-NC-4.0

\b
Weights that you trained are yours to license. For weights that others trained, and you converted, give
the license of their owner; --origin says where they come from.

\b
hf:// needs huggingface_hub (pip install "ltzoo[hf]") and a login: hf auth login, or HF_TOKEN.""",
)
@click.argument("source", metavar="ENTRY|RUN")
@click.argument("destination", metavar="hf://ORG/REPO|FOLDER")
@click.option("--name", metavar="NAME", help="Name of a run's model (default METHOD_BACKBONE_DATASET).")
@click.option(
    "--weights-license",
    "--license",
    "--licence",
    "weights_license",
    metavar="NAME",
    help="License of the weights, such as Apache-2.0; needed unless the card has one.",
)
@click.option(
    "--data-license",
    metavar="TEXT",
    help="Terms of the training data (default: those of a named dataset, else unknown).",
)
@click.option("--origin", metavar="TEXT", help="Who trained the weights, or the address they come from.")
@click.option("--private", is_flag=True, default=None, help="Make a new repository private.")
@click.option("--message", metavar="TEXT", help="Commit message.")
@click.option("--overwrite", is_flag=True, help="Replace existing files in FOLDER.")
def push(source, destination, name, private, message, overwrite, **terms):
    """Publish a zoo ENTRY or a RUN folder: weights, card, golden outputs and a README."""
    _check(destination, name)
    options = {"private": private, "message": message, "overwrite": overwrite, **terms}
    if source in shipped.names():
        if name is not None:
            raise UserError(f"--name cannot be given with a zoo entry, whose card has it. Received: {name}")
        _check_terms(terms, cards.read(source))
        use_backend()
        from ltzoo.models import push as publish_at

        _report(publish_at(source, destination, **options))
        return
    run = RunFolder(source)
    if not run.is_run():
        raise UserError(f"The model must be a zoo entry or a run folder of 'ltzoo train'. Received: {source}")
    check_model(source)
    content = run.read()
    if name is not None and not is_file_name(name):
        raise UserError(f"--name must consist of letters, digits, '_', '-' and '.'. Received: {name}")
    _check_terms(terms, {})
    use_backend()
    from ltzoo.models import push as publish_at

    with tempfile.TemporaryDirectory() as folder:
        _make_entry(run, content, folder, name)
        _report(publish_at(folder, destination, **options))


def _check_terms(terms: dict, card: dict) -> None:
    """Refuse what `ltzoo.models.push` would refuse, before Keras is imported."""
    known = card.get("weights_license")
    for key, value in terms.items():
        had = card.get("source" if key == "origin" else key)
        if value is not None and had not in (None, "unknown", value):
            raise UserError(
                f"--{key.replace('_', '-')} cannot be given with a zoo entry whose card has it. Received: {value}"
            )
    given = (terms["weights_license"] or known or "unknown").strip().lower()
    if given in ("", "unknown"):
        raise UserError(
            "--weights-license is missing: the license that the owner of the weights gives, such as Apache-2.0. "
            "Weights that you trained are yours to license; for converted weights, ask their authors. "
            f"Received: {given or 'an empty text'}"
        )


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


def _make_entry(run: RunFolder, content: dict, folder: str, name: str | None) -> None:
    """Write card, weights and golden outputs of a run."""
    from ltzoo.models import publish

    with mistake(f"{run.run} cannot be read"):
        backbone, dataset = _parts(content)
        name = name or _name(content, backbone, dataset)
        training = {"backend": content["backend"], "command": command_line(content["arguments"])}
    if not is_file_name(name):
        raise UserError(f"--name must consist of letters, digits, '_', '-' and '.'. Received: {name}")
    measured, training["seconds"] = _measured(run, len(content["dataset"]["class_counts"]))
    publish(
        load_model(str(run.path)),
        name,
        folder,
        backbone=backbone,
        dataset=dataset,
        measured=measured,
        training=training,
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
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text)[:150].lstrip(
        "_"
    )


def _measured(run: RunFolder, classes: int) -> tuple:
    """What the run measured on its test images, or None, and its seconds, or None."""
    from ltzoo.metrics import Result

    if not run.result.is_file():
        return None, None
    content = run.read_result(run.result, classes)
    with mistake(f"{run.result} cannot be read"):
        seconds = round(content["seconds"], 1)
        if content["split"] is None:
            return None, seconds
        if content["split"] != "test":
            echo(f"The run was measured on its {content['split']} images; a card tells test results only")
            return None, seconds
        return Result.from_dict(content["result"]), seconds


def _report(target: str) -> None:
    echo(f"Published {Path(target.partition('@')[0]).stem}")
    echo(f"Load it with: ltzoo.models.load({target!r})")
