"""What accompanies the pixels of an image file. It may turn the image; it must never make it unreadable."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from PIL import Image

ORIENTATION = 0x0112
MOST_EXIF = 1 << 16  # Bytes of EXIF data that are searched; a JPEG file cannot hold more.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)
_WIDTH, _HEIGHT = 256, 257
_SIZES = {1: 1, 3: 2, 4: 4}  # Bytes of the integer types of TIFF.
_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF_KEPT = (
    *(
        254,
        255,
        256,
        257,
        258,
        259,
        262,
        266,
        273,
        274,
        277,
        278,
        279,
        284,
        292,
        293,
        317,
        320,
        321,
        322,
        323,
        324,
    ),
    *(325, 332, 338, 339, 340, 341, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532),
)


def load_upright(opened: Any) -> Image.Image:
    """Load the pixels of an opened image and turn it upright by its EXIF orientation.

    Pillow's own reading of EXIF, which also looks into XMP and may fail at odd values, is kept out.

    Args:
        opened: what `PIL.Image.open` returned.
    """
    exif = Image.Exif()
    opened.getexif = lambda: exif
    if hasattr(opened, "tag_v2"):
        # Recent versions of Pillow turn TIFF files while they load them, and then delete the entry.
        value = opened.tag_v2.get(ORIENTATION)
        exif[ORIENTATION] = value if value in range(1, 9) else 1
    opened.load()
    value = exif.get(ORIENTATION) or exif_orientation(_exif_bytes(opened.info))
    return opened.transpose(TURNS[value]) if value in TURNS else opened


def upright_size(opened: Any) -> tuple[int, int]:
    """Return `(width, height)` after turning, of an opened image that is not loaded yet."""
    width, height = opened.size
    if hasattr(opened, "tag_v2"):
        # Recent versions of Pillow swap the sides of TIFF files themselves, and the tags tell.
        stored = opened.tag_v2.get(_WIDTH, width), opened.tag_v2.get(_HEIGHT, height)
        turned = opened.tag_v2.get(ORIENTATION) in SIDEWAYS and stored == (width, height)
    else:
        turned = exif_orientation(_exif_bytes(opened.info)) in SIDEWAYS
    return (height, width) if turned else (width, height)


def _exif_bytes(info: dict[Any, Any]) -> bytes:
    exif = info.get("exif", b"")
    if not exif and isinstance(info.get("Raw profile type exif"), str):
        # Older versions of ImageMagick write EXIF into PNG files as lines of hexadecimal digits.
        try:
            exif = bytes.fromhex("".join(info["Raw profile type exif"].split("\n")[3:]))
        except ValueError:
            exif = b""
    return exif if isinstance(exif, bytes) else b""


def exif_orientation(exif: bytes) -> int:
    """Return the orientation in a block of EXIF data, 1 to 8; 1 (upright) without a valid entry."""
    exif = exif.removeprefix(b"Exif\0\0")[:MOST_EXIF]
    order = "little" if exif[:1] == b"I" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(exif[at : at + size], order)

    first = number(4, 4) + 2
    for entry in range(first, min(first + 12 * number(first - 2, 2), len(exif)), 12):
        if number(entry, 2) == ORIENTATION:
            value = number(entry + 8, _SIZES.get(number(entry + 2, 2), 0))
            return value if value in TURNS else 1
    return 1


def without_metadata(content: bytes) -> bytes:
    """Return an image file without the metadata that decoders stumble over; other formats are returned unchanged.

    PNG keeps its pixels, transparency and EXIF block, JPEG its pixels, EXIF and the color mark of Adobe, TIFF the
    entries of its first directory that describe pixels. AVIF keeps all but EXIF; its rotation is stored elsewhere.
    """
    if content.startswith(_PNG):
        return _png_pixels(content)
    if content.startswith(b"\xff\xd8"):
        return _jpeg_pixels(content)
    if content[:4] in (b"II*\0", b"MM\0*"):
        return _tiff_pixels(content)
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        end = content.find(b"mdat")
        return content[:end].replace(b"Exif", b"none") + content[end:]
    return content


def _png_pixels(content: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while at + 8 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        name = content[at + 4 : at + 8]
        if name == b"eXIf":
            kept.append(content[at : end - 4] + struct.pack(">I", zlib.crc32(content[at + 4 : end - 4])))
        elif name[:1].isupper() or name == b"tRNS":
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _jpeg_pixels(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    while content[at : at + 1] == b"\xff" and at + 4 <= len(content):
        marker, (length,) = content[at + 1], struct.unpack_from(">H", content, at + 2)
        if marker == 0xDA:  # The compressed pixels follow.
            break
        end = at + 2 + length
        body = content[at + 4 : end]
        described = 0xE0 <= marker <= 0xEF or marker == 0xFE
        adobe = marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12
        if not described or adobe or (marker == 0xE1 and body.startswith(b"Exif\0\0")):
            kept.append(content[at:end])
        at = end
    return b"".join((*kept, content[at:]))


def _tiff_pixels(content: bytes) -> bytes:
    order = "little" if content[:1] == b"I" else "big"
    edited = bytearray(content)
    first = int.from_bytes(content[4:8], order)
    count = int.from_bytes(content[first : first + 2], order)
    for entry in range(first + 2, min(first + 2 + 12 * count, len(content) - 12), 12):
        if int.from_bytes(content[entry : entry + 2], order) not in _TIFF_KEPT:
            edited[entry + 2 : entry + 4] = (
                b"\xff\xff"  # A type that decoders do not know, so they skip the entry.
            )
    return bytes(edited)
