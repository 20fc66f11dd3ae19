"""A table: train its rows, measure them, and print ours next to the paper's."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

import ltzoo.data
from benchmarks.cifar10_lt.runs import commit, device
from benchmarks.papers.registry import PAPERS, Item, Options, register
from benchmarks.papers.rows import SHOTS, Row
from benchmarks.papers.runs import Run, Watch, trained
from benchmarks.papers.stand_in import Network, folder_of, recipe_of
from ltzoo.recipes.recipe import Recipe
from ltzoo.training import TrainingAlarm

NAMES = {"top1": "all"}
# Digits behind the point of what is no percentage.
PLACES = {
    **dict.fromkeys(("Var(μ)", "Var(σ)"), 3),
    **dict.fromkeys(("max", "min", "batch", "epochs1", "epochs2"), 0),
    **{"decay": 4, "ΔW": 2},
}


def table(paper: str, number: str, title: str, found: Sequence[Row]) -> Item:
    """Register a table of rows."""
    whole = f"{PAPERS[paper]}, Table {number}: {title}"
    return register(Item(paper, "table", number, title, lambda options: _make(whole, found, options), show))


def _make(title: str, found: Sequence[Row], options: Options) -> dict[str, Any]:
    untrained = all(row.facts for row in found)
    here = None if untrained else options.on
    chosen = found if here is None else _first_networks(found)
    lines = []
    for row in chosen:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingAlarm)  # The record has them.
            line = _line(row, options)
        lines.append(line)
        if options.train:
            print(f"{row.label} on {line['network']}: {line['status']}", flush=True)
            keras.backend.clear_session(free_memory=True)
    return {
        "title": title,
        "on": here,
        "epochs_share": 1.0 if untrained else options.epochs_share,
        "seed": options.seed,
        "commit": commit(),
        "backend": keras.backend.backend(),
        "device": device(),
        "rows": lines,
    }


def _first_networks(found: Sequence[Row]) -> list[Row]:
    """Return the first network of every row: on one small dataset all of them are the same."""
    first: dict[tuple[str, str | None], Row] = {}
    for row in found:
        first.setdefault((row.label, row.method), row)
    return list(first.values())


def _line(row: Row, options: Options) -> dict[str, Any]:
    network = row.network if row.method is None else row.network.on(options.on)
    line: dict[str, Any] = {
        "row": row.label,
        "network": network.label,
        "of_paper": row.network.label,
        "paper": dict(row.figures),
    }
    if row.facts is not None:
        return {**line, "ours": dict(row.facts(row.network)), "status": "ran"}
    if row.method is None:
        return {**line, "status": "missing" + (", quoted" if row.quoted else "")}
    method = row.method
    run, status = outcome(lambda: run_of(recipe_of(method, row.setup, network), method, network, options))
    if run is None:
        return {**line, "status": status}
    return {
        **line,
        "ours": _measured(row, network, run, options),
        **details(run),
        "status": status + (", quoted" if row.quoted else ""),
    }


class NotHere(Exception):
    """Something that the command line must name was not given, or a dataset has no name."""


def outcome(make: Callable[[], Any]) -> tuple[Any, str]:
    """Return what a function makes, or None, and a status: "ran", "not run" or "failed", with the reason."""
    try:
        made = make()
    except (OSError, ImportError, NotHere) as error:  # What the data need is not there.
        return None, f"not run: {_first_line(error)}"
    except Exception as error:  # The other rows shall run, and the table says what went wrong.
        return None, f"failed: {type(error).__name__}: {_first_line(error)}"
    return made, "not run" if made is None else "ran"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


def details(run: Run) -> dict[str, Any]:
    """Return what a record says about a run: epochs, seconds, folder, commit and alarms."""
    return {
        "epochs": [stage["epochs"] for stage in run.about["recipe"]["stages"]],
        "seconds": round(sum(run.history.get("seconds", ())), 1),
        "run": run.folder.name,
        "commit": run.about["commit"],
        "alarms": run.about["alarms"],
    }


def run_of(
    recipe: Recipe, method: str, network: Network, options: Options, watch: Watch | None = None
) -> Run | None:
    """Train a recipe on a network, or return its run; None if it has none and shall not be trained."""
    given: dict[str, Any] = {
        "imbalance_factor": network.factor,
        "data_dir": folder_of(network.dataset, options.data_dir),
        "epochs_share": options.epochs_share,
        "seed": options.seed,
    }
    if network.starts_from_imagenet:
        if options.start_from is None:
            raise NotHere(f"--start-from must name a {network.backbone} of ImageNet")
        given["start_from"] = options.start_from
    if watch:
        given["watch"] = watch
    run = trained(
        recipe, network.config(method), network.dataset, root=options.root, train=options.train, **given
    )
    return run if run.ended else None


def _measured(row: Row, network: Network, run: Run, options: Options) -> dict[str, float]:
    if row.measure is None:
        values = {key: getattr(run.result, key) for key in row.figures or SHOTS.split()}
        return {key: 100 * value for key, value in values.items() if value == value}
    data_dir = folder_of(network.dataset, options.data_dir)
    data = ltzoo.data.load(network.dataset, imbalance_factor=network.factor, data_dir=data_dir)
    return dict(row.measure(run, data))


def show(record: Mapping[str, Any]) -> str:
    """Return a table in Markdown: row, network, the paper's figures, ours, their difference, status."""
    here = record["on"]
    named = (key for line in record["rows"] for key in (*line["paper"], *line.get("ours", ())))
    names: list[str] = list(dict.fromkeys(named))
    shown = " / ".join(NAMES.get(name, name) for name in names)
    where = (
        ""
        if here is None
        else f"; ours is on {here}, not on the paper's data, and must not be compared with it"
    )
    share = "" if record["epochs_share"] == 1 else f"; ours has {record['epochs_share']:g} of the epochs"
    title = f"{record['title']}{where}{share}. Figures: {shown}."
    head = ["Row", "Network", "Paper", "Ours", *([] if here else ["Difference"]), "Status"]
    lines = [title, "", f"| {' | '.join(head)} |", "|---" * 2 + "|--:" * (len(head) - 3) + "|---|"]
    for line in record["rows"]:
        ours = line.get("ours", {})
        differences = {key: ours[key] - line["paper"][key] for key in line["paper"] if key in ours}
        cells = [
            line["row"],
            line["of_paper"],
            _figures(line["paper"], names, printed=True),
            _figures(ours, names),
            *([] if here else [_figures(differences, names, sign="+")]),
            line["status"],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _figures(values: Mapping[str, float], names: Sequence[str], sign: str = "", printed=False) -> str:
    """Join figures; those of a paper keep all digits that they have."""

    def text(name):
        places = PLACES.get(name, 1)
        if printed:
            places = max(places, len(f"{values[name]:.4f}".rstrip("0").partition(".")[2]))
        return f"{values[name]:{sign}.{places}f}"

    return " / ".join(text(name) if name in values else "–" for name in names) if values else ""
