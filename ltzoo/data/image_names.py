"""Names of files: which are images that can be read, which are images that cannot, and which are neither."""

from __future__ import annotations

import os

from ltzoo.data import image_formats

_OTHER_SUFFIXES = {
    "extract frames": ".3gp .avi .flv .m4v .mkv .mov .mp4 .mpeg .mpg .mts .webm .wmv",
    "unpack them": ".7z .bz2 .gz .rar .tar .tgz .xz .zip .zst",
}
_WAY_OUT_OF_SUFFIX = {suffix: way for way, suffixes in _OTHER_SUFFIXES.items() for suffix in suffixes.split()}
# Companions of images, which are never opened to look for an image in them.
_TEXT_SUFFIXES = (
    ".bib .cfg .csv .doc .docx .htm .html .ini .ipynb .js .json .jsonl .log .m .mat .md .ods .pkl .py .pyc .rst .rtf "
    ".sh .sql .toml .tsv .txt .xls .xlsx .xml .yaml .yml"
)
# Beginnings of the files of common formats, for images whose name does not say that they are.
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ")
_SYSTEM_ENTRIES = (
    "__macosx @eadir @recycle @recently-snapshot @tmp #recycle #snapshot $recycle.bin recycler lost+found "
    "thumbs.db ehthumbs.db desktop.ini __pycache__"
)
_SYSTEM_NAMES = {*_SYSTEM_ENTRIES.split(), "system volume information", "icon\r"}


def is_system_entry(name: str) -> bool:
    """Return whether an entry of a folder is hidden, or kept by an operating system or a file server."""
    return name.startswith(".") or name.casefold() in _SYSTEM_NAMES or "@syno" in name.casefold()


def is_image(name: str) -> bool:
    """Return whether a file is an image that this installation of Pillow reads, by its suffix."""
    return suffix(name) in image_formats.READABLE_SUFFIXES


def way_out(path: str) -> str | None:
    """Return what to do about a file that `is_image` refuses, or None if it does not look like an image.

    Suffixes of other image formats, videos and archives are known. Files of other suffixes, or without one, are
    opened: they are images if their first bytes are those of a common format.

    Args:
        path: path of a regular file.
    """
    ending = suffix(path)
    known = image_formats.OTHER_IMAGE_SUFFIXES.get(ending) or _WAY_OUT_OF_SUFFIX.get(ending)
    if known is not None:
        return known
    if ending in _TEXT_SUFFIXES.split():
        return None
    try:
        with open(path, "rb") as file:
            beginning = file.read(16)
    except OSError:
        return None
    is_known = beginning.startswith(_BEGINNINGS) or (beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP")
    return "images by content: rename them to .jpg, .png, ..." if is_known else None


def suffix(name: str) -> str:
    """Return the suffix of a file name in lower case, with its dot; empty if it has none."""
    return os.path.splitext(name)[1].lower()
