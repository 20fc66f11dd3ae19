"""`ltzoo list` and `ltzoo info`: show the zoo without importing Keras."""

import fnmatch
import importlib

import click
from rich.table import Table

from ltzoo import part_sources, shipped
from ltzoo.cli import cards
from ltzoo.cli.console import console, echo
from ltzoo.cli.options import Command, Name
from ltzoo.cli.user_errors import UserError, mistake
from ltzoo.printable import shown_address
from ltzoo.registry import did_you_mean

# Families whose modules import no framework, and the words for one part of the others.
_MODULES = {
    "recipes": "ltzoo.recipes",
    "data": "ltzoo.data",
    "formats": "ltzoo.export_formats",
    "loggers": "ltzoo.loggers",
}
_PARTS = {
    "backbones": "backbone",
    "conversions": "conversion",
    "losses": "loss",
    "heads": "head",
    "augmentation": "augmentation step",
    "techniques": "technique",
}
_MEASURED = {
    "top1": "top-1", "many": "many", "medium": "medium", "few": "few", "balanced": "balanced", "ece": "ECE"
}  # fmt: skip


@click.command(
    "list",
    cls=Command,
    short_help="List the models of the zoo.",
    epilog="""\b
Examples:
  ltzoo list
  ltzoo list 'gcl_*'
  ltzoo list '*_imagenet_lt' --with-weights
  ltzoo list --kind recipes

\b
Names are METHOD_BACKBONE_DATASET; CIFAR with an imbalance factor other than 100 ends in _if50 and so on.
Train an entry without weights (ltzoo train ENTRY), or convert the authors' file (ltzoo convert).""",
)
@click.argument("pattern", default="*")
@click.option(
    "--kind",
    type=Name(["models", *_MODULES, *_PARTS]),
    default="models",
    help="What to list: models (default), or the parts.",
)
@click.option("--with-weights", is_flag=True, help="Only models whose weights are installed.")
def list_(pattern, kind, with_weights):
    """List the zoo models that match PATTERN, with measured and published accuracy."""
    if kind != "models":
        _list_parts(kind, pattern)
        return
    found = shipped.names(pattern)
    shown = []
    for name in found:
        with mistake(f"the card of {name} cannot be read"):
            shown.append((name, shipped.read(name)))
    if with_weights:
        shown = [(name, card) for name, card in shown if card.get("weights")]
    if not shown:
        raise UserError(
            f"No model{' with weights' * with_weights} matches.{did_you_mean(pattern, shipped.names())} "
            f"'ltzoo list' shows all {len(shipped.names())}. Received: {pattern}"
        )
    rows: list[tuple[str, ...]] = [("model", "classes", "top-1", "few", "paper", "weights")]
    for name, card in shown:
        with mistake(f"the card of {name} cannot be shown"):
            measured, paper = card.get("measured") or {}, card.get("paper") or {}
            figures = (measured.get("top1"), measured.get("few"), paper.get("top1"))
            rows.append(
                (name, str(len(card["class_counts"])), *map(_percent, figures), _size(card.get("weights")))
            )
    # Not a table by rich, which cuts names to the terminal's width.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *others in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        echo("  ".join((f"{name:<{widths[0]}}", *cells)))
    echo("accuracy in %: top-1 and few as measured here, paper as published")


@click.command(
    cls=Command,
    short_help="Show the card of a zoo model.",
    epilog="""\b
Example:
  ltzoo info gcl_resnet8_digits_lt""",
)
@click.argument("entry")
def info(entry):
    """Show the card of a zoo ENTRY: data, network, recipe, results, weights and training command."""
    card = cards.read(entry)
    with mistake(f"the card of {entry} cannot be shown"):
        rows = _facts(card)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        if text:
            table.add_row(label, text)
    console().print(table)


def _facts(card: dict) -> list[tuple[str, str]]:
    recipe = card["recipe"]
    counts = card["class_counts"]
    return [
        ("model", card["name"]),
        ("recipe", f"{recipe['name']}: {recipe.get('description', '')}".rstrip(": ")),
        ("stages", "; ".join(_stage(stage) for stage in recipe["stages"])),
        ("backbone", _with_arguments(card["backbone"])),
        ("data", _with_arguments(card["dataset"])),
        ("classes", f"{len(counts)}, with {max(counts):,} to {min(counts):,} training images"),
        (
            "input",
            " x ".join(str(size) for size in card["input_shape"])
            + " (height, width, channels), pixels 0..255",
        ),
        ("preprocessing", _preprocessing(card)),
        ("measured", _measured(card.get("measured")) or "nothing yet"),
        *_paper(card.get("paper")),
        ("weights", _weights(card)),
        ("training", _cost(card)),
        ("seed", str(card.get("seed", 0))),
        *(("note", note) for note in card.get("notes", ())),
        (
            "license",
            card.get("weights_license") or ("unknown" if card.get("weights") else "none: no weights yet"),
        ),
        ("data license", card.get("data_license") or "unknown"),
        ("source", card.get("source") or ""),
        ("citation", card.get("citation", "")),
        ("train it", (card.get("training") or {}).get("command") or _command(card)),
    ]


def _list_parts(kind: str, pattern: str) -> None:
    family = importlib.import_module(_MODULES[kind]) if kind in _MODULES else None
    known = sorted(part_sources.names(_PARTS[kind]), key=_natural) if family is None else family.names()
    found = fnmatch.filter(known, pattern)
    if not found:
        raise UserError(
            f"None of the {kind} matches.{did_you_mean(pattern, known)} Known: {', '.join(known)}. Received: {pattern}"
        )
    for name in found:
        echo(f"{name:<16} {_description(name)}" if kind == "recipes" else name)


def _natural(name: str) -> tuple:
    """Sort key that puts resnet8 before resnet20."""
    return name.rstrip("0123456789"), len(name), name


def _description(recipe: str) -> str:
    from ltzoo import recipes

    return recipes.get(recipe).description


def _stage(stage: dict) -> str:
    sampler = (stage.get("sampler") or {}).get("strategy", "instance_balanced")
    if not stage["epochs"]:
        return f"{stage['head']['name']} computed from the training images, without training"
    trainable = stage.get("trainable", "all")
    if isinstance(trainable, str):
        trained = {"all": "whole network"}.get(trainable, trainable)
    else:
        trained = f"head and {', '.join(trainable)}"
    return f"{stage['epochs']} epochs of {stage['loss']['name']} with {sampler} sampling, {trained} trained"


def _with_arguments(config: dict) -> str:
    rest = ", ".join(f"{key}={value}" for key, value in config.items() if key != "name")
    return config["name"] + (f" ({rest})" if rest else "")


def _measured(values: dict | None) -> str:
    if not values:
        return ""
    found = [(label, values.get(field)) for field, label in _MEASURED.items()]
    return ", ".join(f"{label} {_percent(value)} %" for label, value in found if value is not None)


def _paper(paper: dict | None):
    for result in () if not paper else ({**paper, "also": None}, *paper.get("also", ())):
        yield "paper", _measured(result) + (f" ({result['table']})" if result.get("table") else "")


def _preprocessing(card: dict) -> str:
    steps = card.get("preprocessing")
    cropped = ""
    if steps and "fit" in steps:
        cropped = f"images of any shape: {steps['fit']} ({steps['interpolation']}); "
    elif steps:
        cropped = f"shorter side to {steps['resize']} pixels ({steps['interpolation']}), center of {steps['crop']}; "
    mean, std = (", ".join(f"{value:g}" for value in card[key]) for key in ("mean", "std"))
    return f"{cropped}the model subtracts {mean} and divides by {std} (pixels on the 0..1 scale)"


def _cost(card: dict) -> str:
    cost, ran = card.get("cost"), card.get("training") or {}
    parts = []
    if cost:
        parts.append(
            f"{cost['images']:,} images at {cost['gmacs']:g} billion multiply-adds, about "
            f"{cost['training_pflops']:,.4g} PFLOP in all (counted)"
        )
    if ran.get("seconds") is not None:
        parts.append(f"took {ran['seconds']:,.0f} s on the {ran['backend']} backend")
    if card.get("starts_from"):
        parts.append(f"starts from {card['starts_from']} weights")
    return "; ".join(parts)


def _command(card: dict) -> str:
    start = " --start-from MODEL" if card.get("starts_from") else ""
    from ltzoo.data.registry import facts  # Only here, so that the list needs no NumPy.

    known = facts(card["dataset"]["name"])
    local = known is not None and known.lists
    return f"ltzoo train {card['name']}{' --data-dir FOLDER' if local else ''}{start} --out RUN"


def _weights(card: dict) -> str:
    weights = card.get("weights")
    if not weights:
        twin = shipped.published_twin(card["name"], card["recipe"]["name"], card["backbone"], card["dataset"])
        return "none yet" if twin is None else f"none yet; {twin} is loaded instead"
    return ", ".join(
        filter(
            None,
            (
                _size(weights),
                f"SHA-256 {weights['sha256']}",
                shown_address(weights.get("url", weights["file"])),
            ),
        )
    )


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100.0 * fraction:.1f}"


def _size(weights: dict | None) -> str:
    if not weights:
        return "none"
    size = weights["size"]
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
