"""Values of more than 8 bits: which have a range that the file states, and which are refused."""

import pickle
import struct

import numpy as np
import pytest
from PIL import Image, features

from ltzoo.data.pixels import UnreadableImageError, decode_image
from tools.pixels.samples import encoded, files, photo

DEEP = np.linspace(0, 65535, 16 * 20).reshape(16, 20).astype("uint16")
DARK = DEEP // 16
COLORS = np.stack([DEEP, DEEP.T.reshape(16, 20), DEEP[::-1]], -1)


def pnm(values, largest, kind=None):
    kind = kind or (b"P5" if values.ndim == 2 else b"P6")
    text = " ".join(map(str, values.ravel())).encode()
    body = text if kind in (b"P2", b"P3") else values.astype(">u2").tobytes()
    return kind + f" {values.shape[1]} {values.shape[0]} {largest}\n".encode() + body


def planar_tiff(values, order):
    """Return a TIFF file without compression that stores one color after the other."""
    height, width, bands = values.shape
    bits = 8 * values.itemsize
    pixels = np.moveaxis(values, -1, 0).astype(values.dtype.newbyteorder(order)).tobytes()
    entries = [(256, width), (257, height), (258, (bits,) * bands), (259, 1), (262, 2), (273, None)]
    entries += [(277, bands), (278, height), (279, (len(pixels) // bands,) * bands), (284, 2)]
    start = 8 + 2 + 12 * len(entries) + 4
    rows, tail = b"", b""
    pixels_at = start + 3 * 4 * bands
    for tag, value in entries:
        if tag == 273:
            value = tuple(pixels_at + band * len(pixels) // bands for band in range(bands))
        if isinstance(value, tuple):
            rows += struct.pack(order + "HHII", tag, 4, bands, start + len(tail))
            tail += struct.pack(order + f"{bands}I", *value)
        else:
            rows += struct.pack(order + "HHII", tag, 4, 1, value)
    header = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(entries))
    return header + rows + b"\0\0\0\0" + tail + pixels


@pytest.mark.parametrize(
    "content",
    [
        pnm(DARK, 65535),
        pnm(DARK, 65535, b"P2"),
        pnm(COLORS // 16, 65535),
        pnm(COLORS // 16, 65535, b"P3"),
    ],
    ids=["gray", "gray text", "RGB", "RGB text"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_header_that_states_all_16_bits_states_no_range(content, channels):
    with pytest.raises(UnreadableImageError, match=r"16-bit values that all lie below 4096.*Received: "):
        decode_image(content, channels)


@pytest.mark.parametrize("values", [DEEP, COLORS], ids=["gray", "RGB"])
def test_a_smaller_range_and_bright_values_are_read(values):
    expected = (values >> 8) if values.ndim == 3 else np.repeat(values[..., np.newaxis] >> 8, 3, -1)
    for content in (pnm(values, 65535), pnm(values // 16, 4095)):
        np.testing.assert_allclose(np.asarray(decode_image(content)), expected, atol=1)


@pytest.mark.skipif(not features.check("jpg_2000"), reason="Pillow reads no JPEG 2000 here")
@pytest.mark.parametrize("no_jp2", [False, True])
def test_the_precision_of_jpeg_2000_is_read(no_jp2):
    bright = encoded(Image.fromarray(DEEP), "JPEG2000", no_jp2=no_jp2)
    np.testing.assert_array_equal(np.asarray(decode_image(bright, 1)), DEEP >> 8)
    dark = bytearray(encoded(Image.fromarray(DARK), "JPEG2000", no_jp2=no_jp2))
    with pytest.raises(UnreadableImageError, match=r"Received: 16-bit values in 0\.\.4095$"):
        decode_image(bytes(dark))
    precision = dark.index(b"\xff\x4f\xff\x51") + 42
    assert dark[precision] == 15
    dark[precision] |= 128
    with pytest.raises(UnreadableImageError, match="Received: signed integer values in "):
        decode_image(bytes(dark))


@pytest.mark.parametrize(
    "image, received",
    [
        (Image.fromarray(DEEP // 2), r"signed integer values in 0\.\.32767$"),
        (photo().convert("L"), "signed 8-bit integers$"),
    ],
)
def test_signed_integers_are_refused_even_if_none_is_negative(image, received):
    with pytest.raises(UnreadableImageError, match=f"which value is white.*Received: {received}"):
        decode_image(encoded(image, "TIFF", tiffinfo={339: 2}))


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_in_separate_planes_are_refused_and_8_bits_read(order):
    with pytest.raises(UnreadableImageError, match="separate planes.*Received: a planar TIFF"):
        decode_image(planar_tiff(COLORS, order))
    eight = np.asarray(photo())
    np.testing.assert_array_equal(np.asarray(decode_image(planar_tiff(eight, order))), eight)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "BMP", "TIFF", "TIFF, several pages", "PPM", "TGA", "WebP"])
def test_an_image_outlives_its_closed_file(tmp_path, name):
    if name not in files():
        pytest.skip(f"Pillow does not write {name} here")
    path = tmp_path / ("a.tga" if name == "TGA" else "a")
    path.write_bytes(files()[name])
    image = decode_image(path)
    path.unlink()
    values = np.asarray(image)
    for other in (image.copy(), pickle.loads(pickle.dumps(image)), image.crop((0, 0, *image.size))):
        np.testing.assert_array_equal(np.asarray(other), values)
    assert image.resize((5, 5)).size == (5, 5) and image.mode == "RGB"
