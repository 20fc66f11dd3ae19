"""Images decoded and resized inside TensorFlow's graph are those that Pillow reads for `ltzoo predict`."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

from ltzoo.data.files import decode_image, resize_and_crop
from ltzoo.export_formats.exif_orientation import exif_orientation
from ltzoo.export_formats.image_bytes import read_images

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
    "smaller": encoded(photo(20, 11)),
    **{f"turned {n}": turned(n, "<>"[n % 2]) for n in range(1, 9)},
}


@pytest.fixture(scope="module", params=[3, 1], ids=["color", "gray"])
def reader(request):
    function = tf.function(
        lambda files: read_images(files, (24, 32, request.param)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    return request.param, function(tf.constant(list(FILES.values()))).numpy()


@pytest.mark.parametrize("name", FILES)
def test_pixels_are_pillows_but_for_rounding(reader, name):
    channels, batch = reader
    expected = resize_and_crop(decode_image(FILES[name], channels), (24, 32)).astype("float32")
    difference = np.abs(batch[list(FILES).index(name)] - expected)
    assert difference.max() <= (0 if name == "of the right size" else 2)
    assert np.mean(difference > 0) < 0.15 and np.mean(difference > 1) < 0.005


@pytest.mark.parametrize("name", ["png", "jpeg", "smaller"])
def test_a_shorter_side_that_the_card_says(name):
    [found] = read_images(tf.constant([FILES[name]]), (24, 32, 3), resize=40).numpy()
    expected = resize_and_crop(decode_image(FILES[name]), (24, 32), resize=40).astype("float32")
    difference = np.abs(found - expected)
    assert difference.max() <= 2 and np.mean(difference > 0) < 0.15


@pytest.mark.parametrize("byte_order", "<>")
def test_orientation(byte_order):
    found = [int(exif_orientation(tf.constant(turned(number, byte_order)))) for number in range(1, 10)]
    assert found == [1, 2, 3, 4, 5, 6, 7, 8, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"..Exif\0\0",
        b"..Exif\0\0II*\0\xff\xff\xff\xff",
        turned(6, "<")[:44],
        FILES["jpeg"],
    ],
)
def test_orientation_of_damaged_and_plain_files(content):
    assert int(exif_orientation(tf.constant(content))) == 1


@pytest.mark.parametrize("content", [b"no image", FILES["png"][:200], FILES["jpeg"][:200]])
def test_what_is_no_image_is_refused(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        read_images(tf.constant([content]), (24, 32, 3))
