"""One HTML page with the pictures of what an audit found."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.data.auditing.audit import Audit
from ltzoo.data.auditing.findings import KINDS, Finding
from ltzoo.data.image_fit import ImageFit
from ltzoo.data.pixels import UnreadableImageError, decode_image
from ltzoo.data.reading_threads import in_order
from ltzoo.files import atomic_write
from ltzoo.phases import phase
from ltzoo.printable import printable
from ltzoo.report.templates import template
from ltzoo.report.thumbnails import jpeg_address
from ltzoo.version import __version__

SIDE = 128
"""Longest side of a picture in pixels."""

MOST_BYTES = 7_000_000
"""Most bytes of all pictures; further ones are not shown."""

_PAIRS = ("exact_duplicates", "near_duplicates")
_PICTURES_EACH = {"exact_duplicates": 6, "near_duplicates": 6, "suspicious_label": 1, "gray": 8}
_PICTURES_OTHERWISE = 24
_SHOWN = {"exact_duplicates": 60, "near_duplicates": 120, "suspicious_label": 100}
_SHOWN_OTHERWISE = 300
_TYPICAL = 2


def write_audit(found: Audit, path: str | os.PathLike, title: str = "") -> Path:
    """Write the page: sections for the kinds that were found, with pictures in it, of less than 10 MB.

    It loads nothing, so it works without a network. Names are escaped.

    Args:
        found: the audit.
        path: the HTML file, written whole or not at all.
        title: heading; by default the name of the folder.

    Returns:
        The path.
    """
    path = Path(path)
    shown = {kind: found.of(kind)[: _SHOWN.get(kind, _SHOWN_OTHERWISE)] for kind in KINDS}
    typical = _typical(found)
    given = {finding.facts[key] for finding in shown["suspicious_label"] for key in ("given", "predicted")}
    pictures = _pictures(found, _wanted(shown, {name: typical[name] for name in given if name in typical}))
    sections = [
        _section(found, kind, findings, pictures, typical) for kind, findings in shown.items() if findings
    ]
    page = template("audit_page.html").render(
        title=title or found.images.root.resolve().name or "images",
        facts=_facts(found),
        sections=sections,
        left=sum(section["missing"] for section in sections),
        version=__version__,
    )
    with atomic_write(path) as temporary:
        temporary.write_text(printable(page, keep="\n"), encoding="utf-8")
    return path


def _section(
    found: Audit, kind: str, findings: list[Finding], pictures: dict[int, str], typical: dict[str, list[int]]
) -> dict[str, Any]:
    every = found.of(kind)
    entries = [_entry(found, finding, pictures, typical) for finding in findings]
    return {
        "kind": kind,
        "heading": KINDS[kind].heading,
        "advice": KINDS[kind].advice,
        "count": _count(kind, every),
        "pairs": kind in _PAIRS,
        "entries": entries,
        "more": len(every) - len(findings),
        "missing": sum(not picture["source"] for entry in entries for picture in entry["pictures"]),
    }


def _count(kind: str, findings: list[Finding]) -> str:
    """Return the number that stands for all findings of a kind."""
    if kind == "mixed_sizes":
        return f"{findings[0].facts['low']:,} to {findings[0].facts['high']:,}"
    if kind in ("gray", "groups"):
        return f"{findings[0].facts[kind]:,}"
    if kind in ("long", "small"):
        return f"{sum(len(finding.images) for finding in findings):,}"
    return f"{len(findings):,}"


def _entry(
    found: Audit, finding: Finding, pictures: dict[int, str], typical: dict[str, list[int]]
) -> dict[str, Any]:
    images = found.images
    most = _PICTURES_EACH.get(finding.kind, _PICTURES_OTHERWISE)
    chosen = () if finding.kind == "unreadable" else finding.images[:most]
    entry = {
        "text": finding.text,
        "facts": finding.facts,
        "pictures": [
            {
                "source": pictures.get(p, ""),
                "name": images.name(p),
                "class": images.class_of(p),
                "split": images.split(p),
            }
            for p in chosen
        ],
        "more": len(finding.images) - len(chosen) if chosen else 0,
        "typical": [],
    }
    if finding.kind == "suspicious_label":
        entry["typical"] = [
            {
                "word": word,
                "class": finding.facts[word],
                "percent": 100 * finding.facts[f"{word}_probability"],
                "sources": [
                    pictures[p]
                    for p in typical.get(finding.facts[word], ())
                    if p in pictures and p != finding.images[0]
                ],
            }
            for word in ("given", "predicted")
        ]
    return entry


def _typical(found: Audit) -> dict[str, list[int]]:
    """Return positions of a few training images of each class in which nothing was found."""
    images = found.images
    suspected = {
        p
        for finding in found.findings
        if finding.kind in ("unreadable", "suspicious_label", "blank")
        for p in finding.images
    }
    typical: dict[str, list[int]] = {}
    for position in np.flatnonzero(images.splits == 0).tolist():
        own = typical.setdefault(images.class_of(position), [])
        if len(own) < _TYPICAL and position not in suspected:
            own.append(position)
    return typical


def _wanted(shown: dict[str, list[Finding]], typical: dict[str, list[int]]) -> list[int]:
    """Return the positions of the pictures that the page shows, the most important first."""
    wanted: dict[int, None] = {}
    for kind in ("suspicious_label", *shown):
        most = _PICTURES_EACH.get(kind, _PICTURES_OTHERWISE)
        for finding in shown[kind] if kind != "unreadable" else ():
            wanted.update(dict.fromkeys(finding.images[:most]))
        if kind == "suspicious_label":
            wanted.update(dict.fromkeys(p for own in typical.values() for p in own))
    return list(wanted)


def _pictures(found: Audit, positions: Iterable[int]) -> dict[int, str]:
    """Return pictures as `data:` addresses, until they fill the page; files that cannot be read have none."""
    positions, made, size = list(positions), {}, 0
    fitted = ImageFit((2 * SIDE, 2 * SIDE), "pad")

    def picture(position: int) -> str:
        try:
            image = decode_image(found.images.paths[position], fitted=fitted)
        except UnreadableImageError:
            return ""
        image.thumbnail((SIDE, SIDE))
        return jpeg_address(image)

    with phase("making pictures", len(positions)) as making:
        for position, source in zip(positions, in_order(picture, positions), strict=False):
            size += len(source)
            if size > MOST_BYTES:
                break
            if source:
                made[position] = source
            making.advance()
    return made


def _facts(found: Audit) -> str:
    images = found.images
    splits = [f"{count:,} {name}" for name, count in images.split_counts().items() if count]
    compared = f"; features of {found.compared:,} images" if found.compared else "; without features"
    return (
        f"{len(images):,} images ({', '.join(splits)}) in {len(images.class_names):,} classes{compared}; "
        f"{found.seconds:.0f} seconds."
    )
