"""Small image files of every format, mode and depth, made on the spot."""

import functools
import io
import struct
import zlib

import numpy as np
from PIL import Image, features

from ltzoo.data.pixels import READABLE_SUFFIXES, decode_image

LARGE = (485, 401)
"""Height and width of files that are decoded at reduced size."""

_TURNED = Image.Exif()
_TURNED[0x0112] = 6
_ZIP = "tiff_adobe_deflate"


def encoded(image: Image.Image, form: str, **options) -> bytes:
    """Return the file of an image in a format of Pillow."""
    file = io.BytesIO()
    image.copy().save(file, form, **options)
    return file.getvalue()


def photo(height: int = 48, width: int = 40) -> Image.Image:
    """Return a smooth color image without symmetry."""
    noise = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def png(values: np.ndarray, depth: int, kind: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG file of raw values.

    Args:
        values: `[height, width]` or `[height, width, channels]` of depth 8 or 16; bytes of rows for other depths.
        depth: bits per value.
        kind: type of color: 0 gray, 2 RGB, 4 gray and alpha, 6 RGB and alpha.
        chunks: names and contents of chunks between header and pixels.
    """
    rows = values.astype(">u2" if depth == 16 else "u1").reshape(len(values), -1)
    size = (values.shape[1] if depth >= 8 else values.shape[1] * 8 // depth, values.shape[0])
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, 0)), *chunks]
    parts += [(b"IDAT", zlib.compress(body, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, *zip(*parts, strict=True)))


def chunk(name: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def without_adobe(jpeg: bytes) -> bytes:
    """Return a JPEG file without the mark of Adobe (APP14)."""
    start = jpeg.index(b"\xff\xee")
    return jpeg[:start] + jpeg[start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big") :]


@functools.cache
def files() -> dict[str, bytes]:
    """Return one file per row of the table, by name, without the formats that Pillow cannot write here."""
    rgb = photo()
    gray, bits, palette = rgb.convert("L"), rgb.convert("1"), rgb.quantize(16)
    other = rgb.transpose(Image.Transpose.ROTATE_180)
    alpha = other.convert("L")
    clear, clear_gray = rgb.copy(), Image.merge("LA", (gray, alpha))
    clear.putalpha(alpha)
    deep = np.linspace(0, 65535, 48 * 40).reshape(48, 40).astype("uint16")
    deep_rgb = np.stack([deep, deep.T.reshape(48, 40), deep[::-1]], -1)
    ramp = deep / np.float32(65535)
    found = {
        "JPEG": encoded(rgb, "JPEG", quality=90),
        "JPEG, gray": encoded(gray, "JPEG", quality=90),
        "JPEG, progressive": encoded(rgb, "JPEG", quality=90, progressive=True),
        "JPEG, turned by EXIF": encoded(rgb, "JPEG", quality=90, exif=_TURNED),
        "JPEG, large": encoded(photo(*LARGE), "JPEG", quality=90),
        "JPEG, large, gray": encoded(photo(*LARGE).convert("L"), "JPEG", quality=90),
        "JPEG, large, turned by EXIF": encoded(photo(*LARGE), "JPEG", quality=90, exif=_TURNED),
        "JPEG, large, with a second view (MPO)": encoded(
            photo(*LARGE), "MPO", save_all=True, append_images=[other.copy()]
        ),
        "JPEG, CMYK of Adobe": encoded(rgb.convert("CMYK"), "JPEG", quality=90),
        "JPEG, CMYK without Adobe's mark": without_adobe(encoded(rgb.convert("CMYK"), "JPEG", quality=90)),
        "JPEG, with a second view (MPO)": encoded(rgb, "MPO", save_all=True, append_images=[other.copy()]),
        "JPEG, truncated": encoded(rgb, "JPEG")[:-90],
        "PNG": encoded(rgb, "PNG"),
        "PNG, gray": encoded(gray, "PNG"),
        "PNG, 1 bit": encoded(bits, "PNG"),
        "PNG, palette": encoded(palette, "PNG"),
        "PNG, palette with transparency": encoded(palette, "PNG", transparency=bytes(range(0, 256, 16))),
        "PNG, gray with alpha": encoded(clear_gray, "PNG"),
        "PNG, RGB with alpha": encoded(clear, "PNG"),
        "PNG, gray with a transparent value": encoded(gray, "PNG", transparency=gray.getpixel((9, 9))),
        "PNG, RGB with a transparent color": encoded(rgb, "PNG", transparency=rgb.getpixel((9, 9))),
        "PNG, 2-bit gray with a transparent value": png(
            np.arange(48 * 10).reshape(48, 10) % 256, 2, 0, (b"tRNS", b"\0\1")
        ),
        "PNG, turned by EXIF": encoded(rgb, "PNG", exif=_TURNED),
        "PNG, 16-bit gray": png(deep, 16, 0),
        "PNG, 16-bit gray with a transparent value": png(
            deep, 16, 0, (b"tRNS", int(deep[9, 9]).to_bytes(2, "big"))
        ),
        "PNG, 16-bit RGB": png(deep_rgb, 16, 2),
        "PNG, 16-bit RGB with alpha": png(np.dstack([deep_rgb, deep.T.reshape(48, 40)]), 16, 6),
        "PNG, 12-bit gray in 16 bits": png(deep // 16, 16, 0),
        "PNG, 12-bit RGB in 16 bits": png(deep_rgb // 16, 16, 2),
        "PNG, black, 16-bit gray": png(deep * 0, 16, 0),
        "PNG, animated": encoded(rgb, "PNG", save_all=True, append_images=[other.copy()]),
        "PNG, truncated": encoded(rgb, "PNG")[:-90],
        "GIF": encoded(palette, "GIF"),
        "GIF, transparent": encoded(palette, "GIF", transparency=3),
        "GIF, animated": encoded(palette, "GIF", save_all=True, append_images=[other.quantize(16)]),
        "GIF, truncated": encoded(palette, "GIF")[:-90],
        "BMP": encoded(rgb, "BMP"),
        "BMP, 8-bit gray": encoded(gray, "BMP"),
        "BMP, palette": encoded(palette, "BMP"),
        "BMP, 1 bit": encoded(bits, "BMP"),
        "BMP, 32 bits": encoded(clear, "BMP"),
        "BMP, truncated": encoded(rgb, "BMP")[:-90],
        "DIB": encoded(rgb, "DIB"),
        "TIFF": encoded(rgb, "TIFF"),
        "TIFF, gray": encoded(gray, "TIFF"),
        "TIFF, 1 bit": encoded(bits, "TIFF"),
        "TIFF, palette": encoded(palette, "TIFF"),
        "TIFF, RGB with alpha": encoded(clear, "TIFF"),
        "TIFF, CMYK": encoded(rgb.convert("CMYK"), "TIFF"),
        "TIFF, LAB": encoded(Image.merge("LAB", rgb.split()), "TIFF"),
        "TIFF, compressed": encoded(rgb, "TIFF", compression=_ZIP),
        "TIFF, turned by its orientation": encoded(rgb, "TIFF", tiffinfo={0x0112: 6}),
        "TIFF, 16-bit gray": encoded(Image.fromarray(deep), "TIFF"),
        "TIFF, 12-bit gray in 16 bits": encoded(Image.fromarray(deep // 16), "TIFF"),
        "TIFF, signed 16-bit gray": encoded(Image.fromarray(deep // 2), "TIFF", tiffinfo={339: 2}),
        "TIFF, 32-bit integers": encoded(Image.fromarray((ramp * 255).astype("int32")), "TIFF"),
        "TIFF, floats": encoded(Image.fromarray(ramp), "TIFF"),
        "TIFF, several pages": encoded(rgb, "TIFF", save_all=True, append_images=[other.copy()]),
        "TIFF, truncated": encoded(rgb, "TIFF")[:90],
        "PPM": encoded(rgb, "PPM"),
        "PGM": encoded(gray, "PPM"),
        "PGM, 12 bits": b"P5 40 48 4095\n" + (deep // 16).astype(">u2").tobytes(),
        "PGM, 16 bits": b"P5 40 48 65535\n" + deep.astype(">u2").tobytes(),
        "PGM, 12 bits in 16 bits": b"P5 40 48 65535\n" + (deep // 16).astype(">u2").tobytes(),
        "PBM": encoded(bits, "PPM"),
        "PFM (floats)": encoded(Image.fromarray(ramp), "PPM"),
        "TGA": encoded(rgb, "TGA"),
        "TGA, RGB with alpha": encoded(clear, "TGA"),
        "1 x 60,000 PNG": png(np.arange(60_000).reshape(-1, 1) % 251, 8, 0),
        "EPS": encoded(rgb, "EPS"),
        "PDF": encoded(rgb, "PDF"),
        "ICO": encoded(rgb, "ICO"),
    }
    if features.check("webp"):
        found["WebP"] = encoded(rgb, "WEBP", lossless=True)
        found["WebP, RGB with alpha"] = encoded(clear, "WEBP", lossless=True)
        found["WebP, turned by EXIF"] = encoded(rgb, "WEBP", lossless=True, exif=_TURNED)
        found["WebP, animated"] = encoded(
            rgb, "WEBP", save_all=True, append_images=[other.copy()], lossless=True
        )
    if "avif" in features.modules and features.check("avif"):
        found["AVIF"] = encoded(rgb, "AVIF")
        found["AVIF, turned by EXIF"] = encoded(rgb, "AVIF", exif=_TURNED)
    if features.check("jpg_2000"):
        found["JPEG 2000"] = encoded(rgb, "JPEG2000")
        found["JPEG 2000, 16-bit gray"] = encoded(Image.fromarray(deep), "JPEG2000")
        found["JPEG 2000, 12-bit gray in 16 bits"] = encoded(Image.fromarray(deep // 16), "JPEG2000")
    if ".heic" in READABLE_SUFFIXES:
        decode_image(found["PNG"])  # This registers the plugin of HEIC.
        found["HEIC"] = encoded(rgb, "HEIF")
    return found
