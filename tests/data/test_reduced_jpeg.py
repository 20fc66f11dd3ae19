"""Large JPEG files are decoded at reduced size: what is seen stays the same, and so do the rules."""

import io

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import pixels as module
from ltzoo.data.files import FileSplit
from ltzoo.data.image_fit import FITS, GAP, REDUCTIONS, ImageFit
from ltzoo.data.pixels import SEVERAL_FRAMES, UnreadableImageError, decode_image, read_image


def photo(width, height, seed=0):
    """A smooth color image without symmetry."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 5, 3)).astype("uint8")
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image, orientation=1, form="JPEG", **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, form, exif=exif, quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(16, 16), (24, 12), (12, 24)])
def test_the_divisor_is_the_greatest_that_leaves_twice_the_scaled_size(fit, size):
    for width, height in np.random.default_rng(0).integers(8, 800, (300, 2)).tolist():
        fitted = ImageFit(size, fit)
        divisor = fitted.reduction(width, height)
        scale = fitted.scale(width, height)
        assert divisor == 1 or width / divisor >= GAP * width * scale * (1 - 1e-9)
        greater = [other for other in REDUCTIONS if other > divisor]
        assert all(GAP * other * scale > 1 for other in greater)


def test_the_shorter_side_of_a_card_counts():
    assert ImageFit((16, 16)).reduction(128, 300) == 4
    assert ImageFit((16, 16), resize=32).reduction(128, 300) == 2
    assert ImageFit((16, 16), resize=33).reduction(128, 300) == 1


@pytest.mark.parametrize("divisor", [1, *REDUCTIONS])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_files_are_decoded_at_reduced_size_and_upright(divisor, orientation):
    width, height = 16 * GAP * divisor, 24 * GAP * divisor
    content = jpeg(photo(width, height), orientation)
    fitted = ImageFit((16, 16))
    image = decode_image(content, fitted=fitted)
    sides = (width // divisor, height // divisor)
    assert image.size == (sides if orientation < 5 else sides[::-1])
    whole = fitted(decode_image(content)).astype(int)
    assert np.abs(whole - read_image(content, fitted)).max() <= (0 if divisor == 1 else 8)


@pytest.mark.parametrize("fit", FITS)
def test_odd_sizes_are_seen_nearly_as_whole(fit):
    fitted = ImageFit((64, 64), fit)
    for width, height in ((401, 487), (999, 333), (263, 777)):
        content = jpeg(photo(width, height))
        whole = fitted(decode_image(content)).astype(int)
        assert decode_image(content, fitted=fitted).width < width
        # The change is less than that of a shift by one pixel.
        shift = np.abs(whole[1:, 1:] - whole[:-1, :-1]).mean()
        assert np.abs(whole - read_image(content, fitted)).mean() < shift / 2


def test_small_images_and_other_formats_are_decoded_whole():
    fitted = ImageFit((16, 16))
    assert decode_image(jpeg(photo(63, 63)), fitted=fitted).size == (63, 63)
    assert decode_image(jpeg(photo(500, 500))).size == (500, 500)
    file = io.BytesIO()
    photo(500, 500).save(file, "PNG")
    assert decode_image(file.getvalue(), fitted=fitted).size == (500, 500)


def test_gray_cmyk_and_second_views():
    fitted = ImageFit((16, 16))
    for image in (photo(400, 400).convert("L"), photo(400, 400).convert("CMYK")):
        for channels in (1, 3):
            small = decode_image(jpeg(image), channels, fitted=fitted)
            assert small.size == (50, 50) and small.mode == {1: "L", 3: "RGB"}[channels]
            whole = decode_image(jpeg(image), channels)
            assert np.abs(fitted(small).astype(int) - fitted(whole)).max() <= 8
    views = jpeg(photo(400, 400), form="MPO", save_all=True, append_images=[photo(400, 400, 1)])
    small = decode_image(views, fitted=fitted)
    assert small.size == (50, 50) and SEVERAL_FRAMES not in small.info


def test_truncated_and_too_large_files_are_still_refused(monkeypatch):
    content, fitted = jpeg(photo(400, 400)), ImageFit((16, 16))
    for cut in (len(content) // 2, len(content) - 40):
        with pytest.raises(UnreadableImageError):
            read_image(content[:cut], fitted)
    monkeypatch.setattr(module, "MAX_PIXELS", 400 * 400 - 1)
    with pytest.raises(UnreadableImageError, match="400 x 400 pixels"):
        read_image(content, fitted)


def test_splits_read_reduced_images_and_readers_get_the_original_size(tmp_path):
    (tmp_path / "large.jpg").write_bytes(jpeg(photo(400, 400)))
    split = FileSplit([tmp_path / "large.jpg"], [0], (16, 16))
    assert split.open(0).size == (400, 400) and split.decode(0).size == (50, 50)
    np.testing.assert_array_equal(split.load([0])[0], read_image(tmp_path / "large.jpg", split.fitted))
    seen = []
    split.load([0], read=lambda image, index: seen.append(image.size) or np.zeros((1, 1, 3), np.uint8))
    assert seen == [(400, 400)]
