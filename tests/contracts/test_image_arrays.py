"""The one check of arrays of images: what it takes, what it refuses, and what it warns of."""

import warnings

import numpy as np
import pytest
from keras import ops

from ltzoo.contracts.image_arrays import check_images, image_array, is_array, warn_of_scale

IMAGES = np.arange(5 * 8 * 8 * 3, dtype=np.uint8).reshape(5, 8, 8, 3)
ONE_NAN = np.where(np.arange(5)[:, None, None, None] == 3, np.nan, IMAGES.astype("float32"))


def test_right_images_pass_without_a_copy():
    assert np.shares_memory(image_array(IMAGES), IMAGES)
    gray = image_array(IMAGES[..., 0].astype("int64"))
    assert gray.shape == (5, 8, 8, 1) and gray.dtype == np.uint8
    assert image_array(list(IMAGES)).shape == IMAGES.shape
    assert image_array(IMAGES[:0], empty=True).shape == (0, 8, 8, 3)
    check_images(IMAGES.astype("float16"), image_shape=(8, 8, 3), floats=True)
    check_images(ops.convert_to_tensor(IMAGES), image_shape=(None, None, 3))
    # Three rows of pixels, or a few channels, are no channels in front.
    check_images(IMAGES[:, :3], image_shape=(3, 8, 3))
    check_images(np.zeros((2, 3, 8, 8), "uint8"), image_shape=(3, 8, 8))


@pytest.mark.parametrize(
    "images, message",
    [
        (None, r"Received: x=None$"),
        ("abc", r"Received: x='abc'$"),
        ({"a": IMAGES}, r"Received: x=dict$"),
        ([IMAGES[0]], r"Received: x=list$"),
        (np.array([["a"]]), r"Pillow\. Received: x of type <U1 and shape \(1, 1\)$"),
        (np.array([None]), r"np\.stack\(images\)\. Received: x of type object"),
        (IMAGES > 0, r"255\. Received: x of type bool"),
        (IMAGES.astype("complex64"), r"Received: x of type complex64"),
        (ONE_NAN, r"Received: NaN or infinite values in image 3$"),
        (np.where(np.isnan(ONE_NAN), np.inf, ONE_NAN), r"Received: NaN or infinite values in image 3$"),
        (IMAGES.astype("int32") + 300, r"scale deeper images to 8 bits\. Received: values from 300 to 555$"),
        (IMAGES.astype("int16") - 5, r"Received: values from -5 to 250$"),
        (IMAGES[:0], r"at least one image.*Received: x of shape \(0, 8, 8, 3\)$"),
        (IMAGES[0], r"images\[np\.newaxis\]\. Received: x of shape \(8, 8, 3\)$"),
        (IMAGES[None], r"four axes\. Received: x of shape \(1, 5, 8, 8, 3\)$"),
        (IMAGES[:, :7], r"resize the images.*Received: x of shape \(5, 7, 8, 3\)$"),
        (np.moveaxis(IMAGES, -1, 1), r"np\.moveaxis\(images, 1, -1\)\. Received: x of shape \(5, 3, 8, 8\)$"),
    ],
)
def test_refused_by_a_model(images, message):
    with pytest.raises(ValueError, match=rf"^`x` must .*{message}"):
        check_images(images, "x", image_shape=(8, 8, 3), floats=True)


@pytest.mark.parametrize(
    "images, message",
    [
        (IMAGES / 255.0, r"astype\('uint8'\)\. Received: x of type float64 and shape \(5, 8, 8, 3\)$"),
        (
            np.zeros((2, 1, 28, 28), "uint8"),
            r"channels seem to come first.*Received: x of shape \(2, 1, 28, 28\)$",
        ),
        (np.zeros((2, 4, 8, 8), "uint8"), r"channels seem to come first"),
        ([IMAGES[0], IMAGES[0, :4]], r"images of one size.*Received: x with images of several sizes$"),
        (np.zeros((2, 0, 8, 3), "uint8"), r"Received: x of shape \(2, 0, 8, 3\)$"),
        ("abc", r"Received: x='abc'$"),
    ],
)
def test_refused_by_a_dataset(images, message):
    with pytest.raises(ValueError, match=rf"^`x` must .*{message}"):
        image_array(images, "x")


def test_a_grid_of_gray_images_may_have_a_missing_axis():
    with pytest.raises(
        ValueError, match=r"images\[\.\.\., np\.newaxis\]\. Received: x of shape \(5, 8, 8\)$"
    ):
        check_images(IMAGES[..., 0], "x", image_shape=(8, 8, 1))


def test_scale():
    for dark in (IMAGES / 255.0, (IMAGES > 99).astype("uint8"), (IMAGES / 255.0).astype("float16")):
        with pytest.warns(
            UserWarning, match=r"^`x` holds only values in 0\.\.1.*multiply by 255\. Received: "
        ):
            warn_of_scale(dark, "x")
    with pytest.warns(UserWarning, match=r"outside 0\.\.255.*Received: values from -1 to 1$"):
        warn_of_scale(IMAGES / 127.5 - 1, "x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for right in (IMAGES, IMAGES.astype("float32"), np.zeros((2, 8, 8, 1)), IMAGES[:0], "abc"):
            warn_of_scale(right, "x")


def test_arrays_and_datasets():
    assert is_array(IMAGES) and is_array(ops.convert_to_tensor(IMAGES))
    assert not any(is_array(value) for value in ("abc", [IMAGES], iter([IMAGES]), None, 5))
