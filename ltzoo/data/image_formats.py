"""The formats of image files: which are read, by which suffix they are found, and what to do about the others."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Mapping
from types import MappingProxyType
from typing import BinaryIO

from PIL import features

# Pillow's name of a format: its plugin, the library that Pillow needs for it, its suffixes.
_FORMATS = {
    "JPEG": (
        "PIL.JpegImagePlugin",
        "jpg",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".pjpeg", ".pjp"),
    ),
    "PNG": ("PIL.PngImagePlugin", "zlib", (".png", ".apng")),
    "GIF": ("PIL.GifImagePlugin", None, (".gif",)),
    "BMP": ("PIL.BmpImagePlugin", None, (".bmp",)),
    "DIB": ("PIL.BmpImagePlugin", None, (".dib",)),
    "WEBP": ("PIL.WebPImagePlugin", "webp", (".webp",)),
    "TIFF": ("PIL.TiffImagePlugin", None, (".tif", ".tiff")),
    "PPM": ("PIL.PpmImagePlugin", None, (".ppm", ".pgm", ".pbm", ".pnm")),
    "AVIF": ("PIL.AvifImagePlugin", "avif", (".avif", ".avifs")),
    "JPEG2000": ("PIL.Jpeg2KImagePlugin", "jpg_2000", (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c")),
    "HEIF": ("pillow_heif", None, (".heic", ".heif", ".hif")),
    "TGA": ("PIL.TgaImagePlugin", None, (".tga",)),
}
_WAYS_OUT = {
    "HEIF": "pip install pillow-heif",
    "AVIF": "pip install --upgrade pillow (11.3 or later)",
    "WEBP": "install Pillow from PyPI, which reads WebP",
    "JPEG2000": "install Pillow from PyPI, which reads JPEG 2000",
    "JPEG": "install Pillow from PyPI, which reads JPEG",
    "PNG": "install Pillow from PyPI, which reads PNG",
}
_NOT_READ = {
    "develop them to JPEG or TIFF": (
        ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 "
        ".srf .srw .x3f"
    ),
    "save them as PNG or JPEG": (
        ".ai .bpg .cur .dcm .dcx .dds .djvu .emf .eps .exr .fit .fits .flif .fpx .fts .hdr .icns .ico .jls .jng .jp2k "
        ".jxl .jxr .mpo .nii .npy .npz .pcd .pcx .pdf .pfm .ps .psb .psd .qoi .ras .sgi .svg .svgz .wdp .wmf .xbm .xcf "
        ".xpm"
    ),
}
_FTYP = {
    b"heic": "HEIF",
    b"heix": "HEIF",
    b"hevc": "HEIF",
    b"heim": "HEIF",
    b"heis": "HEIF",
    b"mif1": "HEIF",
} | {
    b"avif": "AVIF",
    b"avis": "AVIF",
}
_MARKS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"RIFF": "WEBP",
    b"BM": "BMP",
    b"\0\0\0\x0cjP  ": "JPEG2000",
}
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"


def _available(name: str) -> bool:
    module, feature, _ = _FORMATS[name]
    if module == "pillow_heif":
        return importlib.util.find_spec(module) is not None
    known = (*features.modules, *features.codecs)
    return feature is None or (feature in known and bool(features.check(feature)))


_AVAILABLE = tuple(name for name in _FORMATS if _available(name))

READABLE_SUFFIXES: tuple[str, ...] = tuple(suffix for name in _AVAILABLE for suffix in _FORMATS[name][2])
"""Suffixes of the image files that can be read here, in lower case with the dot."""

OTHER_IMAGE_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {suffix: way for way, suffixes in _NOT_READ.items() for suffix in suffixes.split()}
    | {suffix: _WAYS_OUT[name] for name in _FORMATS if name not in _AVAILABLE for suffix in _FORMATS[name][2]}
)
"""Suffixes of image files that cannot be read here, each with the way out, such as "pip install pillow-heif"."""


@functools.cache
def _registered() -> tuple[str, ...]:
    """Import the plugins of the formats that are read, and of no other."""
    for name in _AVAILABLE:
        plugin = importlib.import_module(_FORMATS[name][0])
        if name == "HEIF":
            plugin.register_heif_opener()
    return _AVAILABLE


def formats_for(file: BinaryIO, suffix: str) -> tuple[str, ...]:
    """Return the formats to try on a file, as `PIL.Image.open` takes them.

    The content decides. TGA files have no mark at their beginning, so they need the suffix ".tga" or the mark at
    their end that version 2 of the format has. Otherwise noise could be taken for an image.

    Args:
        file: the open file; it is rewound.
        suffix: suffix of its name in lower case, or "".
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - len(_TGA_FOOTER)))
    is_tga = suffix == ".tga" or file.read() == _TGA_FOOTER
    file.seek(0)
    return tuple(name for name in _registered() if name != "TGA" or is_tga)


def begins_as_image(head: bytes) -> bool:
    """Return whether a file that begins with these bytes bears the mark of a format that is read here."""
    name = _FTYP.get(head[8:12]) if head[4:8] == b"ftyp" else None
    name = next((name for mark, name in _MARKS.items() if head.startswith(mark)), name)
    return name in _AVAILABLE


def why_unknown(head: bytes) -> str:
    """Return why a file that begins with these bytes is of no format that is read."""
    name = _FTYP.get(head[8:12]) if head[4:8] == b"ftyp" else None
    if name is not None and name not in _AVAILABLE:
        return f"{name} files cannot be read here: {_WAYS_OUT[name]}"
    name = next((name for mark, name in _MARKS.items() if head.startswith(mark)), name)
    if name is not None:
        return f"a {name} file that is damaged, or of a kind that Pillow does not read; save it as 8-bit PNG or JPEG"
    return f"not an image, or of an unknown format. Read are {', '.join(_AVAILABLE)}"
