"""The pixel contract: which files are read, and which values their pixels have."""

import io
import os
import socket
import zlib

import numpy as np
import pytest
from PIL import Image

from ltzoo.data.files import decode_image as decode_of_files
from ltzoo.data.pixels import MAX_PIXELS, UnreadableImageError, decode_image, resize_and_crop
from tools.pixels.samples import encoded, files, photo, png

RGB = np.asarray(photo())
GRAY = np.asarray(photo().convert("L"))
DEEP = np.linspace(0, 65535, 48 * 40).reshape(48, 40).astype("uint16")


def pixels(content, channels=3):
    image = decode_image(content, channels)
    assert image.mode == {1: "L", 3: "RGB"}[channels]
    return np.asarray(image)


def on_white(colors, alpha):
    """Colors shown on white, to the nearest whole number."""
    alpha = alpha[..., np.newaxis] / 255
    return np.floor(colors * alpha + 255 * (1 - alpha) + 0.5)


def test_the_functions_keep_their_place():
    assert decode_of_files is decode_image


@pytest.mark.parametrize(
    "name", ["PNG", "BMP", "DIB", "TIFF", "TIFF, compressed", "PPM", "TGA", "JPEG 2000", "WebP"]
)
def test_lossless_colors_are_kept(name):
    if name not in files():
        pytest.skip(f"Pillow does not write {name} here")
    np.testing.assert_array_equal(pixels(files()[name]), RGB)


@pytest.mark.parametrize("name", ["PNG, gray", "BMP, 8-bit gray", "TIFF, gray", "PGM"])
def test_gray_values_are_kept(name):
    np.testing.assert_array_equal(pixels(files()[name], 1), GRAY)
    np.testing.assert_array_equal(pixels(files()[name]), np.repeat(GRAY[..., np.newaxis], 3, -1))


@pytest.mark.parametrize("name", ["PNG, 1 bit", "BMP, 1 bit", "TIFF, 1 bit", "PBM"])
def test_bits_become_black_and_white(name):
    np.testing.assert_array_equal(pixels(files()[name], 1), np.asarray(photo().convert("1")) * 255)


@pytest.mark.parametrize("name", ["PNG, palette", "GIF", "BMP, palette", "TIFF, palette"])
def test_palettes_become_colors(name):
    expected = np.asarray(photo().quantize(16).convert("RGB"))
    np.testing.assert_array_equal(pixels(files()[name]), expected)


@pytest.mark.parametrize("name", ["TIFF, CMYK", "JPEG, CMYK of Adobe", "JPEG", "JPEG, progressive", "AVIF"])
def test_other_colors_are_nearly_kept(name):
    if name not in files():
        pytest.skip(f"Pillow does not write {name} here")
    assert np.abs(pixels(files()[name]).astype(int) - RGB).mean() < 4


@pytest.mark.parametrize("mode", ["YCbCr", "LAB"])
def test_rare_modes_become_colors(mode):
    content = encoded(
        photo().convert("YCbCr") if mode == "YCbCr" else Image.merge(mode, photo().split()), "TIFF"
    )
    found = decode_image(content)
    assert found.mode == "RGB" and len(np.unique(np.asarray(found))) > 50
    assert decode_image(content, 1).mode == "L"


def test_transparency_is_shown_on_white():
    clear = photo()
    alpha = np.asarray(photo().transpose(Image.Transpose.ROTATE_180).convert("L"))
    clear.putalpha(Image.fromarray(alpha))
    for form in ("PNG", "TIFF", "TGA"):
        np.testing.assert_allclose(pixels(encoded(clear, form)), on_white(RGB.astype(float), alpha), atol=1)
    gray = np.asarray(decode_image(files()["PNG, gray with alpha"], 1))
    np.testing.assert_allclose(gray, on_white(GRAY[..., np.newaxis].astype(float), alpha)[..., 0], atol=1)
    invisible = Image.new("RGBA", (3, 2), (9, 200, 30, 0))
    assert np.all(pixels(encoded(invisible, "PNG")) == 255)


def test_transparent_colors_and_palette_entries_are_white():
    where = np.all(photo().getpixel((9, 9)) == RGB, -1, keepdims=True)
    found = pixels(files()["PNG, RGB with a transparent color"])
    np.testing.assert_array_equal(found, np.where(where, 255, RGB))
    key = int(GRAY[9, 9])
    found = pixels(files()["PNG, gray with a transparent value"], 1)
    np.testing.assert_array_equal(found, np.where(key == GRAY, 255, GRAY))
    index = np.asarray(photo().quantize(16))
    for name, alpha in (
        ("PNG, palette with transparency", np.arange(0, 256, 16)[index]),
        ("GIF, transparent", np.where(index == 3, 0, 255)),
    ):
        colors = np.asarray(photo().quantize(16).convert("RGB")).astype(float)
        np.testing.assert_allclose(pixels(files()[name]), on_white(colors, alpha), atol=1)


@pytest.mark.parametrize("depth, scale", [(2, 85), (4, 17)])
def test_a_transparent_value_of_few_bits_is_scaled_with_the_pixels(depth, scale):
    content = png(np.full((1, 1), 0b00011011), depth, 0, (b"tRNS", b"\0\1"))
    values = {2: [0, 1, 2, 3], 4: [1, 11]}[depth]
    assert pixels(content, 1).tolist() == [[255 if value == 1 else value * scale for value in values]]


@pytest.mark.parametrize("name", ["PNG, 16-bit gray", "TIFF, 16-bit gray", "JPEG 2000, 16-bit gray"])
def test_the_upper_byte_of_16_bits_is_used(name):
    if name not in files():
        pytest.skip(f"Pillow does not write {name} here")
    np.testing.assert_array_equal(pixels(files()[name], 1), DEEP >> 8)


def test_16_bit_colors_and_byte_orders():
    np.testing.assert_array_equal(pixels(files()["PNG, 16-bit RGB"])[..., 0], DEEP >> 8)
    big = Image.frombytes("I;16B", (40, 48), DEEP.astype(">u2").tobytes())
    np.testing.assert_array_equal(pixels(encoded(big, "TIFF"), 1), DEEP >> 8)
    keyed = pixels(png(DEEP, 16, 0, (b"tRNS", int(DEEP[9, 9]).to_bytes(2, "big"))), 1)
    np.testing.assert_array_equal(keyed, np.where(DEEP[9, 9] == DEEP, 255, DEEP >> 8))


def test_16_bit_gray_in_which_0_is_white():
    content = encoded(Image.fromarray(DEEP), "TIFF", tiffinfo={262: 0})
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.tag_v2[262] == 0
    np.testing.assert_array_equal(pixels(content, 1), 255 - (DEEP >> 8))


def test_a_range_that_the_header_states_is_used():
    np.testing.assert_array_equal(
        pixels(files()["PGM, 12 bits"], 1), np.round((DEEP // 16) / 4095 * 65535).astype(int) >> 8
    )


def test_a_black_16_bit_image_is_read():
    assert pixels(files()["PNG, black, 16-bit gray"]).max() == 0


RAMP = np.linspace(0, 1, 32 * 32).reshape(32, 32)


@pytest.mark.parametrize(
    "values, said",
    [
        (RAMP.astype("float32"), r"float values in 0\.0\.\.1\.0$"),
        ((RAMP * 65535).astype("float32"), r"float values in 0\.0\.\.65535\.0$"),
        (np.full((2, 2), np.nan, "float32"), r"float values in nan\.\.nan$"),
        ((RAMP * 255).astype("int32"), r"signed integer values in 0\.\.255$"),
        ((RAMP * 100000).astype("int32"), r"signed integer values in 0\.\.100000$"),
        ((RAMP * 4095).astype("uint16"), r"16-bit values in 0\.\.4095$"),
        ((RAMP * 1023 + 7).astype("uint16"), r"16-bit values in 7\.\.1030$"),
        ((RAMP * 255).astype("uint16"), r"16-bit values in 0\.\.255$"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_values_without_a_known_range_are_refused_with_the_way_out(values, said, channels):
    with pytest.raises(UnreadableImageError, match=f"save it with 8 bits per channel.*Received: {said}"):
        decode_image(encoded(Image.fromarray(values), "TIFF"), channels)


@pytest.mark.parametrize("kind, channels", [(2, 3), (4, 2), (6, 4)])
def test_dark_16_bit_colors_are_refused(kind, channels):
    values = np.repeat((DEEP // 16)[..., np.newaxis], channels, -1)
    values[..., -1] |= 0xF000 if channels != 3 else 0
    with pytest.raises(UnreadableImageError, match=r"Received: 16-bit values in 0\.\.4095 at most"):
        decode_image(png(values, 16, kind))
    with pytest.raises(UnreadableImageError, match="transparent 16-bit color"):
        decode_image(png(np.repeat(DEEP[..., np.newaxis], 3, -1), 16, 2, (b"tRNS", b"\0\1\0\1\0\1")))


@pytest.mark.parametrize("name", ["GIF, animated", "PNG, animated", "TIFF, several pages", "WebP, animated"])
def test_the_first_frame_is_used_and_marked(name):
    if name not in files():
        pytest.skip(f"Pillow does not write {name} here")
    image = decode_image(files()[name])
    assert image.info == {"several_frames": True}
    expected = np.asarray(photo().quantize(16).convert("RGB")) if "GIF" in name else RGB
    np.testing.assert_array_equal(np.asarray(image), expected)


def test_one_frame_and_the_second_view_of_a_photograph_are_not_marked():
    assert (
        decode_image(files()["GIF"]).info
        == decode_image(files()["JPEG, with a second view (MPO)"]).info
        == {}
    )


@pytest.mark.parametrize("form", ["EPS", "PDF", "ICO", "PCX", "SGI", "IM"])
def test_other_formats_are_refused_whatever_their_suffix(tmp_path, form):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photo(), form))
    with pytest.raises(
        UnreadableImageError, match="not an image, or of an unknown format. Read are JPEG, PNG"
    ):
        decode_image(path)


def test_tga_needs_its_suffix_or_its_mark(tmp_path):
    old = files()["TGA"][:-26]
    for name in ("photo.tga", "PHOTO.TGA"):
        (tmp_path / name).write_bytes(old)
        np.testing.assert_array_equal(np.asarray(decode_image(tmp_path / name)), RGB)
    with pytest.raises(UnreadableImageError, match="not an image"):
        decode_image(old)


@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "folder", "socket", "device"])
def test_only_regular_files_are_opened(tmp_path, monkeypatch, kind):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes on this system")
    path = tmp_path / "x.jpg"
    held = None
    if kind == "folder":
        path.mkdir()
    elif kind == "socket":
        held = socket.socket(socket.AF_UNIX)
        monkeypatch.chdir(tmp_path)
        held.bind("x.jpg")
    elif kind == "device":
        path.symlink_to(os.devnull)
    else:
        os.mkfifo(path if kind == "pipe" else tmp_path / "pipe")
        if kind != "pipe":
            path.symlink_to(tmp_path / "pipe")
    with pytest.raises(UnreadableImageError, match=r"x\.jpg: (not a regular file|a folder, not a file)"):
        decode_image(path)
    if held is not None:
        held.close()


def test_a_name_that_no_file_can_have_is_an_unreadable_image():
    with pytest.raises(UnreadableImageError):
        decode_image("a\0b.png")


@pytest.mark.parametrize("size", [(65_536, 1), (13_378, 13_378), (2**31 - 1, 2**31 - 1), (0, 5)])
def test_limits_hold_before_pixels_are_decoded(size):
    header = (
        files()["PNG"][:16] + size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + files()["PNG"][24:29]
    )
    content = header + zlib.crc32(header[12:]).to_bytes(4, "big") + files()["PNG"][33:]
    assert size[0] * size[1] > MAX_PIXELS or max(size) > 65_535 or min(size) == 0
    with pytest.raises(
        UnreadableImageError,
        match="images (may have 178,956,970|must have) pixels|a PNG file that is damaged",
    ):
        decode_image(content)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("resize", [None, 256])
def test_long_images_are_cropped_before_they_are_enlarged(turned, resize, monkeypatch):
    largest = []
    scale = Image.Image.resize

    def watched(self, size, *arguments, **options):
        largest.append(size[0] * size[1])
        return scale(self, size, *arguments, **options)

    monkeypatch.setattr(Image.Image, "resize", watched)
    image = decode_image(files()["1 x 60,000 PNG"])
    image = image.transpose(Image.Transpose.ROTATE_90) if turned else image
    found = resize_and_crop(image, (224, 224), resize)
    assert found.shape == (224, 224, 3) and max(largest) <= 256 * 256 * 8
    middle = np.asarray(image).reshape(-1, 3)[29_998:30_002].astype(int)
    assert middle.min() <= found.min() and found.max() <= middle.max()


@pytest.mark.parametrize("size", [(4, 3), (24, 20), (20, 3)])
@pytest.mark.parametrize("shape", [(90, 10), (10, 90), (200, 8), (7, 150)])
def test_cropping_first_gives_the_pixels_of_scaling_first(size, shape):
    noise = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    scale = max(size[0] / shape[0], size[1] / shape[1])
    scaled = max(size[1], round(shape[1] * scale)), max(size[0], round(shape[0] * scale))
    whole = np.asarray(image.resize(scaled, Image.Resampling.BILINEAR))
    top, left = (whole.shape[0] - size[0]) // 2, (whole.shape[1] - size[1]) // 2
    expected = whole[top : top + size[0], left : left + size[1]].astype(int)
    assert np.abs(resize_and_crop(image, size) - expected).max() <= 1
