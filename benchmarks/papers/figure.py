"""A figure: train its networks, record what is plotted about each of them, and plot the record."""

import dataclasses
import functools
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

import ltzoo.data
from benchmarks.cifar10_lt.runs import commit, device
from benchmarks.papers.plots.caption import add_caption
from benchmarks.papers.registry import PAPERS, Item, Options, register
from benchmarks.papers.runs import Run, Watch
from benchmarks.papers.stand_in import Network, folder_of, recipe_of
from benchmarks.papers.table import NotHere, details, outcome, run_of
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.recipes.recipe import Recipe
from ltzoo.training import TrainingAlarm

_DIGITS = 4
Line = Mapping[str, Any]
Load = Callable[[str], LongTailedDataset]
Change = Callable[[Recipe, Network], Recipe]


@dataclasses.dataclass(frozen=True)
class Trained:
    """A network of a figure.

    Attributes:
        label: its name in the figure. With `--on`, only the first network of each label is trained.
        network: label of backbone and data, as in `Network`.
        method: key of `tools.cards.published_methods.METHODS`; None for what needs no training.
        setup: training set-up; see `benchmarks.papers.rows.Row`.
        change: changes the recipe for the network that trains.
        watch: returns the functions to call after every epoch; see `benchmarks.papers.runs.trained`. It gets a
            function that loads the dataset.
    """

    label: str
    network: str
    method: str | None
    setup: str = "cifar"
    change: Change | None = None
    watch: Callable[[Callable[[], LongTailedDataset]], Watch] | None = None


class Reading:
    """What a figure measures: one network after its training.

    Attributes:
        network: backbone and data.
        first: the run of the figure's first network on the same data, for what is chosen by a baseline.
    """

    def __init__(self, network: Network, options: Options, run: Run | None, first: Run | None = None) -> None:
        self.network, self.options, self._run, self.first = network, options, run, first or run

    @property
    def run(self) -> Run:
        """The run of the network."""
        assert self._run is not None
        return self._run

    @functools.cached_property
    def data(self) -> LongTailedDataset:
        """The dataset of the network."""
        return _load(self.network, self.options)


Measure = Callable[[Reading], Mapping[str, Any]]
Draw = Callable[[Sequence[Line], Load], Figure]


def figure(
    paper: str, number: str, title: str, networks: Sequence[Trained], measure: Measure, draw: Draw
) -> Item:
    """Register a figure.

    Args:
        paper, number, title: as in `Item`.
        networks: what it trains.
        measure: returns the numbers of a network for the record, rounded there to four digits. Single numbers are
            printed too.
        draw: plots the lines of the record that have `numbers`; `load` gives it the dataset of a network's label.
    """
    whole = f"{PAPERS[paper]}, Figure {number}: {title}"
    return register(
        Item(
            paper,
            "figure",
            number,
            title,
            lambda options: _make(whole, networks, measure, options),
            show,
            lambda record, options: picture(draw, record, options),
        )
    )


def illustration(paper: str, number: str, title: str, why: str) -> Item:
    """Register a figure that no run can make, and say why."""

    def refuse(options):
        raise SystemExit(f"{PAPERS[paper]}, Figure {number} ({title}) is not made: {why}.")

    return register(Item(paper, "figure", number, title, refuse, show, why_not=why))


def _make(title: str, networks: Sequence[Trained], measure: Measure, options: Options) -> dict[str, Any]:
    untrained = all(network.method is None for network in networks)
    here = dataclasses.replace(options, on=None) if untrained else options
    lines: list[dict[str, Any]] = []
    first: dict[str, Run] = {}
    for network in networks if here.on is None else _first_of_label(networks):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingAlarm)  # The record has them.
            lines.append(_line(network, measure, here, first))
        if options.train:
            print(f"{network.label} on {lines[-1]['network']}: {lines[-1]['status']}", flush=True)
            keras.backend.clear_session(free_memory=True)
    return {
        "title": title,
        "on": here.on,
        "epochs_share": 1.0 if untrained else options.epochs_share,
        "seed": options.seed,
        "commit": commit(),
        "backend": keras.backend.backend(),
        "device": device(),
        "runs": lines,
    }


def _first_of_label(networks: Sequence[Trained]) -> list[Trained]:
    found: dict[str, Trained] = {}
    for network in networks:
        found.setdefault(network.label, network)
    return list(found.values())


def _line(
    network: Trained, measure: Measure, options: Options, first: dict[str, Run | None]
) -> dict[str, Any]:
    here = Network(network.network).on(options.on)
    line: dict[str, Any] = {"label": network.label, "network": here.label, "of_paper": network.network}
    run, status = None, "ran"
    if network.method is not None:
        run, status = outcome(lambda: _train(network, here, options))
        first.setdefault(here.label, run)
        if run is None:
            return {**line, "status": status}
        line |= details(run)
    reading = Reading(here, options, run, first.get(here.label))
    numbers, status = outcome(lambda: rounded(measure(reading)))
    return {**line, "status": status, **({} if numbers is None else {"numbers": numbers})}


def _train(network: Trained, here: Network, options: Options) -> Run | None:
    assert network.method is not None
    if here.dataset not in ltzoo.data.names():
        raise NotHere(f"{here.dataset} is no dataset by name")
    recipe = recipe_of(network.method, network.setup, here)
    if network.change is not None:
        recipe = network.change(recipe, here)
    load = functools.cache(lambda: _load(here, options))
    watch = None if network.watch is None else network.watch(load)
    return run_of(recipe, network.method, here, options, watch)


def _load(network: Network, options: Options) -> LongTailedDataset:
    data_dir = folder_of(network.dataset, options.data_dir)
    return ltzoo.data.load(network.dataset, imbalance_factor=network.factor, data_dir=data_dir)


def rounded(value: Any) -> Any:
    """Return numbers for JSON: floats with four digits, lists for arrays, None for what is not finite."""
    if isinstance(value, Mapping):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(entry) for entry in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def picture(draw: Draw, record: Mapping[str, Any], options: Options) -> Figure | None:
    """Plot a record; None if no network ran."""
    lines = [line for line in record["runs"] if "numbers" in line]
    if not lines:
        return None
    made = draw(lines, lambda label: _load(Network(label), options))
    return add_caption(made, f"{record['title']}. {_where(record, lines)}")


def _where(record, lines):
    if not any("run" in line for line in lines):
        return f"{len(lines)} of {len(record['runs'])}, computed without training."
    share = f"{100 * record['epochs_share']:g} % of the epochs"
    if record["on"] is None:
        return f"{len(lines)} of {len(record['runs'])} networks ran, {share}."
    networks = ", ".join(dict.fromkeys(line["network"] for line in lines))
    return f"Here: {networks}, {share}, not the paper's data."


def show(record: Mapping[str, Any]) -> str:
    """Return a table in Markdown of the networks and of their single numbers."""
    lines = record["runs"]
    single = [_single(line.get("numbers", {})) for line in lines]
    names = list(dict.fromkeys(name for numbers in single for name in numbers))
    head = ["Network", "Of the paper", "Here", *names, "Status"]
    text = [record["title"], "", f"| {' | '.join(head)} |", "|---" * 3 + "|--:" * len(names) + "|---|"]
    for line, numbers in zip(lines, single, strict=True):
        values = [f"{numbers[name]:.4g}" if name in numbers else "" for name in names]
        text.append(
            f"| {' | '.join([line['label'], line['of_paper'], line['network'], *values, line['status']])} |"
        )
    return "\n".join(text)


def _single(numbers):
    return {name: value for name, value in numbers.items() if isinstance(value, (int, float))}
