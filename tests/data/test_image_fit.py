"""Images of any shape become one size: cropped, squashed or padded."""

import numpy as np
import pytest
from PIL import Image

from ltzoo.data.files import FileSplit
from ltzoo.data.image_fit import FITS, PADDING, ImageFit, choose_fit, fit_image, resize_and_crop
from ltzoo.data.image_sizes import fit_of_files, sample_of_sizes

BILINEAR = Image.Resampling.BILINEAR


def photo(width, height, mode="RGB", seed=0):
    shape = (height, width) if mode == "L" else (height, width, 3)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape).astype("uint8"))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("size", [(30, 20), (20, 30), (3, 2), (1, 200), (200, 1), (16, 12)])
@pytest.mark.parametrize("fit", FITS)
def test_every_fit_gives_the_size(fit, size, mode):
    pixels = fit_image(photo(*size, mode), (12, 16), fit)
    assert pixels.shape == (12, 16, 3 if mode == "RGB" else 1) and pixels.dtype == np.uint8


@pytest.mark.parametrize("fit", FITS)
def test_images_of_the_size_are_untouched(fit):
    image = photo(16, 12)
    np.testing.assert_array_equal(fit_image(image, (12, 16), fit), np.asarray(image))


def test_crop_is_the_center():
    image = photo(40, 12)
    np.testing.assert_array_equal(fit_image(image, (12, 16), "crop"), np.asarray(image)[:, 12:28])
    np.testing.assert_array_equal(fit_image(image, (6, 6), "crop", 9), resize_and_crop(image, (6, 6), 9))


def test_squash_scales_each_side_by_itself():
    image = photo(40, 30)
    np.testing.assert_array_equal(
        fit_image(image, (12, 16), "squash"), np.asarray(image.resize((16, 12), BILINEAR))
    )


def test_pad_shows_the_whole_image_between_gray_bars():
    image = photo(40, 20)
    pixels = fit_image(image, (16, 16), "pad")
    np.testing.assert_array_equal(pixels[4:12], np.asarray(image.resize((16, 8), BILINEAR)))
    assert (pixels[:4] == PADDING).all() and (pixels[12:] == PADDING).all()
    tall = fit_image(
        photo(5, 9), (9, 10), "pad"
    )  # It has the scaled size already; the odd column is at the right.
    np.testing.assert_array_equal(tall[:, 2:7], np.asarray(photo(5, 9)))
    assert (tall[:, :2] == PADDING).all() and (tall[:, 7:] == PADDING).all()


def test_an_image_fit_is_a_function_of_images():
    image = photo(40, 20)
    for fit in FITS:
        np.testing.assert_array_equal(ImageFit((8, 8), fit)(image), fit_image(image, (8, 8), fit))


@pytest.mark.parametrize(
    "sizes, image_size, chosen",
    [
        ([(10, 10)] * 3, (8, 8), "crop"),
        ([(105, 100)] * 9 + [(120, 100)], (8, 8), "crop"),  # Cropping loses little.
        ([(400, 300), (300, 400), (600, 400)], (8, 8), "crop"),  # Cameras.
        ([(4032, 3024), (640, 481), (1, 1)], (8, 8), "crop"),
        ([(41, 30), (30, 52), (17, 9)], (8, 8), "squash"),
        ([(41, 30)] * 3, (30, 41), "crop"),
        ([(410, 300)] * 3, (30, 40), "crop"),
        ([(10, 10)] * 4 + [(73, 10)] * 3, (8, 8), "crop"),
        ([(10, 10)] * 3 + [(73, 10)] * 4, (8, 8), "squash"),
        ([], (8, 8), "crop"),
    ],
)
def test_the_choice_depends_on_the_proportions(sizes, image_size, chosen):
    assert choose_fit(sizes, image_size) == chosen


def test_sizes_are_upright_and_unreadable_files_are_left_out(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(40, 20).save(tmp_path / "turned.jpg", exif=exif)
    photo(40, 20).save(tmp_path / "turned.tiff", tiffinfo={0x0112: 8})
    photo(40, 20).save(tmp_path / "plain.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    names = ["turned.jpg", "turned.tiff", "plain.png", "broken.png", "missing.png"]
    paths = [str(tmp_path / name) for name in names]
    assert sample_of_sizes(paths) == [(20, 40), (20, 40), (40, 20)]
    assert len(sample_of_sizes(paths[2:3] * 100, images=10)) == 10
    assert fit_of_files(paths, (20, 20)) == "crop"
    for number in range(5):
        photo(31 + number, 20).save(tmp_path / f"{number}.png")
    assert fit_of_files([str(tmp_path / f"{number}.png") for number in range(5)], (20, 20)) == "squash"


def test_file_splits_keep_their_fit(tmp_path):
    photo(40, 20).save(tmp_path / "a.png")
    for fit in FITS:
        split = FileSplit([tmp_path / "a.png"], [0], (8, 8), fit=fit)
        expected = fit_image(photo(40, 20), (8, 8), fit)
        for part in (split, split.subset([0, 0])):
            assert part.image_fit == fit
            np.testing.assert_array_equal(part.load([0])[0], expected)


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"fit": "stretch"}, "`fit` must be one of 'crop', 'squash', 'pad'. Received: fit='stretch'"),
        ({"fit": "auto"}, "`fit` must be one of"),
        ({"fit": None}, "`fit` must be one of"),
        ({"fit": "pad", "resize": 10}, "`resize` must be None unless `fit` is 'crop'"),
    ],
)
def test_wrong_fits_are_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        FileSplit([], [], (8, 8), **arguments)
