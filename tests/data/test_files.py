"""Decoding with Pillow: color modes, orientation, cropping, damaged files."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import FileSplit, UnreadableImageError
from ltzoo.data.files import EncodedSplit, decode_image, resize_and_crop


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (20, 10), (255, 0, 0)).save(tmp_path / "wide.png")
    Image.new("L", (8, 8), 77).save(tmp_path / "gray.png")
    return tmp_path


def split_of(folder, **arguments):
    return FileSplit([folder / "wide.png", folder / "gray.png"], [1, 0], (8, 8), **arguments)


def test_files_are_read_by_position_as_rgb(folder):
    split = split_of(folder)
    assert len(split) == 2 and split.image_shape == (8, 8, 3) and split.labels.tolist() == [1, 0]
    batch = split.load([1, 0, 1])
    assert batch.shape == (3, 8, 8, 3) and batch.dtype == np.uint8
    assert batch[0, 0, 0].tolist() == [77, 77, 77] and batch[1, 4, 4].tolist() == [255, 0, 0]
    assert split.load([]).shape == (0, 8, 8, 3)


def test_gray_output(folder):
    batch = split_of(folder, channels=1).load([1, 0])
    assert batch.shape == (2, 8, 8, 1) and batch[0, 0, 0, 0] == 77


def test_read_gets_the_original_size_and_the_index_in_the_batch(folder):
    seen = []

    def read(image, index):
        seen.append((image.size, index))
        return np.full((3, 5, 3), index, np.uint8)

    batch = split_of(folder).load([1, 0], read=read)
    assert sorted(seen) == [((8, 8), 0), ((20, 10), 1)]  # Threads read in any order.
    assert batch.shape == (2, 3, 5, 3) and batch[1, 0, 0, 0] == 1


def test_subset_and_in_memory(folder):
    part = split_of(folder).subset([1])
    assert part.labels.tolist() == [0] and part.paths == [str(folder / "gray.png")]
    held = split_of(folder).in_memory()
    assert held.images.shape == (2, 8, 8, 3) and held.labels.tolist() == [1, 0]


def test_resize_covers_and_cuts_the_center():
    pixels = np.zeros((4, 12, 3), np.uint8)
    pixels[:, 4:8] = 200
    assert np.all(resize_and_crop(Image.fromarray(pixels), (4, 4)) == 200)
    assert resize_and_crop(Image.new("RGB", (30, 7)), (5, 9)).shape == (5, 9, 3)
    untouched = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resize_and_crop(Image.fromarray(untouched), (6, 5)), untouched)


def test_exif_orientation_is_honored(tmp_path):
    image = Image.new("RGB", (6, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert decode_image(tmp_path / "turned.jpg").size == (4, 6)


def test_every_color_mode_becomes_8_bit_rgb_or_gray():
    deep = Image.fromarray(np.full((2, 2), 0x8040, np.uint16))
    assert np.asarray(decode_image(png(deep))).tolist() == [[[128] * 3] * 2] * 2
    assert np.asarray(decode_image(png(deep), channels=1)).tolist() == [[128] * 2] * 2
    palette = Image.new("RGB", (2, 2), (9, 200, 30)).convert("P", palette=Image.Palette.ADAPTIVE)
    assert np.asarray(decode_image(png(palette)))[0, 0].tolist() == [9, 200, 30]
    alpha = Image.new("RGBA", (2, 2), (9, 200, 30, 128))
    assert np.asarray(decode_image(png(alpha)))[0, 0].tolist() == [132, 227, 142]


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "missing"])
def test_unreadable_images_are_named(tmp_path, damage):
    path = tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    content = {"truncated": png(Image.fromarray(noise))[:1000], "text": b"not an image", "empty": b""}
    if damage != "missing":
        path.write_bytes(content[damage])
    with pytest.raises(UnreadableImageError, match=r"cannot read image .*photo\.png: .") as caught:
        FileSplit([path], [0], (4, 4)).load([0])
    assert caught.value.path == str(path) and caught.value.reason
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_error_of_the_reader_is_not_called_an_unreadable_image(folder):
    def read(image, index):
        raise ZeroDivisionError("bug in the reader")

    with pytest.raises(ZeroDivisionError):
        split_of(folder).load([0], read=read)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"labels": [0, 1]}, r"Received: 1 paths, 2 labels"),
        ({"image_size": 32}, r"\(height, width\).*Received: image_size=32"),
        ({"image_size": (32, 0)}, r"Received: image_size=\(32, 0\)"),
        ({"channels": 4}, r"Received: channels=4"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        FileSplit(**{"paths": ["a.png"], "labels": [0], "image_size": (4, 4), **arguments})


def test_the_base_class_says_what_to_implement():
    split = EncodedSplit([0], (4, 4))
    with pytest.raises(NotImplementedError, match=r"must implement open"):
        split.load([0])
    with pytest.raises(NotImplementedError, match=r"must implement describe"):
        split.describe(0)


def test_the_shorter_side_is_resized_before_the_crop(folder):
    split = FileSplit([folder / "wide.png"], [0], (8, 8), resize=16)
    assert split.subset([0]).load([0]).shape == (1, 8, 8, 3) and split.subset([0]).resize == 16
    ramp = Image.fromarray(np.tile(np.arange(0, 256, 4, dtype="uint8"), (32, 1)))
    narrow, whole = resize_and_crop(ramp, (8, 8), 16), resize_and_crop(ramp, (8, 8))
    assert np.ptp(narrow) < 0.6 * np.ptp(whole)
    with pytest.raises(ValueError, match="resize=7"):
        FileSplit([folder / "wide.png"], [0], (8, 8), resize=7)
