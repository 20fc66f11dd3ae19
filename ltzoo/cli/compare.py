"""`ltzoo compare`: say which of several trained models are better, and which differences are chance."""

import dataclasses
import math
from pathlib import Path

import click

from ltzoo.cli import places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.options import SEED, Command
from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.cli.user_errors import UserError, mistake

_LABELS = {
    "top1": "top-1 %", "balanced": "balanced %", "many": "many %", "medium": "medium %", "few": "few %",
    "macro_f1": "macro F1 %", "nll": "NLL",
}  # fmt: skip
_SOURCES = ("data", "data_dir", "image_root", "data_seed", "test", "test_fraction")


@click.command(
    cls=Command,
    short_help="Compare trained models on the same images.",
    epilog="""\b
Examples:
  ltzoo compare runs/baseline runs/gcl
  ltzoo compare runs/baseline runs/gcl runs/best --json comparison.json

\b
RUN is a run folder, or a folder that 'ltzoo evaluate --out' wrote: with predictions.csv and per_class.csv.""",
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the bootstrap.")
@click.option(
    "--resamples",
    type=click.IntRange(100, 100_000),
    default=2000,
    show_default=True,
    help="Resamples of the bootstrap.",
)
@click.option(
    "--common",
    is_flag=True,
    help="Compare on the images that all runs measured, such as one out of fold and one on validation images.",
)
@click.option("--json", "json_path", metavar="PATH", help="Also write all figures to this file.")
def compare(runs, seed, resamples, common, json_path):
    """Compare each RUN with the first one, image by image.

    All runs must be measured on the same images; --common leaves out those that a run lacks. The differences have 95 %
    intervals of a paired bootstrap, and a p-value corrected for the number of runs (Holm); accuracies must also pass
    McNemar's exact test. Where a difference may be chance, the runs 'cannot be told apart'.
    """
    if len(runs) < 2:
        raise UserError(f"RUN must be given twice or more. Received: {len(runs)}")
    folders = [_checked(run) for run in runs]
    if json_path is not None:
        places.own_file("--json", json_path, places.json_beginning("baseline"))
    use_backend()
    from ltzoo.cli.console import console
    from ltzoo.metrics.comparison import compare as compared

    names = _names(runs)
    predictions, classes, counts = _read(names, folders)
    if common:
        predictions = _on_common(predictions)
    try:
        found = compared(predictions, counts, num_classes=classes, resamples=resamples, seed=seed)
    except ValueError as error:
        if len({frozenset(run.images or ()) for run in predictions.values()}) == 1:
            raise
        raise UserError(f"{error}; --common compares on the images that all of them measured") from error
    baseline = names[0]
    for name, rows in found.items():
        console().print(_table(baseline, name, rows))
    groups = next(iter(predictions.values())).groups
    console().print(_explained(len(names) - 1, groups is not None), soft_wrap=True)
    if json_path is not None:
        content = {
            "baseline": baseline,
            "images": len(predictions[baseline]),
            "seed": seed,
            "resamples": resamples,
            "comparisons": {
                name: {key: _plain(row) for key, row in rows.items()} for name, rows in found.items()
            },
        }
        write_json(Path(json_path).expanduser(), content)


def _checked(run: str) -> RunFolder:
    folder = RunFolder(places.folder("RUN", run))
    for path in (folder.predictions, folder.per_class):
        if not path.is_file():
            raise UserError(
                f"RUN must hold {path.name}; write it with 'ltzoo evaluate {run} --out FOLDER', and compare FOLDER. "
                f"Received: {run}"
            )
    return folder


def _names(runs) -> list[str]:
    """Return a short name per run: the folder's, or its path where two folders have the same name."""
    short = [Path(run).expanduser().resolve().name for run in runs]
    names = [run if short.count(name) > 1 else name for run, name in zip(runs, short, strict=True)]
    if len(set(names)) < len(names):
        raise UserError(f"RUN must name each folder once. Received: {', '.join(runs)}")
    return names


def _read(names, folders):
    from ltzoo.metrics.prediction_files import read_class_counts, read_predictions

    found, classes = {}, []
    for name, folder in zip(names, folders, strict=True):
        with mistake(f"{folder.per_class} cannot be read"):
            classes.append(read_class_counts(folder.per_class))
        with mistake(f"{folder.predictions} cannot be read"):
            found[name] = read_predictions(folder.predictions, len(classes[-1][0]))
    for name, (own, _) in zip(names, classes, strict=True):
        if own != classes[0][0]:
            raise UserError(f"RUN must have the classes of {names[0]}. Received: {name}, which has others")
    sources = [_source(folder) for folder in folders]
    known = [source for source in sources if source is not None]
    first = found[names[0]].images or ("0",)
    if first[0].isdigit() and any(source != known[0] for source in known):
        raise UserError(
            "RUN must be measured on the same images, from the same data with the same --data-seed. "
            f"Received: {', '.join(names)}"
        )
    return found, len(classes[0][0]), classes[0][1]


def _on_common(predictions):
    """Return the predictions on the images that all runs have, and say how many these are."""
    from ltzoo.cli.console import echo
    from ltzoo.metrics import common_images

    chosen = common_images(predictions)
    for name, found in predictions.items():
        echo(f"{name}: {len(chosen[name]):,} of {len(found):,} measured images are common to all")
    return chosen


def _source(folder: RunFolder):
    """Return what chose the images of a run, or None if the folder does not say."""
    if not folder.is_run():
        return None
    arguments = folder.read()["arguments"]
    return [arguments.get(key) or None for key in _SOURCES]


def _table(baseline, name, rows):
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from ltzoo.metrics.comparison import SAME
    from ltzoo.metrics.per_class import FEW_IMAGES
    from ltzoo.printable import printable

    table = Table(
        title=Text(printable(f"{name} against {baseline}")), title_justify="left", box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0), pad_edge=False,
    )  # fmt: skip
    for heading in ("", "images", "first", "this", "difference, 95 %", "p", "verdict"):
        table.add_column(
            heading, justify="left" if heading in ("", "verdict") else "right", no_wrap=heading != "verdict"
        )
    for measure, row in rows.items():
        if math.isnan(row.difference):
            continue
        scale, digits = (1, 3) if measure == "nll" else (100, 1)
        first, this, low, high = (
            f"{scale * value:.{digits}f}" for value in (row.baseline, row.value, row.low, row.high)
        )
        style = {"better": "bold green", "worse": "bold red", SAME: ""}[row.verdict]
        table.add_row(
            _LABELS[measure], f"{row.images:,}{'*' * (row.images < FEW_IMAGES)}", first, this,
            f"{scale * row.difference:+.{digits}f} [{low}, {high}]", _p_value(row.adjusted_p),
            Text(row.verdict, style=style),
        )  # fmt: skip
    return table


def _p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "<0.001"


def _explained(others: int, grouped: bool) -> str:
    tests = (
        "paired bootstrap of whole groups of images"
        if grouped
        else "paired bootstrap; accuracies: and McNemar, exact"
    )
    corrected = f"; p corrected for {others} comparisons (Holm)" if others > 1 else ""
    return f"{tests}{corrected}. '*': fewer than 10 images. It says nothing of other training seeds."


def _plain(row) -> dict:
    values = dataclasses.asdict(row)
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in values.items()
    }
