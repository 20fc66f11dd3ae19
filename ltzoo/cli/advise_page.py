"""What `ltzoo advise` prints: one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltzoo.cli.console import console, echo
from ltzoo.cli.estimate import duration

if TYPE_CHECKING:
    from ltzoo.data.auditing.survey import Survey


def print_advice(data: str, found: Survey, content: dict[str, Any]) -> None:
    """Print everything on one page.

    Args:
        data: what the user calls the data.
        found: the survey.
        content: what the file of `--json` holds.
    """
    from rich.table import Table

    total, classes = sum(content["images"].values()), len(content["class_counts"])
    parts = ", ".join(f"{count:,} {name}" for name, count in content["images"].items())
    echo(f"{total:,} images of {classes:,} classes in {data}: {parts}")
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("group")
    for heading in ("classes", "training images", "per class"):
        table.add_column(heading, justify="right")
    for name, group in content["groups"].items():
        spread = f"{group['fewest']:,} to {group['most']:,}" if group["classes"] > 1 else f"{group['most']:,}"
        table.add_row(name, f"{group['classes']:,}", f"{group['images']:,}", spread)
    console().print(table)
    largest, smallest = found.counts.array.argmax(), found.counts.array.argmin()
    names = found.dataset.class_names
    echo(
        f"imbalance factor {found.counts.imbalance_factor:,.4g}: {found.counts.largest:,} images of {names[largest]}, "
        f"{found.counts.smallest:,} of {names[smallest]}"
    )
    recommended, expected = content["recommended"], content["recommended"]["expected"]
    echo("")
    echo("recommended:")
    echo(f"  {recommended['command']}")
    if expected is not None:
        views = f", {expected['views']} views of each" if expected["views"] > 1 else ""
        echo(f"  takes about {duration(expected['seconds'])} here, at {expected['image_size']} pixels{views}")
    console().print(f"  {recommended['why']}", soft_wrap=True)
    for addition in recommended["options"]:
        console().print(f"  {addition['option']}: {addition['why']}", soft_wrap=True)
    if content["improvements"]:
        seen = "" if found.all_seen else f" (of {found.looked_at:,} images looked at)"
        echo("")
        echo(f"what would help more{seen}:")
        for number, one in enumerate(content["improvements"], start=1):
            console().print(f"  {number}. {one['text']}", soft_wrap=True)
