"""Rows of the papers' tables, made from the tables of the zoo's cards where those have them."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.papers.runs import Run
from benchmarks.papers.stand_in import Network
from ltzoo.data.dataset import LongTailedDataset
from tools.cards import paper_tables

SHOTS = "many medium few top1"
Facts = Callable[[Network], Mapping[str, float]]
Measure = Callable[[Run, LongTailedDataset], Mapping[str, float]]


@dataclasses.dataclass(frozen=True)
class Row:
    """One network of a row.

    Attributes:
        label: as the paper prints it.
        network: backbone and data.
        figures: as the paper prints them, by metric, in %.
        method: key of `tools.cards.published_methods.METHODS`; None if the library lacks the system.
        setup: training set-up; see `tools.cards.paper_tables.Network`.
        quoted: whether the paper quotes the figures from other work.
        measure: what to measure instead of accuracies.
        facts: what to compute without training, from the network.
    """

    label: str
    network: Network
    figures: Mapping[str, float]
    method: str | None = None
    setup: str = "cifar"
    quoted: bool = False
    measure: Measure | None = None
    facts: Facts | None = None


@dataclasses.dataclass(frozen=True)
class Trains:
    """A row that the cards do not have, with its figures in the order of networks or metrics; "-" for none.

    Attributes:
        method, figures, setup, quoted, measure: see `Row`.
    """

    method: str
    figures: str
    setup: str = "cifar"
    quoted: bool = False
    measure: Measure | None = None


@dataclasses.dataclass(frozen=True)
class Lacks:
    """A row of a system that the library does not have; its label names the system.

    Attributes:
        figures, quoted: see `Trains`.
    """

    figures: str
    quoted: bool = False


def facts(label: str, metrics: str, labels: Mapping[str, str], compute: Facts) -> list[Row]:
    """Return rows of what is computed without training.

    Args:
        label: what the rows print.
        metrics: names of the figures.
        labels: the printed figures of each network.
        compute: returns the figures of a network by metric.
    """
    return [
        Row(
            label,
            Network(network),
            {key: float(value) for key, value in zip(metrics.split(), figures.split(), strict=True)},
            facts=compute,
        )
        for network, figures in labels.items()
    ]


def rows(
    paper: str,
    table: str,
    labels: Mapping[str, str | Trains | Lacks],
    networks: str = "",
    metrics: str = "top1",
) -> list[Row]:
    """Return rows in the order of a table.

    Args:
        paper, table: as in the cards' tables: "MiSLAS", "Table 3".
        labels: by printed label, a method whose networks in that table are the row's, a `Trains` or a `Lacks`.
        networks: labels of networks, with blanks between: those of `Trains` and `Lacks`, and the only ones to take from
            the cards. Empty takes all.
        metrics: those of the figures of `Trains` and `Lacks`. With several, there is one network.

    Raises:
        ValueError: the cards' tables have no such row.
    """
    known = [
        network
        for network in _networks()
        if network.table == f"{paper} paper, {table}"
        and (not networks or _label(network) in networks.split())
    ]
    found: list[Row] = []
    for label, content in labels.items():
        if not isinstance(content, str):
            found += _declared(label, content, networks.split(), metrics.split())
            continue
        own = [network for network in known if network.method == content]
        if not own:
            raise ValueError(f"`labels` must name rows of {paper}, {table}. Received: {label!r}: {content!r}")
        found += [_of_card(label, network) for network in own]
    return found


def _of_card(label, network):
    figures = {key: round(100 * value, 4) for key, value in network.result.items()}
    return Row(label, Network(_label(network)), figures, network.method, network.setup, quoted=network.quoted)


def _declared(label: str, content: Trains | Lacks, networks: list[str], metrics: list[str]) -> Iterator[Row]:
    values = content.figures.split()
    several = len(metrics) > 1
    parts = (
        [dict(zip(metrics, values, strict=True))] if several else [{metrics[0]: value} for value in values]
    )
    own: dict[str, Any] = {"quoted": content.quoted}
    if isinstance(content, Trains):
        own |= {"method": content.method, "setup": content.setup, "measure": content.measure}
    for network, part in zip(networks, parts, strict=True):
        printed = {key: float(value) for key, value in part.items() if value != "-"}
        if printed or several:
            yield Row(label, Network(network), printed, **own)


def _label(network: paper_tables.Network) -> str:
    factor = "" if network.factor is None else f"/{network.factor}"
    return f"{network.backbone}/{network.dataset}{factor}"


@functools.cache
def _networks() -> list[paper_tables.Network]:
    return paper_tables.networks()
