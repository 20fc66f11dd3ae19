"""Findings that need no comparison of images: what cannot be read, sizes, color, and numbers of images."""

from __future__ import annotations

import numpy as np

from ltzoo.data.auditing.findings import Finding
from ltzoo.data.auditing.images import ImageList
from ltzoo.data.auditing.scan import Scan

LONGEST = 4.0
"""Images whose longer side is more than this many times the shorter one are long."""

ENLARGED = 2.0
"""Images that are enlarged more than this many times for the network are small."""

FEW = 10
"""Classes with fewer training images are tiny."""

_MIXED = 2.0  # Ratio of the quantiles of the sizes that makes them mixed.
_SHARE = 0.9
_FEWEST = 5


def files(images: ImageList, scan: Scan) -> list[Finding]:
    """Return a finding per unreadable file, per reason why files are not used, and per blank image."""
    findings = []
    for position, reason in enumerate(scan.reasons):
        if reason is not None:
            text = f"{images.name(position)}: {reason}"
            findings.append(Finding("unreadable", text, (position,), facts={"reason": reason}))
    for reason, paths in images.left_out.items():
        text = f"{len(paths)} {reason}, such as {paths[0]}"
        findings.append(Finding("left_out", text, (), len(paths), {"reason": reason, "paths": paths}))
    blank = np.flatnonzero(scan.blank).tolist()
    return findings + [Finding("blank", f"{images.name(p)} shows one color only", (p,)) for p in blank]


def classes(images: ImageList, scan: Scan, few: int) -> list[Finding]:
    """Return a finding per class with fewer than `few` readable training images, and per class without any."""
    counts = images.train_counts(scan.readable)
    findings = []
    for label in np.argsort(counts, kind="stable").tolist():
        count, name = int(counts[label]), images.class_names[label]
        facts = {"class": name, "images": count}
        if count == 0:
            findings.append(Finding("not_trained", f"{name!r} has no training image", (), 0.0, facts))
        elif count < few:
            plural = "" if count == 1 else "s"
            findings.append(
                Finding(
                    "tiny_class", f"{name!r} has {count} training image{plural}", (), -float(count), facts
                )
            )
    return findings


def colors(images: ImageList, scan: Scan) -> list[Finding]:
    """Return a finding if all images are gray, or some, which may be most of some classes only."""
    readable = scan.readable
    gray = scan.gray & readable
    if not gray.any():
        return []
    if gray.sum() == readable.sum():
        stored = int((gray & scan.colored).sum())
        how = f", and {stored:,} of them are stored with three equal channels" if stored else ""
        text = f"all images are gray{how}; networks with random weights can take one channel (--channels 1)"
        return [Finding("gray", text, facts={"gray": int(gray.sum()), "stored_in_color": stored})]
    classes_total = np.bincount(images.labels[readable], minlength=len(images.class_names))
    classes_gray = np.bincount(images.labels[gray], minlength=len(images.class_names))
    share = classes_gray / np.maximum(classes_total, 1)
    telling = np.flatnonzero((share >= _SHARE) & (classes_total >= _FEWEST))
    text = f"{int(gray.sum()):,} of {int(readable.sum()):,} images are gray, the others have color"
    names = [images.class_names[label] for label in telling]
    if names and len(names) < len(images.class_names):
        shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
        text += f"; nearly all of {shown}, so that color may tell the class"
    shown_images = tuple(np.flatnonzero(gray)[:24].tolist())
    return [Finding("gray", text, shown_images, facts={"gray": int(gray.sum()), "gray_classes": names})]


def shapes(images: ImageList, scan: Scan, image_size: int) -> list[Finding]:
    """Return a finding each on mixed sizes, long images and small images.

    Args:
        images: all images.
        scan: what was found of them.
        image_size: side of the images that the network will be given.
    """
    readable = np.flatnonzero(scan.readable)
    if not len(readable):
        return []
    shorter, longer = scan.sizes[readable].min(axis=1), scan.sizes[readable].max(axis=1)
    findings = []
    low, middle, high = np.quantile(shorter, [0.05, 0.5, 0.95])
    if high > _MIXED * low:
        text = (
            f"the shorter sides are {int(low)} to {int(high)} pixels for nine of ten images, {int(middle)} for the "
            "middle one"
        )
        facts = {"low": int(low), "median": int(middle), "high": int(high)}
        findings.append(Finding("mixed_sizes", text, facts=facts))
    ratio = longer / shorter
    long, small = ratio > LONGEST, ENLARGED * shorter < image_size
    if long.any():
        text = _share(long, f"are more than {LONGEST:g} times as long as wide, or as wide as long")
        worst = readable[long][np.argsort(-ratio[long], kind="stable")]
        findings.append(Finding("long", text, tuple(worst.tolist())))
    if small.any():
        text = _share(small, f"have a side of less than {image_size / ENLARGED:g} pixels")
        worst = readable[small][np.argsort(shorter[small], kind="stable")]
        findings.append(Finding("small", text, tuple(worst.tolist()), facts={"image_size": image_size}))
    return findings


def _share(mask: np.ndarray, what: str) -> str:
    return f"{int(mask.sum()):,} of {len(mask):,} images {what}"
