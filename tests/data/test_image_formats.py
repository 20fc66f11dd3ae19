"""The table from suffix to format."""

import pytest

from ltzoo.data import image_formats
from ltzoo.data.image_formats import why_unknown
from ltzoo.data.pixels import OTHER_IMAGE_SUFFIXES, READABLE_SUFFIXES, UnreadableImageError, decode_image


def test_every_suffix_is_lower_case_and_in_one_table():
    suffixes = [*READABLE_SUFFIXES, *OTHER_IMAGE_SUFFIXES]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


def test_common_suffixes_are_read():
    common = ".jpg .jpeg .jpe .jfif .png .gif .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm .tga"
    assert set(common.split()) <= set(READABLE_SUFFIXES)


@pytest.mark.parametrize("suffix", [".webp", ".avif", ".jp2", ".j2k", ".heic", ".heif"])
def test_what_depends_on_the_installation_is_read_or_has_a_way_out(suffix):
    assert (suffix in READABLE_SUFFIXES) != ("install" in OTHER_IMAGE_SUFFIXES.get(suffix, ""))


@pytest.mark.parametrize("suffix", [".psd", ".svg", ".eps", ".pdf", ".jxl", ".ico"])
def test_other_image_files_are_known(suffix):
    assert OTHER_IMAGE_SUFFIXES[suffix] == "save them as PNG or JPEG"


@pytest.mark.parametrize("suffix", [".cr2", ".nef", ".dng"])
def test_files_of_cameras_are_known(suffix):
    assert OTHER_IMAGE_SUFFIXES[suffix] == "develop them to JPEG or TIFF"


def test_a_missing_plugin_is_named(monkeypatch):
    monkeypatch.setattr(image_formats, "_AVAILABLE", ("JPEG", "PNG"))
    monkeypatch.setattr(image_formats, "_registered", lambda: ("JPEG", "PNG"))
    with pytest.raises(UnreadableImageError, match="HEIF files cannot be read here: pip install pillow-heif"):
        decode_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


@pytest.mark.parametrize(
    "head, name", [(b"II*\0", "TIFF"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff\xe0", "JPEG")]
)
def test_a_known_format_that_cannot_be_read_is_named(head, name):
    assert why_unknown(head + b"\0" * 28).startswith(f"a {name} file that is damaged, or of a kind that")
