"""Find unreadable images before training rather than in the middle of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.data.files import EncodedSplit, FileSplit, UnreadableImageError
from ltzoo.data.pixels import look_at
from ltzoo.data.reading_threads import in_order
from ltzoo.data.splits import Split
from ltzoo.phases import Phase, phase

DECODED = 20_000
"""Most images that are all decoded by the check."""

SAMPLE = 2_000
"""About so many of more images are decoded by the check."""

LOOK_SECONDS = 60.0
"""Longest time for the beginnings of the others, which take hours on a slow disk."""

_SHOWN = 5
_PART = 8  # Images that a thread decodes at a time.
_LOOKS = 256  # Images that a thread looks at at a time.


class UnreadableImagesError(OSError):
    """Some images of a dataset cannot be read.

    Attributes:
        errors: one `UnreadableImageError` per unreadable image.
        total: number of images checked.
    """

    def __init__(self, errors: list[UnreadableImageError], total: int):
        super().__init__(
            f"{len(errors)} of {total} images cannot be read. Repair or remove them, or pass skip_unreadable=True (on "
            f"the command line --skip-unreadable) to leave them out. Received: {_listing(errors)}"
        )
        self.errors = errors
        self.total = total

    def __reduce__(self):
        return type(self), (self.errors, self.total)


def check_images(split: Split) -> list[UnreadableImageError]:
    """Decode every image of a split and return the errors, in order.

    Each error has a `path` and a `reason`. Splits in memory have nothing to check. The check takes as long
    as reading the split once. A warning counts the images with several
    frames or pages, of which the first is used.
    """
    with phase("checking images", len(split)) as checking:
        failures, several = _checked(split, checking)
    _say_several(several, len(split))
    return [error for _, error in failures]


def readable(splits: dict[str, Split], skip_unreadable: bool) -> dict[str, Split]:
    """Check the images of several splits. One warning counts those with several frames or pages.

    Up to `DECODED` images are decoded. Of more, a sample spread evenly over the files is, and all others are looked at
    for `LOOK_SECONDS` at most: a file must not be empty, and must begin as an image does. Whatever is wrong behind that
    raises an `UnreadableImageError` when the image is first read.

    Args:
        splits: splits by name.
        skip_unreadable: leave unreadable images out, with a warning that counts and names them. All images are decoded.

    Returns:
        The splits without their unreadable images.

    Raises:
        UnreadableImagesError: some images cannot be read and `skip_unreadable` is False. The message counts
            all of them and names the first few.
    """
    kept, errors, several = {}, [], []
    total = sum(len(split) for split in splits.values())
    whole = skip_unreadable or total <= DECODED
    deadline = time.monotonic() + LOOK_SECONDS
    with phase("checking images", total) as checking:
        for name, split in splits.items():
            attempts = None if whole else _mixed_attempts(split, max(1, total // SAMPLE), deadline)
            failures, more = _checked(split, checking, attempts, _PART if whole else _LOOKS)
            several += more
            errors += [error for _, error in failures]
            bad = [position for position, _ in failures]
            kept[name] = split.subset(np.delete(np.arange(len(split)), bad)) if bad else split
    _say_several(several, total)
    if errors:
        if not skip_unreadable:
            raise UnreadableImagesError(errors, total)
        listing = "; ".join(f"{error.path} ({error.reason})" for error in errors)
        warn_caller(f"left out {len(errors)} of {total} images that cannot be read: {listing}")
    return kept


def _mixed_attempts(split, step, deadline) -> Callable[[int], bool] | None:
    """Return a function that decodes every `step`-th image, and looks at the others until the deadline."""
    if not isinstance(split, FileSplit):
        return None

    def attempt(position: int) -> bool:
        if position % step == 0:
            return split.check(position)
        if time.monotonic() < deadline:
            look_at(split.paths[position])
        return False

    return attempt


def _checked(
    split: Split,
    checking: Phase,
    check: Callable[[int], bool] | None = None,
    part: int = _PART,
) -> tuple[list[tuple[int, UnreadableImageError]], list[str]]:
    """Return the positions and errors of unreadable images, and the names of those with several frames.

    Args:
        split: the images.
        checking: the phase that counts them.
        check: function of a position that checks an image; None decodes it.
        part: images that a thread checks at a time.
    """
    failures, several = [], []
    if not isinstance(split, EncodedSplit):
        return failures, several
    check = check or split.check

    def attempt(positions: Sequence[int]) -> list[tuple[int, UnreadableImageError | bool]]:
        found = []
        for position in positions:
            try:
                found.append((position, check(position)))
            except UnreadableImageError as error:
                found.append((position, error.with_traceback(None)))
        return found

    parts = (range(start, min(start + part, len(split))) for start in range(0, len(split), part))
    for checked in in_order(attempt, parts):
        checking.advance(len(checked))
        for position, found in checked:
            if isinstance(found, UnreadableImageError):
                failures.append((position, found))
            elif found:
                several.append(split.describe(position))
    return failures, several


def _say_several(names: list[str], total: int) -> None:
    if names:
        shown = ", ".join(names[:_SHOWN]) + (
            f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        )
        warn_caller(
            f"{len(names)} of {total} images have several frames or pages, of which the first is used: {shown}"
        )


def _listing(errors: list[UnreadableImageError]) -> str:
    shown = "; ".join(f"{error.path} ({error.reason})" for error in errors[:_SHOWN])
    return shown + (f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else "")
