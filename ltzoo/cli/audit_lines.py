"""What a terminal shows of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltzoo.cli.console import console, echo
from ltzoo.printable import printable

if TYPE_CHECKING:
    from ltzoo.data.auditing.audit import Audit
    from ltzoo.data.auditing.findings import Finding


def print_audit(found: Audit) -> None:
    """Print a line per kind, with the number of findings and the worst of them."""
    from rich.table import Table

    from ltzoo.data.auditing.findings import KINDS

    images = found.images
    echo(
        f"{len(images):,} images in {len(images.class_names):,} classes, {found.seconds:.0f} s; "
        + (f"labels of {found.compared:,} images checked" if found.compared else "labels not checked")
    )
    if not found.findings:
        echo("nothing found")
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for kind, words in KINDS.items():
        own = found.of(kind)
        if own:
            count = sum(len(f.images) for f in own) if kind in ("long", "small") else len(own)
            number = "" if kind in ("gray", "mixed_sizes", "groups") else f"{count:,}"
            table.add_row(number, words.heading.lower(), printable(_shown(found, own)))
    console().print(table)


def _shown(found: Audit, own: list[Finding]) -> str:
    """Return what is said of the findings of one kind: the worst of them, and how many cross splits and classes."""
    first = own[0]
    if first.kind in ("exact_duplicates", "near_duplicates"):
        counts = [
            f"{number:,} {words}"
            for number, words in (
                (sum(len(finding.facts["splits"]) > 1 for finding in own), "across splits"),
                (sum(len(finding.facts["classes"]) > 1 for finding in own), "across classes"),
            )
            if number
        ]
        pair = " = ".join(found.images.name(p) for p in first.images[:2])
        return "; ".join(["groups" + (f", {' and '.join(counts)}" if counts else ""), pair])
    return first.text
