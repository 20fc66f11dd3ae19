"""`ltzoo list` and `ltzoo info`: what there is, without importing Keras."""

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from ltzoo import shipped
from ltzoo.cli import cards
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import console
from ltzoo.cli.errors import UserError

_KINDS = ("models", "recipes", "backbones", "data")
_MEASURED = {
    "top1": "top-1", "many": "many", "medium": "medium", "few": "few", "balanced": "balanced", "ece": "ECE"
}  # fmt: skip


@click.command(
    "list",
    short_help="List the models of the zoo.",
    epilog="""\b
Examples:
  ltzoo list
  ltzoo list 'gcl_*'
  ltzoo list --kind recipes""",
)
@click.argument("pattern", default="*")
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    default="models",
    help="What to list: trained models (default), or the parts.",
)
def list_(pattern, kind):
    """List the trained models of the zoo whose names match PATTERN, with their accuracies."""
    if kind != "models":
        _list_parts(kind, pattern)
        return
    found = shipped.names(pattern)
    if not found:
        raise UserError(
            f"No model matches. Known: {', '.join(shipped.names()) or 'none'}. Received: {pattern}"
        )
    table = Table(box=SIMPLE_HEAD, caption="accuracies in % as measured here", caption_justify="left")
    table.add_column("model", no_wrap=True)
    for heading in ("classes", "top-1", "few", "weights"):
        table.add_column(heading, justify="right")
    for name in found:
        card = cards.read(name)
        measured = card.get("measured") or {}
        table.add_row(
            name,
            str(len(card["class_counts"])),
            _percent(measured.get("top1")),
            _percent(measured.get("few")),
            _size(card.get("weights")),
        )  # fmt: skip
    console().print(table)


@click.command(
    short_help="Show the card of a zoo model.",
    epilog="""\b
Example:
  ltzoo info gcl_resnet8_digits_lt""",
)
@click.argument("entry")
def info(entry):
    """Show the card of a zoo ENTRY: data, network, recipe, results, weights and how to train it."""
    card = cards.read(entry)
    recipe = card["recipe"]
    counts = card["class_counts"]
    rows = [
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
        ("measured", _measured(card.get("measured"))),
        ("paper", _measured(card.get("paper"))),
        ("weights", _size(card.get("weights"))),
        ("seed", str(card.get("seed", 0))),
        ("licence", card.get("licence", "")),
        ("citation", card.get("citation", "")),
        ("train it", (card.get("training") or {}).get("command") or f"ltzoo train {card['name']} --out RUN"),
    ]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        if text:
            table.add_row(label, text)
    console().print(table)


def _list_parts(kind: str, pattern: str) -> None:
    import fnmatch

    use_backend()
    from ltzoo import backbones, data, recipes

    known = {"recipes": recipes, "backbones": backbones, "data": data}[kind].names()
    found = fnmatch.filter(known, pattern)
    if not found:
        raise UserError(f"None of the {kind} matches. Known: {', '.join(known)}. Received: {pattern}")
    for name in found:
        click.echo(f"{name:<16} {recipes.get(name).description}" if kind == "recipes" else name)


def _stage(stage: dict) -> str:
    sampler = (stage.get("sampler") or {}).get("strategy", "instance_balanced")
    if not stage["epochs"]:
        return f"{stage['head']['name']} computed from the training images, nothing trained"
    trainable = stage.get("trainable", "all")
    trained = {"all": "whole network", "head": "head"}.get(str(trainable), f"head and {trainable}")
    return f"{stage['epochs']} epochs of {stage['loss']['name']} with {sampler} sampling, {trained} trained"


def _with_arguments(config: dict) -> str:
    rest = ", ".join(f"{key}={value}" for key, value in config.items() if key != "name")
    return config["name"] + (f" ({rest})" if rest else "")


def _measured(values: dict | None) -> str:
    if not values:
        return ""
    found = [(label, values.get(field)) for field, label in _MEASURED.items()]
    return ", ".join(f"{label} {_percent(value)} %" for label, value in found if value is not None)


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100.0 * fraction:.1f}"


def _size(weights: dict | None) -> str:
    if not weights:
        return "none"
    size = weights["size"]
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
