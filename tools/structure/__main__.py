"""Print the table of figures: `python -m tools.structure [--no-types]`."""

import sys
from pathlib import Path

from tools.structure import keras_names, parts, repository
from tools.structure.circles import circles, import_graph
from tools.structure.source import parse

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ltzoo"


def rows(with_types: bool = True) -> list[tuple[str, str]]:
    """Return a name and a figure per line of the table."""
    trees = parse(ROOT / PACKAGE)
    sizes = [str(len(circle)) for circle in circles(import_graph(PACKAGE))]
    touched = parts.files_to_touch(trees, PACKAGE).items()
    own, tables = parts.own_registries(trees), parts.part_tables(trees, PACKAGE)
    private = keras_names.private_lines(ROOT / PACKAGE)
    without, cards = repository.cards(ROOT)
    documents = "".join(
        f"; {name} {lines:,} lines" for name, lines in repository.generated_lines(ROOT).items()
    )
    table = [
        ("files in import circles (lazy and type-only imports counted)", " + ".join(sizes) or "0"),
        *((f"files to touch for a new {family}", _touched(counts)) for family, counts in touched),
        ("uses of the shared registry", str(len(parts.generic_registries(trees)))),
        ("hand-written registries", _listed(own)),
        ("hand-written tables of parts", _listed(list(tables))),
        (
            "lines that use private Keras names",
            f"{sum(map(len, private.values()))} in {len(private)} files",
        ),
        ("guides for contributors", ", ".join(repository.guides(ROOT)) or "none"),
        ("generated files in the repository", f"{without} of {cards} cards have no weights{documents}"),
    ]
    if with_types:
        errors = repository.type_errors(ROOT, PACKAGE)
        table.append(("pyright errors", "pyright is not installed" if errors is None else str(errors)))
    return table


def main() -> None:
    """Print the table in Markdown."""
    print("| point | today |\n|---|---|")
    for point, figure in rows(with_types="--no-types" not in sys.argv[1:]):
        print(f"| {point} | {figure} |")


def _touched(counts):
    if counts is None:
        return "no part found"
    fewest, median = counts
    return f"{fewest} (median {median:g})"


def _listed(names):
    return f"{len(names)}" + (f" ({', '.join(name.partition('.')[2] for name in names)})" if names else "")


if __name__ == "__main__":
    main()
