"""The results table for the terminal."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ltzoo.metrics.per_class import FEW_IMAGES
from ltzoo.printable import printable
from ltzoo.report.columns import COLUMNS, GROUPS, SECONDS, behind, images_of, table_cells


def results_table(
    results: Mapping,
    seconds: Mapping[str, float] | None = None,
    title: str | None = None,
    split: str | None = None,
) -> Table:
    """Return a rich `Table` with one row per model: top-1, many, medium, few, balanced accuracy, ECE, seconds.

    Below a value stands its 95 % interval; a star marks groups of fewer than 10 images.

    Args:
        results: `Result` by model name, in the order of the rows.
        seconds: training time in seconds by model name; None leaves out the column.
        title: title above the table.
        split: name of the split that was measured, such as "val", for the caption; None leaves it out.
    """
    rows = table_cells(results, seconds)
    caption = [f"accuracies and ECE in %{'' if split is None else f', of the {images_of(split)}'}"]
    if any(cell.interval for cells in rows.values() for cell in cells):
        caption.append("second line: 95 % interval")
    if any(cell.small for cells in rows.values() for cell in cells):
        caption.append(f"*: fewer than {FEW_IMAGES} images")
    caption = "; ".join(caption) + (f"\n{behind(results)}\n{GROUPS}" if behind(results) else "")
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, caption=Text(caption), caption_justify="left",
        padding=(0, 1, 0, 0), pad_edge=False,
    )  # fmt: skip
    table.add_column("model", overflow="fold")
    for column in COLUMNS:
        table.add_column(column.heading.removesuffix(" %"), justify="right", no_wrap=True)
    if seconds is not None:
        table.add_column(SECONDS.heading, justify="right", no_wrap=True)
    for name, cells in rows.items():
        table.add_row(Text(printable(name)), *map(_shown, cells))
    return table


def _shown(cell) -> Text:
    text = Text(cell.text + "*" * cell.small, style="bold green" if cell.best else "")
    if cell.interval:
        text.append("\n" + cell.interval, style="not bold dim")
    return text
