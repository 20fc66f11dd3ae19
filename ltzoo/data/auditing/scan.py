"""One pass over image files: what can be read, and small descriptions of what the pictures show."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from ltzoo.data.copies import content_digest
from ltzoo.data.image_fit import ImageFit
from ltzoo.data.image_formats import formats_for
from ltzoo.data.image_metadata import upright_size
from ltzoo.data.pixels import UnreadableImageError, decode_image
from ltzoo.data.reading_threads import in_order
from ltzoo.phases import phase

SIDE = 32
"""Side of the gray thumbnail that is kept of every image, in pixels."""

DECODED_SIDE = 128
"""Large JPEG files are decoded at a size that suffices for pictures of this side."""

_BLANK = 6  # Most gray values between the darkest and the brightest part.
_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")

Use = Callable[[np.ndarray, np.ndarray], None]


@dataclasses.dataclass
class Scan:
    """What one pass over N files found; rows of unreadable files are zero.

    Attributes:
        reasons: why a file cannot be read, `[N]`; None for readable files.
        digests: digest of the content of each readable file that shares its length with another one, `[N]`; else
            empty.
        sizes: (height, width) of the upright image, int64 `[N, 2]`.
        colored: whether the file stores color channels, `[N]`.
        gray: whether all channels are equal, `[N]`.
        thumbnails: gray thumbnails, uint8 `[N, 32, 32]`.
    """

    reasons: list[str | None]
    digests: list[bytes]
    sizes: np.ndarray
    colored: np.ndarray
    gray: np.ndarray
    thumbnails: np.ndarray

    @classmethod
    def empty(cls, count: int) -> Scan:
        """Return a scan of `count` files, to be filled."""
        return cls(
            [None] * count,
            [b""] * count,
            np.zeros((count, 2), np.int64),
            np.zeros(count, bool),
            np.zeros(count, bool),
            np.zeros((count, SIDE, SIDE), np.uint8),
        )

    @property
    def readable(self) -> np.ndarray:
        """Whether each file can be read, `[N]`."""
        return np.asarray([reason is None for reason in self.reasons], bool)

    @property
    def blank(self) -> np.ndarray:
        """Whether each readable image has nearly one color only, `[N]`."""
        return (np.ptp(self.thumbnails, axis=(1, 2)) < _BLANK) & self.readable


def scan(
    paths: Sequence[str],
    *,
    side: int | None = None,
    chosen: np.ndarray | None = None,
    use: Use | None = None,
    batch_size: int = 64,
) -> Scan:
    """Decode every file once, in threads.

    Args:
        paths: the files.
        side: side in pixels of the color images that `use` gets.
        chosen: mask `[N]` of the images that `use` gets; None for all.
        use: is called with the positions `[n]` and the images, uint8 `[n, side, side, 3]`, of up to `batch_size`
            readable files at a time.
        batch_size: the largest n.
    """
    count = len(paths)
    found = Scan.empty(count)
    lengths = [_length(path) for path in paths]
    shared = Counter(lengths)
    waiting: list[tuple[int, np.ndarray]] = []

    def look(position: int) -> Seen | str:
        wanted = use is not None and (chosen is None or bool(chosen[position]))
        return look_at(paths[position], side if wanted else None, shared[lengths[position]] > 1)

    with phase("looking at images", count) as looking:
        for position, seen in enumerate(in_order(look, range(count))):
            if isinstance(seen, str):
                found.reasons[position] = seen
            else:
                found.digests[position], found.sizes[position] = seen.digest, seen.size
                found.colored[position], found.gray[position] = seen.colored, seen.gray
                found.thumbnails[position] = seen.thumbnail
                if seen.picture is not None:
                    waiting.append((position, seen.picture))
            if use is not None and waiting and (len(waiting) == batch_size or position + 1 == count):
                positions, images = zip(*waiting, strict=True)
                use(np.asarray(positions), np.stack(images))
                waiting.clear()
            looking.advance()
    return found


@dataclasses.dataclass(frozen=True)
class Seen:
    """What is kept of one image; see `Scan`."""

    digest: bytes
    size: tuple[int, int]
    colored: bool
    gray: bool
    thumbnail: np.ndarray
    picture: np.ndarray | None


def look_at(path: str, side: int | None = None, digest: bool = True) -> Seen | str:
    """Decode a file; return what is kept of it, or the reason why it cannot be read.

    Args:
        path: the file.
        side: also return the whole picture, squashed to this side in pixels.
        digest: also compute the digest of the file.
    """
    longest = max(DECODED_SIDE, side or 0)
    try:
        image = decode_image(path, fitted=ImageFit((longest, longest), "squash"))
        height, width, colored = _header(path)
    except UnreadableImageError as error:
        return error.reason
    try:
        content = content_digest(path) if digest else b""
    except OSError:  # It has just been removed.
        content = b""
    pixels = squashed(image, longest)
    return Seen(
        content,
        (height or image.height, width or image.width),
        colored,
        bool((pixels == pixels[..., :1]).all()),
        gray_thumbnail(image),
        None if side is None else pixels if side == longest else squashed(image, side),
    )


def gray_thumbnail(image: Image.Image) -> np.ndarray:
    """Return a decoded image in gray, squashed to a square of `SIDE` pixels, uint8 `[SIDE, SIDE]`."""
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(small.convert("L"))


def squashed(image: Image.Image, side: int) -> np.ndarray:
    """Return a decoded image squashed to a square of `side` pixels, uint8 `[side, side, channels]`."""
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3.0))


def _header(path: str) -> tuple[int, int, bool]:
    """Return height, width, upright, and whether color is stored; zeros where the header alone cannot be read."""
    try:
        with open(path, "rb") as file:
            suffix = os.path.splitext(path)[1].lower()
            with Image.open(file, formats=formats_for(file, suffix)) as image:
                width, height = upright_size(image)
                return height, width, image.mode not in _GRAY_MODES
    except Exception:  # Such as metadata that the pixel contract reads around.
        return 0, 0, True


def _length(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
