"""Metadata turns images upright, and never makes a sound one unreadable."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from ltzoo.data.image_metadata import exif_orientation, without_metadata
from ltzoo.data.pixels import READABLE_SUFFIXES, decode_image
from tools.pixels.samples import chunk, encoded, files, photo

FORMS = ["JPEG", "PNG", "TIFF", "TIFF, compressed"]
FORMS += [form for form in ("WEBP", "AVIF") if f".{form.lower()}" in READABLE_SUFFIXES]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'


def saved(form, exif=None, **options):
    if form == "TIFF, compressed":
        options["compression"] = "tiff_adobe_deflate"
    if form == "WEBP":
        options["lossless"] = True
    if exif is not None:
        options["exif"] = exif
    return encoded(photo(), form.partition(",")[0], **options)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_images_of_every_format_upright(form, orientation):
    plain = decode_image(saved(form))
    views = {
        1: plain,
        2: plain.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: plain.rotate(180),
        4: plain.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: plain.transpose(Image.Transpose.TRANSPOSE),
        6: plain.rotate(-90, expand=True),
        7: plain.transpose(Image.Transpose.TRANSVERSE),
        8: plain.rotate(90, expand=True),
    }
    found = decode_image(saved(form, turned(orientation)))
    np.testing.assert_array_equal(np.asarray(found), np.asarray(views[orientation]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(form, orientation):
    content = saved(form, turned(3))
    wrong = content.replace(
        struct.pack("<HHIH", 0x0112, 3, 1, 3), struct.pack("<HHIH", 0x0112, 3, 1, orientation)
    )
    wrong = wrong.replace(
        struct.pack(">HHIH", 0x0112, 3, 1, 3), struct.pack(">HHIH", 0x0112, 3, 1, orientation)
    )
    if form != "AVIF":  # The orientation of AVIF is no EXIF entry.
        assert wrong != content
    assert decode_image(wrong).size == photo().size


@pytest.mark.parametrize("kind, value", [(1, b"\6\0\0\0"), (3, b"\6\0\0\0"), (4, b"\6\0\0\0")])
def test_integers_of_every_length_are_read(kind, value):
    block = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHI", 0x0112, kind, 1) + value
    assert exif_orientation(block) == exif_orientation(b"Exif\0\0" + block) == 6
    assert exif_orientation(block[:-2]) in (1, 6) and exif_orientation(block[:12]) == 1


@pytest.mark.parametrize(
    "block", [b"", b"II", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"\0" * 50]
)
def test_damaged_blocks_are_upright(block):
    assert exif_orientation(block) == 1


def test_xmp_does_not_turn_images():
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    for content in (saved("PNG", pnginfo=info), saved("JPEG", xmp=XMP), saved("TIFF", xmp=XMP)):
        assert decode_image(content).size == photo().size


def test_exif_that_imagemagick_wrote_as_text_is_read():
    block = turned(6).tobytes()
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(block):8}\n{block.hex()}\n", zip=True)
    assert decode_image(saved("PNG", pnginfo=info)).size == photo().size[::-1]
    broken = PngImagePlugin.PngInfo()
    broken.add_text("Raw profile type exif", "\nexif\n  9\nno digits\n")
    assert decode_image(saved("PNG", pnginfo=broken)).size == photo().size


def rich(form):
    """A file with every kind of metadata that its format has."""
    exif = turned(1)
    exif[0x010F], exif[0x011A] = "maker of the camera", 72.0
    exif.get_ifd(0x8769)[0x9003] = "2020:01:01 00:00:00"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif, "icc_profile": profile}
    if form == "PNG":
        options["pnginfo"] = info = PngImagePlugin.PngInfo()
        info.add_text("title", "word " * 9)
        info.add_text("long", "word " * 99, zip=True)
        info.add_itxt("XML:com.adobe.xmp", XMP.decode().replace("6", "1"))
    if form in ("JPEG", "PNG", "TIFF"):
        options["dpi"] = (72, 72)
    if form == "JPEG":
        options |= {"comment": b"taken by hand", "xmp": XMP}
    return saved(form, **options)


def described(form, content):
    """The positions of metadata in a file, without the lengths and names that say where the pixels are."""
    if form == "PNG":
        at = 33
        while content[at + 4 : at + 8] != b"IDAT":
            end = at + 12 + int.from_bytes(content[at : at + 4], "big")
            yield from range(at + 8, end)
            at = end
    elif form == "JPEG":
        at = 2
        while content[at + 1] != 0xDB:
            end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            yield from range(at + 4, end)
            at = end
    else:
        first = int.from_bytes(content[4:8], "little") + 2
        for entry in range(first, first + 12 * int.from_bytes(content[first - 2 : first], "little"), 12):
            if int.from_bytes(content[entry : entry + 2], "little") in (271, 282, 283, 296, 34665, 34675):
                yield from range(entry + 2, entry + 12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_no_byte_of_metadata_makes_an_image_unreadable(form):
    content = rich(form)
    expected = np.asarray(decode_image(content))
    places = list(described(form, content))
    assert len(places) >= 50
    for place in places[:: max(1, len(places) // 300)]:
        for value in (0, 0xFF, content[place] ^ 0x80):
            damaged = content[:place] + bytes([value]) + content[place + 1 :]
            np.testing.assert_array_equal(np.asarray(decode_image(damaged)), expected, err_msg=str(place))


@pytest.mark.parametrize(
    "name, content",
    [
        (b"iCCP", b"broken"),
        (b"pHYs", b"\0"),
        (b"gAMA", b""),
        (b"cHRM", b"\1"),
        (b"tEXt", b"\xff"),
        (b"zTXt", b"a\0\7"),
    ],
)
def test_broken_chunks_of_png_are_ignored(name, content):
    plain = files()["PNG"]
    for part in (chunk(name, content), chunk(name, content)[:-4] + b"\0\0\0\0"):
        assert np.array_equal(np.asarray(decode_image(plain[:33] + part + plain[33:])), np.asarray(photo()))


def test_a_damaged_png_that_exif_turns_stays_upright():
    turned_png = files()["PNG, turned by EXIF"]
    damaged = turned_png[:33] + chunk(b"pHYs", b"\0") + turned_png[33:]
    assert decode_image(damaged).size == photo().size[::-1]
    mark = damaged.index(b"eXIf") - 4
    end = mark + 8 + int.from_bytes(damaged[mark : mark + 4], "big")
    assert decode_image(damaged[:end] + b"\0\0\0\0" + damaged[end + 4 :]).size == photo().size[::-1]


@pytest.mark.skipif(".avif" not in READABLE_SUFFIXES, reason="Pillow does not read AVIF here")
def test_odd_exif_of_avif_is_dropped_and_the_rotation_kept():
    exif = turned(6)
    exif[0x010F] = "maker"
    content = saved("AVIF", exif)
    start = content.index(b"II*\0") if b"II*\0" in content else content.index(b"MM\0*")
    damaged = content[:start] + b"none" + content[start + 4 :]
    with pytest.raises(ValueError, match="Exif"):
        Image.open(io.BytesIO(damaged))
    assert decode_image(content).size == decode_image(damaged).size == photo().size[::-1]


def test_pixels_survive_without_metadata():
    for form in ("JPEG", "PNG", "TIFF"):
        content = rich(form)
        plain = without_metadata(content)
        assert plain != content
        np.testing.assert_array_equal(
            np.asarray(Image.open(io.BytesIO(plain))), np.asarray(decode_image(content))
        )
    assert without_metadata(files()["GIF"]) == files()["GIF"]
