"""Small pictures in a page: JPEG data of images, and sheets of many in one file."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ltzoo.data.splits import Split

_BATCH = 64
_QUALITY = 70
_SHEET_QUALITY = 55
_SHEET_HEIGHT = 20_000  # JPEG ends at 65,535; some browsers draw less.


def load_pictures(split: Split, positions: Sequence[int] | np.ndarray, side: int) -> dict[int, Image.Image]:
    """Return the images at positions, as the classifier sees them, shrunk to fit a square.

    Args:
        split: source of the images.
        positions: positions in it; repeats are read once.
        side: longest side in pixels; smaller images stay as they are.
    """
    wanted = np.unique(np.asarray(positions, "int64"))
    found = {}
    for start in range(0, len(wanted), _BATCH):
        chosen = wanted[start : start + _BATCH]
        for position, pixels in zip(chosen, np.asarray(split.load(chosen)), strict=True):
            picture = _picture(pixels)
            picture.thumbnail((side, side), Image.Resampling.BILINEAR)
            found[int(position)] = picture
    return found


def jpeg_address(picture: Image.Image, quality: int = _QUALITY) -> str:
    """Return a picture as a `data:` address of a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


class Sheets:
    """Pictures of many classes in few JPEG files, one row per class, which a style sheet shows in parts.

    Args:
        rows: the pictures of each class; classes may have fewer than others, or none.
        side: side of a picture's square in pixels.

    Attributes:
        addresses: the files as `data:` addresses.
        columns: largest number of pictures of a class.
        numbers: pictures per class.
    """

    def __init__(self, rows: Sequence[Sequence[Image.Image]], side: int):
        self.side = side
        self.columns = max(map(len, rows), default=0)
        self.numbers = [len(row) for row in rows]
        self._rows_each = max(1, _SHEET_HEIGHT // side)
        starts = range(0, len(rows) if self.columns else 0, self._rows_each)
        self.addresses = [self._sheet(rows[start : start + self._rows_each]) for start in starts]

    def place(self, label: int) -> tuple[int, int]:
        """Return the number of the file with a class, and the distance of its row from the top in pixels."""
        sheet, row = divmod(label, self._rows_each)
        return sheet, row * self.side

    def _sheet(self, rows):
        gray = all(picture.mode == "L" for row in rows for picture in row)
        size = (self.columns * self.side, len(rows) * self.side)
        sheet = Image.new("L" if gray else "RGB", size, "white")
        for down, row in enumerate(rows):
            for across, picture in enumerate(row):
                left, top = ((self.side - length) // 2 for length in picture.size)
                sheet.paste(picture, (across * self.side + left, down * self.side + top))
        return jpeg_address(sheet, _SHEET_QUALITY)


def _picture(pixels):
    values = np.clip(np.asarray(pixels), 0, 255).astype("uint8")
    if values.shape[-1] == 1:
        return Image.fromarray(values[..., 0])
    return Image.fromarray(values[..., :3])
