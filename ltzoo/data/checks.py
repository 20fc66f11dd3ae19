"""Find unreadable images before training rather than in the middle of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ltzoo.data.files import EncodedSplit, UnreadableImageError
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
            f"{len(errors)} of {total} images cannot be read: {_listing(errors)}. Repair or remove them, or "
            "pass skip_unreadable=True (on the command line --skip-unreadable) to leave them out"
        )
        self.errors = errors
        self.total = total

    def __reduce__(self):
        return type(self), (self.errors, self.total)


def check_images(split: Split) -> list[UnreadableImageError]:
    """Decode every image of a split and return the errors, in order.

    Each error has a `path` and a `reason`. Splits in memory have nothing to check. The check takes as long
    as reading the split once. It uses one thread per core, at most 8.
    """
    return [error for _, error in _failures(split)]


def readable(splits: dict[str, Split], skip_unreadable: bool) -> dict[str, Split]:
    """Check the images of several splits.

    Args:
        splits: splits by name.
        skip_unreadable: leave unreadable images out, with a warning that counts and names them.

    Returns:
        The splits without their unreadable images.

    Raises:
        UnreadableImagesError: some images cannot be read and `skip_unreadable` is False. The message counts
            all of them and names the first few.
    """
    kept, errors = {}, []
    for name, split in splits.items():
        failures = list(_failures(split))
        errors += [error for _, error in failures]
        bad = [position for position, _ in failures]
        kept[name] = split.subset(np.delete(np.arange(len(split)), bad)) if bad else split
    if errors:
        total = sum(len(split) for split in splits.values())
        if not skip_unreadable:
            raise UnreadableImagesError(errors, total)
        listing = "; ".join(f"{error.path} ({error.reason})" for error in errors)
        warnings.warn(
            f"left out {len(errors)} of {total} images that cannot be read: {listing}", stacklevel=3
        )
    return kept


def _failures(split: Split) -> Iterator[tuple[int, UnreadableImageError]]:
    if not isinstance(split, EncodedSplit):
        return

    def attempt(position: int) -> UnreadableImageError | None:
        try:
            split.open(position)
        except UnreadableImageError as error:
            return error.with_traceback(None)
        return None

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for position, error in enumerate(pool.map(attempt, range(len(split)))):
            if error is not None:
                yield position, error


def _listing(errors: list[UnreadableImageError]) -> str:
    shown = "; ".join(f"{error.path} ({error.reason})" for error in errors[:_SHOWN])
    return shown + (f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else "")
