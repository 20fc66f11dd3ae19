"""The results table for the terminal."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ltzoo.printable import printable
from ltzoo.report.columns import COLUMNS, SECONDS, images_of, table_cells


def results_table(
    results: Mapping,
    seconds: Mapping[str, float] | None = None,
    title: str | None = None,
    split: str | None = None,
) -> Table:
    """Return a rich `Table` with one row per model: top-1, many, medium, few, balanced accuracy, ECE, seconds.

    Args:
        results: `Result` by model name, in the order of the rows.
        seconds: training time in seconds by model name; None leaves out the column.
        title: title above the table.
        split: name of the split that was measured, such as "val", for the caption; None leaves it out.
    """
    measured = "" if split is None else f", of the {images_of(split)}"
    caption = Text(f"accuracies and ECE in %{measured}")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, caption=caption)
    table.add_column("model", overflow="fold")
    for column in COLUMNS:
        table.add_column(column.heading.removesuffix(" %"), justify="right", no_wrap=True)
    if seconds is not None:
        table.add_column(SECONDS.heading, justify="right", no_wrap=True)
    for name, cells in table_cells(results, seconds).items():
        table.add_row(
            Text(printable(name)),
            *(Text(cell.text, style="bold green" if cell.best else "") for cell in cells),
        )
    return table
