"""What an audit finds: one finding per image, group of images or class, of a few kinds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """What all findings of a kind have in common: a heading, and what to do about them."""

    heading: str
    advice: str


KINDS: Mapping[str, Kind] = {
    "unreadable": Kind("Unreadable images", "Repair or remove them; --skip-unreadable leaves them out."),
    "left_out": Kind("Files that are not used", "They are ignored in training. Convert those that matter."),
    "exact_duplicates": Kind(
        "Exact duplicates",
        "Files with the same content. A copy on both sides of a split makes the accuracy look better than it is; in "
        "two classes, one has a wrong label.",
    ),
    "near_duplicates": Kind(
        "Near duplicates",
        "Images that show the same: resized, saved again, brightened, mirrored, turned, or one object a moment later.",
    ),
    "suspicious_label": Kind(
        "Suspicious labels",
        "A classifier that has not seen the image finds another class far more probable than its own. In classes that "
        "people mix up too, many of these labels are right: look before you change or remove them.",
    ),
    "groups": Kind(
        "Groups of images that seem to belong together",
        "Images of one animal, object or series should be on one side of a split.",
    ),
    "tiny_class": Kind("Tiny classes", "More images of these classes help more than anything else."),
    "not_trained": Kind("Classes without training images", "They can be measured, but never learned."),
    "blank": Kind("Blank images", "They show one color only."),
    "gray": Kind("Gray images", "Color tells nothing about them, or tells the class where it should not."),
    "mixed_sizes": Kind(
        "Pixels of the shorter sides", "Classes may be told apart by size instead of by what they show."
    ),
    "long": Kind("Long images", "Cropping to a square loses most of them; see --fit."),
    "small": Kind("Small images", "They are enlarged for the network and show little."),
}
"""All kinds by name, in the order in which they are shown."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        kind: one of `KINDS`.
        text: one sentence.
        images: positions of the images concerned.
        score: how certain or severe it is, within its kind; findings are ordered by it, the largest first.
        facts: further values by name, which are plain JSON.
    """

    kind: str
    text: str
    images: tuple[int, ...] = ()
    score: float = 0.0
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
