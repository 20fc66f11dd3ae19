"""Tables and figures by paper and name; each file in `tables/` and `figures/` registers its own."""

import dataclasses
import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import benchmarks.papers
from ltzoo.checks import did_you_mean, received
from ltzoo.files import atomic_write

PAPERS = {"mislas": "MiSLAS", "gcl": "GCL", "nbn": "NBN", "camc": "CAMC", "fsa": "FSA"}
RESULTS = Path(__file__).resolve().parent / "results"
_ITEMS: dict[tuple[str, str], "Item"] = {}


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        root: folder of the runs.
        data_dir: folder of the datasets' files; see `stand_in.folder_of`.
        epochs_share: factor on the epochs of each stage.
        on: small dataset that stands in for those of the paper, or None.
        seed: seed of the runs.
        train: train what is missing; False only shows what has been trained.
        start_from: network that rows start from if the paper's do, such as a ResNet-152 of ImageNet.
        results: folder of the records.
    """

    root: Path
    data_dir: Path | None = None
    epochs_share: float = 1.0
    on: str | None = None
    seed: int = 0
    train: bool = True
    start_from: Path | None = None
    results: Path = RESULTS


@dataclasses.dataclass(frozen=True)
class Item:
    """A table or figure.

    Attributes:
        paper: one of `PAPERS`.
        kind: "table" or "figure".
        number: as the paper has it: "3", "IV".
        title: what it is about.
        make: trains what it needs and returns what came out, for JSON.
        show: returns the text to print for what `make` returned.
        draw: returns a matplotlib figure of what `make` returned, or None if nothing ran; tables have no such function.
        why_not: why no run can make it, for a drawing of a method; "" for all others.
    """

    paper: str
    kind: str
    number: str
    title: str
    make: Callable[[Options], dict[str, Any]]
    show: Callable[[Mapping[str, Any]], str]
    draw: Callable[[Mapping[str, Any], Options], Any] | None = None
    why_not: str = ""

    @property
    def name(self) -> str:
        """Its name on the command line, such as "table3"."""
        return f"{self.kind}{self.number}"

    @property
    def command(self) -> str:
        """The command that runs it."""
        return f"python -m benchmarks.papers {self.paper} {self.name}"

    def record(self, options: Options) -> Path:
        """Return the file of what a run with these options gave."""
        suffix = "" if options.on is None else f"-on-{options.on}"
        return options.results / f"{self.paper}-{self.name}{suffix}.json"

    def records(self, results: Path = RESULTS) -> list[Path]:
        """Return all files of what runs gave."""
        return sorted(results.glob(f"{self.paper}-{self.name}.json")) + sorted(
            results.glob(f"{self.paper}-{self.name}-on-*.json")
        )


def register(item: Item) -> Item:
    """Add a table or figure.

    Raises:
        ValueError: it is there already, or of no known paper.
    """
    key = (item.paper, _plain(item.name))
    if item.paper not in PAPERS or key in _ITEMS:
        raise ValueError(
            f"`item` must be new and of one of {list(PAPERS)}. Received: {item.paper} {item.name}"
        )
    _ITEMS[key] = item
    return item


def items(paper: str | None = None) -> list[Item]:
    """Return the tables and figures of all papers or of one, tables first."""
    _load()
    found = [item for item in _ITEMS.values() if paper in (None, item.paper)]
    return sorted(
        found, key=lambda item: (list(PAPERS).index(item.paper), item.kind != "table", _order(item.number))
    )


def find(paper: str, name: str) -> Item:
    """Return a table or figure; its name is spelled in any case, with or without spaces: "Table III", "table3".

    Raises:
        ValueError: there is none.
    """
    _load()
    known = [item.name for item in items(paper)]
    if not known:
        raise ValueError(f"`paper` must be one of {', '.join(PAPERS)}. {received('paper', paper)}")
    item = _ITEMS.get((paper, _plain(name)))
    if item is None:
        raise ValueError(
            f"`name` must be one of {', '.join(known)}.{did_you_mean(name, known)} {received('name', name)}"
        )
    return item


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record, with one row per line."""
    lines = []
    for key, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
            lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _load():
    for folder in ("tables", "figures"):
        if (Path(__file__).parent / folder / "__init__.py").exists():
            package = importlib.import_module(f"{benchmarks.papers.__name__}.{folder}")
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{package.__name__}.{module.name}")


def _plain(name):
    return re.sub(r"[\s_.-]+", "", name).lower()


def _order(number):
    values = {"I": 1, "V": 5, "X": 10}
    if not number or any(letter not in values for letter in number):
        digits = re.findall(r"\d+", number)
        return int(digits[0]) if digits else 0
    digits = [values[letter] for letter in number]
    return sum(
        -value if value < after else value for value, after in zip(digits, [*digits[1:], 0], strict=True)
    )
