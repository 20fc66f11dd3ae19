"""What would help more than another recipe: images to take, and faults of the data to look at."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ltzoo.class_counts.counts import FEW_BELOW
from ltzoo.cli.estimate import duration
from ltzoo.data.auditing.audit import FEATURE_IMAGES
from ltzoo.data.auditing.findings import KINDS
from ltzoo.data.auditing.survey import Survey

_SHOWN = 5
_FEWEST_TESTED = 10
# Findings that are shown in their own words.
_IN_WORDS = ("gray", "mixed_sizes", "long", "small")


class Improvement(NamedTuple):
    """One thing that would help.

    Attributes:
        kind: "images", "labels", "groups", "test", or a kind of `ltzoo.data.auditing.findings.KINDS`.
        text: what to do, in a sentence or two.
        facts: further values for JSON.
    """

    kind: str
    text: str
    facts: dict[str, Any]


def improvements(found: Survey, data: str, grouped: bool, per_view: float | None = None) -> list[Improvement]:
    """Return what would help, the most useful first.

    Args:
        found: the survey.
        data: what the user calls the data.
        grouped: whether a rule for groups was given.
        per_view: seconds of an image in the network that checks labels, or None.
    """
    return [
        *_rare_classes(found),
        *_faults(found),
        *_labels(found, data, per_view),
        *_groups(found, grouped),
        *_tests(found),
        *(
            Improvement(kind, f"{one.text}. {KINDS[kind].advice}", dict(one.facts))
            for kind in _IN_WORDS
            for one in found.audit.of(kind)
        ),
    ]


def _rare_classes(found: Survey) -> Iterator[Improvement]:
    counts, names = found.counts.array, found.dataset.class_names
    few = found.counts.groups["few"]
    if not len(few):
        return
    order = few[np.argsort(counts[few], kind="stable")]
    missing = int((FEW_BELOW - counts[few]).sum())
    shown = ", ".join(f"{names[label]} ({counts[label]})" for label in order[:_SHOWN])
    more = f" and {len(order) - _SHOWN:,} more" if len(order) > _SHOWN else ""
    text = f"images of rare classes first: {shown}{more}. {missing:,} images would bring every class to {FEW_BELOW}"
    wanted = {names[label]: int(counts[label]) for label in order}
    yield Improvement("images", text, {"classes": wanted, "missing": missing})


def _faults(found: Survey) -> Iterator[Improvement]:
    audit = found.audit
    for kind, what in (("unreadable", "files cannot be read"), ("blank", "images show one color only")):
        faults = audit.of(kind)
        if faults:
            paths = [audit.images.name(position) for one in faults for position in one.images]
            yield Improvement(kind, f"{len(paths):,} {what}, such as {paths[0]}", {"paths": paths})
    for kind, what in (
        ("exact_duplicates", "the same content"),
        ("near_duplicates", "the same picture, saved in another way"),
    ):
        apart = [
            one for one in audit.of(kind) if len(one.facts["splits"]) > 1 or len(one.facts["classes"]) > 1
        ]
        if apart:
            groups = [[audit.images.name(position) for position in one.images] for one in apart]
            yield Improvement(
                kind,
                f"{len(groups):,} groups of images with {what} in several splits or classes, such as "
                f"{groups[0][0]} and {groups[0][1]}",
                {"groups": groups},
            )


def _labels(found: Survey, data: str, per_view: float | None) -> Iterator[Improvement]:
    command = f"ltzoo check {shlex.quote(data)} --out check.html"
    if found.audit.compared:
        suspicious = found.audit.of("suspicious_label")
        paths = [found.audit.images.name(position) for one in suspicious for position in one.images]
        if paths:
            text = (
                f"labels to look at: {len(paths):,} of {found.audit.compared:,}, such as {suspicious[0].text}"
            )
            yield Improvement("labels", f"{text}. Pictures: {command}", {"paths": paths})
        return
    text = f"labels were not checked. Look for wrong ones: {command}"
    if per_view is not None:
        images = sum(found.images.values())
        seconds = images * found.seconds_per_image + min(images, FEATURE_IMAGES) * per_view
        text += f" (about {duration(seconds)})"
    yield Improvement("labels", text, {"command": command})


def _groups(found: Survey, grouped: bool) -> Iterator[Improvement]:
    if not grouped:
        yield from (Improvement("groups", one.text, dict(one.facts)) for one in found.audit.of("groups"))


def _tests(found: Survey) -> Iterator[Improvement]:
    counts = found.test_counts
    if counts is None:
        text = (
            "there are no test images. Keep photographs of other days, places or animals apart, as test/CLASS next to "
            "train/CLASS"
        )
        yield Improvement("test", text, {"images": 0})
        return
    few = np.flatnonzero(counts < _FEWEST_TESTED)
    if len(few):
        text = (
            f"{len(few):,} of {len(counts):,} classes have fewer than {_FEWEST_TESTED} test images, so their own "
            "accuracy is hardly known"
        )
        yield Improvement("test", text, {"images": int(counts.sum()), "classes": len(few)})
