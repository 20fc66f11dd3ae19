"""Names of files: which are images that can be read, which are images that cannot, and which are neither."""

from __future__ import annotations

import importlib.util
import os
import warnings

from PIL import features

# Suffixes by Pillow's name of the format.
_FORMATS = {
    "JPEG": ".jpg .jpeg .jpe .jfif .jif .jfi .pjpeg .pjp",
    "PNG": ".png .apng",
    "BMP": ".bmp",
    "DIB": ".dib",
    "GIF": ".gif",
    "TIFF": ".tif .tiff",
    "WEBP": ".webp",
    "PPM": ".ppm .pgm .pbm .pnm",
    "TGA": ".tga",
    "JPEG2000": ".jp2 .j2k .jpc .jpf .jpx .j2c",
    "AVIF": ".avif .avifs",
    "HEIF": ".heic .heif .hif",
}
_FEATURES = {"WEBP": "webp", "JPEG2000": "jpg_2000", "AVIF": "avif"}
_FORMAT_OF_SUFFIX = {suffix: name for name, suffixes in _FORMATS.items() for suffix in suffixes.split()}
_WAYS_OUT = {
    "HEIF": "pip install pillow-heif, or convert them to JPEG",
}
_OTHER_SUFFIXES = {
    "develop them to JPEG or TIFF": (
        ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 "
        ".rwl .sr2 .srf .srw .x3f"
    ),
    "extract frames": ".3gp .avi .flv .m4v .mkv .mov .mp4 .mpeg .mpg .mts .webm .wmv",
    "unpack them": ".7z .bz2 .gz .rar .tar .tgz .xz .zip .zst",
    "convert them to PNG": (
        ".cur .dcm .dcx .dds .djvu .emf .eps .exr .fit .fits .fts .hdr .icns .ico .jxl .jxr .mpo .nii .npy .npz .pcx "
        ".pdf .pfm .ps .psb .psd .qoi .ras .sgi .svg .svgz .wmf .xbm .xcf .xpm"
    ),
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
    form = _FORMAT_OF_SUFFIX.get(suffix(name))
    return form is not None and _supported(form)


def way_out(path: str) -> str | None:
    """Return what to do about a file that `is_image` refuses, or None if it does not look like an image.

    Suffixes of other image formats, videos and archives are known. Files of other suffixes, or without one, are
    opened: they are images if their first bytes are those of a common format.

    Args:
        path: path of a regular file.
    """
    ending = suffix(path)
    form = _FORMAT_OF_SUFFIX.get(ending)
    if form is not None:
        return _WAYS_OUT.get(form, f"install a Pillow that reads {form}, or convert them to PNG")
    if ending in _WAY_OUT_OF_SUFFIX:
        return _WAY_OUT_OF_SUFFIX[ending]
    if ending in _TEXT_SUFFIXES.split():
        return None
    try:
        with open(path, "rb") as file:
            beginning = file.read(16)
    except OSError:
        return None
    known = beginning.startswith(_BEGINNINGS) or (beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP")
    return "images by content: rename them to .jpg, .png, ..." if known else None


def suffix(name: str) -> str:
    """Return the suffix of a file name in lower case, with its dot; empty if it has none."""
    return os.path.splitext(name)[1].lower()


def _supported(form: str) -> bool:
    if form in _FEATURES:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # Older versions of Pillow warn about features that they do not know.
            return bool(features.check(_FEATURES[form]))
    return form != "HEIF" or importlib.util.find_spec("pillow_heif") is not None
