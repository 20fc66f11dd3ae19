"""From the values that an image file stores, of any mode and depth, to 8 bits of red, green and blue or of gray."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from PIL import Image

BACKGROUND = (255, 255, 255)
"""What shows through transparent pixels: white."""

DARKEST = 4096
"""16-bit files whose values all lie below are refused: most hold 10 or 12 bits, and would become almost black."""

_WAY_OUT = "save it with 8 bits per channel, scaled by the range of your dataset"
_KEYED = ("1", "L", "RGB")
_CODESTREAM = (
    b"\xff\x4f\xff\x51"  # The pixels of JPEG 2000 begin with these marks; 42 bytes on is the precision.
)


class Stored(NamedTuple):
    """What the header of a file says about its values.

    Attributes:
        bits: bits per value.
        stated: whether the header names a range of its own, as PGM does, and not just that values have 16 bits.
        inverted: whether 0 is white in gray values that Pillow does not turn around.
        key_scale: factor from a transparent gray value in the file to the decoded value.
        dark: greatest 8-bit value that Pillow makes of 16-bit colors below `DARKEST`.
        signed: whether negative values are possible.
        refused: why the values cannot be read rightly, or "".
    """

    bits: int = 8
    stated: bool = True
    inverted: bool = False
    key_scale: int = 1
    dark: int = (DARKEST >> 8) - 1
    signed: bool = False
    refused: str = ""


def stored(opened: Any) -> Stored:
    """Return what the header of an opened image says about its values, before they are loaded."""
    if opened.format == "PNG":
        raw = opened.tile[0][3] if opened.tile else ""
        raw = raw if isinstance(raw, str) else raw[0]
        key_scale = {"L;2": 85, "L;4": 17}.get(raw, 1)
        return Stored(16, stated=False) if ";16" in raw else Stored(key_scale=key_scale)
    if opened.format == "TIFF":
        return _of_tiff(opened.tag_v2, decoder=opened.tile[0][0] if opened.tile else "")
    if opened.format == "JPEG2000":
        return _of_jpeg_2000(opened.fp)
    if opened.format == "PPM":
        # The decoder scales by the largest value that the header names, which is among its arguments.
        described = opened.tile[0][3] if opened.tile else ""
        full = described == "I;16B" or (isinstance(described, tuple) and 65535 in described)
        bits = 16 if full or opened.mode == "I" else 8
        return Stored(bits, stated=not full, dark=DARKEST >> 8)  # It rounds colors, and drops no bits.
    return Stored(16 if opened.mode.startswith("I") else 8)


def _of_tiff(tags, decoder):
    bits = max(tags.get(258, (1,)))
    refused = ""
    if bits > 8 and decoder == "raw" and tags.get(284) == 2 and tags.get(277, 1) > 1:
        refused = (
            f"Pillow confuses the bytes of {bits}-bit values in separate planes; {_WAY_OUT}. "
            "Received: a planar TIFF without compression"
        )
    inverted = bits > 8 and tags.get(262) == 0
    return Stored(bits, stated=bits != 16, inverted=inverted, signed=2 in tags.get(339, ()), refused=refused)


def _of_jpeg_2000(file):
    """Read the precision, which Pillow does not tell, from the header of the compressed pixels."""
    before = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(before)
    start = content.find(_CODESTREAM)
    precision = content[start + 42] if 0 <= start < len(content) - 42 else 7
    bits = (precision & 127) + 1
    return Stored(16 if bits > 8 else 8, stated=bits != 16, signed=bool(precision & 128))


def eight_bits(image: Image.Image, header: Stored, channels: int) -> Image.Image:
    """Return an image of mode "RGB" (`channels` 3) or "L" (`channels` 1) on a white background.

    Of values with 9 to 16 bits the upper 8 bits are used.

    Args:
        image: the loaded image of any mode.
        header: what `stored` returned.
        channels: 3 or 1.

    Raises:
        ValueError: the values have no range that the file states, or use so little of it that they would be black.
    """
    if header.refused:
        raise ValueError(header.refused)
    if image.mode.startswith(("I", "F")):
        image = _from_numbers(image, header)
    elif header.signed:
        raise ValueError(_unknown_range(f"signed {header.bits}-bit integers"))
    elif header.bits > 8 and not header.stated:
        _check_colors(image, header)
    image = _on_background(image, header)
    if channels == 1 and image.mode == "LAB":
        image = image.convert("RGB")
    mode = "RGB" if channels == 3 else "L"
    return image if image.mode == mode else image.convert(mode)


def _from_numbers(image, header):
    values = np.asarray(image)
    beyond = values.min(initial=0) < 0 or values.max(initial=0) > 65535
    if image.mode == "F" or header.signed or header.bits > 16 or beyond:
        finite = values[np.isfinite(values)]
        low, high = (finite.min(), finite.max()) if finite.size else ("nan", "nan")
        kind = "float" if image.mode == "F" else "signed integer" if header.signed else "integer"
        raise ValueError(_unknown_range(f"{kind} values in {low}..{high}"))
    if header.bits == 16 and not header.stated and 0 < values.max(initial=0) < DARKEST:
        raise ValueError(_too_dark(f"{values.min()}..{values.max()}"))
    shown = (values >> (header.bits - 8)).astype(np.uint8)
    gray = Image.fromarray(255 - shown if header.inverted else shown)
    key = image.info.get("transparency")
    if isinstance(key, int):
        gray.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return gray


def _check_colors(image, header):
    if "transparency" in image.info:
        raise ValueError(
            f"a transparent 16-bit color cannot be told from its neighbors; {_WAY_OUT}. Received: 16-bit RGB with tRNS"
        )
    bands = [band for band in image.getbands() if band not in "Aa"]
    greatest = max(image.getchannel(band).getextrema()[1] for band in bands)
    if greatest <= header.dark:
        raise ValueError(_too_dark(f"0..{min((greatest << 8) + 255, DARKEST - 1)} at most"))


def _unknown_range(received):
    return f"the file does not say which value is white; {_WAY_OUT}. Received: {received}"


def _too_dark(values):
    return (
        f"16-bit values that all lie below {DARKEST} would become almost black; {_WAY_OUT}. "
        f"Received: 16-bit values in {values}"
    )


def _on_background(image, header):
    key = image.info.get("transparency")
    if image.mode in ("1", "L") and isinstance(key, int):
        gray = image.convert("L")
        gray.putalpha(gray.point([0 if n == key * header.key_scale else 255 for n in range(256)]))
        image = gray
    elif image.mode == "P" or (image.mode in _KEYED and key is not None):
        image = image.convert("RGBA")
    if image.mode not in ("LA", "PA", "La", "RGBA", "RGBa"):
        return image
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image
    shown = Image.new("RGB", image.size, BACKGROUND)
    shown.paste(image, mask=alpha)
    return shown
