"""Read the papers' tables in `tables/*.toml` as one record per network."""

import dataclasses
import tomllib
from pathlib import Path

TABLES = Path(__file__).resolve().parent / "tables"
# If papers print the same network, the first one here gives the training set-up and the first result.
PAPERS = ("mislas", "gcl", "nbn", "camc", "fsa")
YEARS = {"FSA": 2020, "MiSLAS": 2021, "CAMC": 2021, "GCL": 2022, "NBN": 2024}
_SHOTS = ("many", "medium", "few")


@dataclasses.dataclass(frozen=True)
class Network:
    """One network: a row or a cell of a table.

    Attributes:
        method: key of `METHODS`.
        backbone: label such as "resnet32x4".
        dataset, factor: name and imbalance factor (None if the tail is published).
        setup: name of the table's training set-up; "own" for methods that the table quotes in their own one.
        table: source, such as "GCL paper, Table 1".
        result: accuracies as fractions, `{"top1": ..., "many": ...}`.
        quoted: whether the table quotes the figure from other work.
    """

    method: str
    backbone: str
    dataset: str
    factor: int | None
    setup: str
    table: str
    result: dict
    quoted: bool

    @property
    def year(self) -> int:
        """Year in which the paper appeared."""
        return YEARS[self.table.partition(" ")[0]]

    @property
    def entry(self) -> str:
        """Entry name METHOD_BACKBONE_DATASET, plus _ifN for an imbalance factor other than 100."""
        suffix = "" if self.factor in (None, 100) else f"_if{self.factor}"
        return f"{self.method}_{self.backbone}_{self.dataset}{suffix}"


def networks() -> list[Network]:
    """Return all networks of all tables, in the order of `PAPERS`."""
    found = []
    for name in PAPERS:
        content = tomllib.loads((TABLES / f"{name}.toml").read_text(encoding="utf-8"))
        for table in content["tables"]:
            found += _rows(content["paper"], table)
    return found


def _rows(paper, table):
    quoted = table.get("quoted", "").split()
    for key, figures in table.get("top1", {}).items():
        places = table["networks"].split()
        for place, figure in zip(places, figures.split(), strict=True):
            if figure != "-":
                yield _network(paper, table, key, place, {"top1": figure}, key in quoted)
    for key, figures in table.get("rows", {}).items():
        method, place = key.split()
        result = dict(zip(table["metrics"].split(), figures.split(), strict=True))
        yield _network(paper, table, method, place, result, method in quoted)


def _network(paper, table, method, place, result, quoted):
    backbone, dataset, *factor = place.split("/")
    fractions = {key: _fraction(result[key]) for key in ("top1", *_SHOTS) if key in result}
    source = f"{paper} paper, {table['table']}"
    own = method in table.get("own_setup", "").split()
    return Network(
        method,
        backbone,
        dataset,
        int(factor[0]) if factor else None,
        "own" if own else table["setup"],
        source,
        fractions,
        quoted,
    )


def _fraction(percent):
    # Round to the printed digits, without the noise of a division: "82.68" is 0.8268.
    return round(float(percent) / 100, len(percent.partition(".")[2]) + 2)
