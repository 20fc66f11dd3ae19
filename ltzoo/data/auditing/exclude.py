"""Which images to leave out, given what an audit found."""

from __future__ import annotations

from collections.abc import Iterable

from ltzoo.data.auditing.findings import Finding
from ltzoo.data.auditing.images import ImageList
from ltzoo.data.exclusions import Exclusion
from ltzoo.printable import printable


def to_exclude(images: ImageList, findings: Iterable[Finding], labels: bool) -> list[Exclusion]:
    """Return the images to leave out, in the order of the findings; see `Audit.exclusions`."""
    found: dict[int, Exclusion] = {}

    def add(position: int, reason: str, detail: str) -> None:
        found.setdefault(position, Exclusion(images.listed_name(position), reason, printable(detail)))

    for finding in findings:
        if finding.kind == "unreadable":
            add(finding.images[0], "unreadable", finding.facts["reason"])
        elif finding.kind == "blank":
            add(finding.images[0], "blank", "")
        elif finding.kind in ("exact_duplicates", "near_duplicates"):
            _copies(images, finding, add)
        elif finding.kind == "suspicious_label" and labels:
            add(finding.images[0], "suspicious label", f"rather {finding.facts['predicted']}")
    unreadable = {p for finding in findings if finding.kind == "unreadable" for p in finding.images}
    for position in _needed(images, found, unreadable):
        del found[position]
    return list(found.values())


def _copies(images: ImageList, finding: Finding, add) -> None:
    exact = finding.kind == "exact_duplicates"
    word = "exact duplicate" if exact else "near duplicate"
    classes, splits = finding.facts["classes"], finding.facts["splits"]
    kept, *copies = finding.images  # The first is the most worth keeping.
    if len(classes) > 1 and exact:
        for position in finding.images:
            others = [name for name in classes if name != images.class_of(position)]
            add(position, f"{word} in two classes", f"also in {', '.join(others)}")
        return
    if len(classes) > 1:  # Both labels may be right.
        copies = [p for p in copies if images.splits[p] != images.splits[kept]]
    across = f" across {' and '.join(splits)}" if len(splits) > 1 else ""
    for position in copies:
        if images.paths[position] != images.paths[kept]:  # A table may list a file twice.
            add(position, word + across, f"of {images.name(kept)}")


def _needed(images: ImageList, found: dict[int, Exclusion], unreadable: set[int]) -> list[int]:
    """Return one excluded image of each class that would lose all its training images."""
    left = images.train_counts()
    for position in found:
        if images.splits[position] == 0:
            left[images.labels[position]] -= 1
    needed = []
    for position in found:
        label = images.labels[position]
        if images.splits[position] == 0 and left[label] == 0 and position not in unreadable:
            needed.append(position)
            left[label] = 1
    return needed
