"""Images as people hold them."""

import io

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import UnreadableImageError
from ltzoo.data.pixel_sources import decode_source, image_list, source_name

PIXELS = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype="uint8")


def _png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_all_kinds_give_the_same_pixels(tmp_path):
    image = Image.fromarray(PIXELS)
    path = tmp_path / "a.png"
    image.save(path)
    kinds = [path, str(path), _png(image), bytearray(_png(image)), image, Image.open(path), PIXELS]
    kinds += [PIXELS.astype("float32"), PIXELS.astype("int64")]
    for kind in kinds:
        (entry,) = image_list(kind)
        np.testing.assert_array_equal(np.asarray(decode_source(entry, 3, "x")), PIXELS)
    assert [source_name(kinds[n], n) for n in (0, 1, 2)] == [str(path), str(path), "image 2"]


def test_lists_and_batches_are_images_in_order():
    batch = np.stack([PIXELS, 255 - PIXELS])
    for images in (batch, list(batch), tuple(batch), iter(batch)):
        entries = image_list(images)
        assert len(entries) == 2
        np.testing.assert_array_equal(np.asarray(decode_source(entries[1], 3, "x")), 255 - PIXELS)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_pillow_images_of_any_mode_become_what_their_file_becomes(mode, tmp_path):
    image = Image.fromarray(PIXELS)
    image = Image.fromarray(PIXELS[..., 0].astype("uint16") * 257) if mode == "I;16" else image.convert(mode)
    path = tmp_path / ("a.tif" if mode in ("CMYK", "YCbCr") else "a.png")
    image.save(path)
    for channels in (1, 3):
        expected = np.asarray(decode_source(path, channels, "x"))
        # TIFF stores YCbCr with rounding of its own.
        difference = np.asarray(decode_source(image, channels, "x")).astype(int) - expected
        assert np.abs(difference).max() <= (3 if mode == "YCbCr" else 0)


def test_pillow_images_are_turned_upright_and_left_unchanged():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG", exif=exif)
    opened = Image.open(file)
    np.testing.assert_array_equal(np.asarray(decode_source(opened, 3, "x")), np.rot90(PIXELS, -1))
    assert opened.size == (9, 7)


@pytest.mark.parametrize(
    "wrong", [None, 3, {"a": PIXELS}, [None], np.zeros(3), np.zeros((1, 2, 3, 4, 5)), [["a.png"]]]
)
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(TypeError, match=r"^`images(\[0\])?` must hold paths.*Received: a "):
        image_list(wrong)


def test_a_folder_stands_for_the_images_in_it(tmp_path):
    (tmp_path / "new" / "more").mkdir(parents=True)
    paths = [str(tmp_path / "new" / name) for name in ("a.png", "b.png", "more/c.png")]
    for path in paths:
        Image.fromarray(PIXELS).save(path)
    (tmp_path / "new" / "notes.txt").write_text("no image")
    assert image_list(tmp_path / "new") == image_list(str(tmp_path / "new")) == paths
    assert image_list([PIXELS, tmp_path / "new" / "more"])[1:] == paths[2:]
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ValueError, match="`images` must name a folder with at least one image. Received: '.*empty'"
    ):
        image_list(tmp_path / "empty")


def test_no_image_is_refused():
    for empty in ([], (), np.zeros((0, 4, 4, 3))):
        with pytest.raises(ValueError, match="at least one image"):
            image_list(empty)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((3, 8, 9)), np.full((4, 4, 3), np.nan), np.full((4, 4, 3), 300), b"text", np.zeros((0, 4, 3))],
)
def test_unreadable_images_are_named(wrong):
    with pytest.raises(UnreadableImageError, match="cannot read image picture 7: "):
        decode_source(wrong, 3, "picture 7")


def test_pixels_in_0_to_1_are_warned_about():
    with pytest.warns(UserWarning, match="multiply by 255"):
        decode_source(PIXELS / 255.0, 3, "image 0")
