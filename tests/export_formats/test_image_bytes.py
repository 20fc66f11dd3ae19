"""Images decoded and resized inside TensorFlow's graph are those that Pillow reads for `ltzoo predict`."""

import functools
import io
import struct
import zlib

import keras
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ltzoo.data import image_metadata
from ltzoo.data.files import UnreadableImageError, decode_image, resize_and_crop
from ltzoo.data.image_fit import FITS, ImageFit, fit_image
from ltzoo.data.pixels import read_image
from ltzoo.export_formats import gif_bytes
from ltzoo.export_formats.exif_orientation import exif_orientation
from ltzoo.export_formats.image_bytes import read_images

pytestmark = pytest.mark.rotating(3)

tf = pytest.importorskip("tensorflow")
if keras.backend.backend() != "tensorflow":
    pytest.skip("TensorFlow's graph is the same on every backend of Keras", allow_module_level=True)


def photo(height, width, seed=0):
    """A smooth color image with some noise."""
    rng = np.random.default_rng(seed)
    smooth = Image.fromarray(rng.integers(0, 256, (6, 5, 3)).astype("uint8"))
    pixels = np.asarray(smooth.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray(np.clip(pixels + rng.integers(-20, 20, pixels.shape), 0, 255).astype("uint8"))


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def turned(orientation, byte_order):
    exif = Image.Exif()
    exif.endian = byte_order
    exif[0x010F] = "maker of the camera"
    exif[0x0112] = orientation
    return encoded(photo(40, 60), "JPEG", exif=exif)


GRAY16 = Image.fromarray(np.random.default_rng(1).integers(0, 65536, (40, 60)).astype("uint16"))
FILES = {
    "png": encoded(photo(300, 200)),
    "of the right size": encoded(photo(24, 32)),
    "jpeg": encoded(photo(101, 97), "JPEG", quality=75),
    "jpeg, progressive": encoded(photo(97, 150), "JPEG", progressive=True, subsampling=0),
    "gray jpeg": encoded(photo(50, 70).convert("L"), "JPEG"),
    "cmyk jpeg": encoded(photo(50, 70).convert("CMYK"), "JPEG"),
    "transparent": encoded(photo(40, 60).convert("RGBA")),
    "palette": encoded(photo(40, 60).convert("P")),
    "16 bits": encoded(GRAY16),
    "gif": encoded(photo(40, 60).convert("P"), "GIF"),
    "bmp": encoded(photo(40, 60), "BMP"),
    "thin": encoded(photo(3, 5000)),
    "long": encoded(photo(2000, 2)),
    "smaller": encoded(photo(20, 11)),
    **{f"turned {n}": turned(n, "<>"[n % 2]) for n in range(1, 9)},
}


@functools.cache
def graph(channels):
    return tf.function(
        lambda files: read_images(files, (24, 32, channels)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


@pytest.fixture(scope="module", params=[3, 1], ids=["color", "gray"])
def reader(request):
    return request.param, graph(request.param)(tf.constant(list(FILES.values()))).numpy()


@pytest.mark.parametrize("name", FILES)
def test_pixels_are_pillows_but_for_rounding(reader, name):
    channels, batch = reader
    expected = read_image(FILES[name], ImageFit((24, 32)), channels).astype("float32")
    difference = np.abs(batch[list(FILES).index(name)] - expected)
    assert difference.max() <= (0 if name == "of the right size" else 2)
    assert np.mean(difference > 0) < 0.15 and np.mean(difference > 1) < 0.005


@pytest.mark.parametrize("name", ["png", "jpeg", "smaller"])
def test_a_shorter_side_that_the_card_says(name):
    [found] = read_images(tf.constant([FILES[name]]), (24, 32, 3), resize=40).numpy()
    expected = resize_and_crop(decode_image(FILES[name]), (24, 32), resize=40).astype("float32")
    difference = np.abs(found - expected)
    assert difference.max() <= 2 and np.mean(difference > 0) < 0.15


@pytest.mark.parametrize("fit", ["squash", "pad"])
@pytest.mark.parametrize("name", ["png", "of the right size", "gray jpeg", "transparent", "thin", "long"])
def test_other_fits(name, fit):
    size = (24, 32)
    found = read_images(tf.constant([FILES[name]]), (*size, 3), fit=fit).numpy()[0]
    expected = fit_image(decode_image(FILES[name]), size, fit).astype("float32")
    difference = np.abs(found - expected)
    assert difference.max() <= 1 and (difference > 0).mean() < 0.2
    assert (found == np.round(found)).all()


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_large_jpeg_files_are_decoded_at_the_same_reduced_size(fit, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    sizes = [(96, 128), (97, 129), (400, 333), (1000, 500), (200, 1500)]
    contents = [encoded(photo(*size), "JPEG", exif=exif) for size in sizes]
    found = read_images(tf.constant(contents), (24, 32, 3), fit=fit).numpy()
    for content, pixels in zip(contents, found, strict=True):
        difference = np.abs(pixels - read_image(content, ImageFit((24, 32), fit)))
        assert difference.max() <= 2 and (difference > 0).mean() < 0.2


@pytest.mark.parametrize("byte_order", "<>")
def test_orientation(byte_order):
    blocks = [turned(number, byte_order).partition(b"Exif\0\0")[2] for number in range(1, 10)]
    found = [int(exif_orientation(tf.constant(block))) for block in blocks]
    assert (
        found == [1, 2, 3, 4, 5, 6, 7, 8, 1] == [image_metadata.exif_orientation(block) for block in blocks]
    )


@pytest.mark.parametrize("kind", [1, 3, 4, 7])
@pytest.mark.parametrize("order", "<>")
def test_orientation_stored_in_other_types(kind, order):
    mark = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[order]
    value = {1: "B", 3: "H", 4: "I", 7: "I"}[kind]
    block = mark + struct.pack(f"{order}HHHI{value}", 1, 0x0112, kind, 1, 6)
    found = int(exif_orientation(tf.constant(block)))
    assert found == image_metadata.exif_orientation(block) == (1 if kind == 7 else 6)


@pytest.mark.parametrize(
    "block", [b"", b"II", b"II*\0\xff\xff\xff\xff", turned(6, "<")[30:44], b"MM\0*" + b"\xff" * 99]
)
def test_orientation_of_damaged_blocks(block):
    assert int(exif_orientation(tf.constant(block))) == image_metadata.exif_orientation(block) == 1


def test_exif_behind_other_segments_is_found():
    jpeg = FILES["turned 6"]
    late = jpeg[:2] + 30 * (b"\xff\xe2\xff\xff" + b"\xff\xe1.." * 16383 + b".") + jpeg[2:]
    fake = FILES["jpeg"][:2] + b"\xff\xfe\0\x90" + turned(6, "<")[24:166] + FILES["jpeg"][2:]
    for content in (late, fake):
        found = read_images(tf.constant([content]), (24, 32, 3)).numpy()[0]
        expected = resize_and_crop(decode_image(content), (24, 32))
        assert np.abs(found - expected).max() <= 2


def test_exif_in_a_text_chunk_of_png_is_refused():
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", "\nexif\n 4\n00000000\n", zip=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="EXIF data in text chunks"):
        read_images(tf.constant([encoded(photo(9, 9), pnginfo=info)]), (24, 32, 3))


@pytest.mark.parametrize("size", [(65_536, 1), (13_378, 13_378), (2**31 - 1, 2**31 - 1), (0, 5)])
def test_limits_hold_before_pixels_are_decoded(size):
    width, height = (side.to_bytes(4, "big") for side in size)
    header = FILES["png"][:16] + width + height + FILES["png"][24:29]
    large = [header + zlib.crc32(header[12:]).to_bytes(4, "big") + FILES["png"][33:]]
    if max(size) < 65_536:
        sof = FILES["jpeg"].index(b"\xff\xc0") + 5
        large.append(FILES["jpeg"][:sof] + height[2:] + width[2:] + FILES["jpeg"][sof + 4 :])
        gif = FILES["gif"]
        large.append(gif[:6] + width[:1:-1] + height[:1:-1] + gif[10:])
    large.append(FILES["bmp"][:18] + width[::-1] + height[::-1] + FILES["bmp"][26:])
    for content in large:
        with pytest.raises(tf.errors.InvalidArgumentError, match="images of 1 to 178956970 pixels"):
            read_images(tf.constant([content]), (24, 32, 3))


def test_only_the_first_frame_of_a_gif_is_decoded():
    views = {"save_all": True, "append_images": [photo(40, 60, 1), photo(40, 60, 2)]}
    still, moving = FILES["gif"], encoded(photo(40, 60).convert("P"), "GIF", **views)
    start, _, frame, end = gif_bytes.first_frame(tf.constant(moving), tf.constant(13 + 768, tf.int64))
    assert bool(start) and frame.numpy().tolist() == [0, 0, 60, 40] and int(end) < len(moving) - 1000
    expected = read_images(tf.constant([still]), (24, 32, 3)).numpy()
    np.testing.assert_array_equal(
        read_images(tf.constant([moving[: int(end)] + b"nonsense"]), (24, 32, 3)), expected
    )


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_read_as_pillow_reads_them_or_refused():
    rng = np.random.default_rng(3)
    names = ["png", "jpeg", "cmyk jpeg", "gif", "bmp", "transparent", "16 bits", "turned 6"]
    same = 0
    for number in range(200):
        content = bytearray(FILES[names[number % len(names)]])
        for _ in range(rng.integers(1, 3)):
            content[rng.integers(len(content) if rng.random() < 0.5 else 80)] = rng.integers(256)
        try:
            [found] = graph(3)(tf.constant([bytes(content)])).numpy()
            expected = resize_and_crop(decode_image(bytes(content)), (24, 32)).astype("float32")
        except (tf.errors.InvalidArgumentError, UnreadableImageError):
            continue
        assert np.abs(found - expected).max() <= 3
        same += 1
    assert same > 30


@pytest.mark.parametrize("content", [b"no image", FILES["png"][:200], FILES["jpeg"][:200]])
def test_what_is_no_image_is_refused(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        read_images(tf.constant([content]), (24, 32, 3))
