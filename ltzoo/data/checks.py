"""Find unreadable images before training rather than in the middle of it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.data.files import EncodedSplit, UnreadableImageError
from ltzoo.data.pixels import SEVERAL_FRAMES
from ltzoo.data.splits import Split

_SHOWN = 5


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
    as reading the split once. It uses one thread per core, at most 8. A warning counts the images with several
    frames or pages, of which the first is used.
    """
    failures, several = _checked(split)
    _say_several(several, len(split))
    return [error for _, error in failures]


def readable(splits: dict[str, Split], skip_unreadable: bool) -> dict[str, Split]:
    """Check the images of several splits. One warning counts those with several frames or pages.

    Args:
        splits: splits by name.
        skip_unreadable: leave unreadable images out, with a warning that counts and names them.

    Returns:
        The splits without their unreadable images.

    Raises:
        UnreadableImagesError: some images cannot be read and `skip_unreadable` is False. The message counts
            all of them and names the first few.
    """
    kept, errors, several = {}, [], []
    total = sum(len(split) for split in splits.values())
    for name, split in splits.items():
        failures, more = _checked(split)
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


def _checked(split: Split) -> tuple[list[tuple[int, UnreadableImageError]], list[str]]:
    """Return the positions and errors of unreadable images, and the names of those with several frames."""
    failures, several = [], []
    if not isinstance(split, EncodedSplit):
        return failures, several

    def attempt(position: int) -> UnreadableImageError | bool:
        try:
            return bool(split.open(position).info.get(SEVERAL_FRAMES))
        except UnreadableImageError as error:
            return error.with_traceback(None)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for position, found in enumerate(pool.map(attempt, range(len(split)))):
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
