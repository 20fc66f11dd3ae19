"""What an array of images is: the one check of pixels in memory that every entrance uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.contracts.host_arrays import host_array

_SAMPLE = 256
_WAY_OUT = {
    "f": "the model normalizes them itself, so convert images in 0..1 with np.round(images * 255).astype('uint8')",
    "b": "convert them with images.astype('uint8') * 255",
    "O": "stack images of one size with np.stack(images)",
    "U": "read files with `ltzoo.data.from_directory` or Pillow",
    "S": "read files with `ltzoo.data.from_directory` or Pillow",
}


def is_array(value: Any) -> bool:
    """Return whether a value is an array or tensor, and no dataset, generator or loader of batches."""
    return isinstance(value, np.ndarray) or (hasattr(value, "shape") and hasattr(value, "dtype"))


def check_images(
    images: Any,
    argument: str = "images",
    *,
    image_shape: Sequence[int] | None = None,
    floats: bool = False,
    empty: bool = False,
) -> None:
    """Check an array of images: its type, shape and values.

    Tensors whose values are not known on the host are checked by type and shape only; see `host_array`.

    Args:
        images: pixels `[N, height, width, channels]`.
        argument: name of the argument for error messages.
        image_shape: the shape (height, width, channels) that each image must have, or None for any.
        floats: allow floats, and not only integers. Integers must be in 0..255; `warn_of_scale` judges floats.
        empty: allow an array of no images.

    Raises:
        ValueError: the images are no numbers, have another shape, hold NaN or infinite values, or hold integers outside
            0..255; or there are none. Channels in front of height and width are named as the cause.
    """
    if not is_array(images):
        raise ValueError(
            f"`{argument}` must be an array of raw pixels 0..255, [N, height, width, channels]. "
            f"Received: {argument}={_shown(images)}"
        )
    values = host_array(images)
    if values is not None:
        _check_type(values, argument, floats)
    _check_shape(tuple(images.shape), argument, image_shape, empty)
    if values is not None and values.size:
        _check_values(values, argument)


def image_array(images: Any, argument: str = "images", empty: bool = False) -> np.ndarray:
    """Return raw pixels, `[N, height, width, channels]` or `[N, height, width]` of one channel, as uint8 with 4 axes.

    Args:
        images: integers 0..255; an array, or a list of images of one size. uint8 arrays are not copied.
        argument: name of the argument for error messages.
        empty: allow an array of no images.

    Raises:
        ValueError: as `check_images`.
    """
    if isinstance(images, (list, tuple)):
        try:
            images = np.asarray(images)
        except ValueError as error:
            raise ValueError(
                f"`{argument}` must hold images of one size; resize them first. "
                f"Received: {argument} with images of several sizes"
            ) from error
    elif is_array(images):
        images = np.asarray(images)
    if isinstance(images, np.ndarray) and images.ndim == 3:
        images = images[..., np.newaxis]
    check_images(images, argument, empty=empty)
    return images.astype(np.uint8, copy=False)


def warn_of_scale(images: Any, argument: str = "images", warn: Callable[[str], None] = warn_caller) -> None:
    """Warn if pixels are no raw pixels 0..255: if all values lie within 0..1, or floats lie outside 0..255.

    Of uint8 arrays at most 256 images are looked at.

    Args:
        images: an array or tensor.
        argument: name of the argument for the warning.
        warn: function that issues a warning; by default, at the line of the user's program that made the call.
    """
    values = host_array(images)
    if values is None or not values.size or values.dtype.kind not in "iuf":
        return
    if values.dtype == np.uint8:
        values = values[:: -(-len(values) // _SAMPLE)]
    low, high = values.min(), values.max()
    if low >= 0 and 0 < high <= 1:
        warn(
            f"`{argument}` holds only values in 0..1, but the model expects raw pixels 0..255 and would see black "
            "images; multiply by 255. Received: values of at most 1"
        )
    elif low < 0 or high > 255:
        warn(
            f"`{argument}` holds values outside 0..255, but the model expects raw pixels 0..255 and normalizes them "
            f"itself. Received: values from {low:.4g} to {high:.4g}"
        )


def _check_type(values, argument, floats):
    kind = "f" if values.dtype.name == "bfloat16" else values.dtype.kind
    if kind not in ("iuf" if floats else "iu"):
        way_out = _WAY_OUT.get(kind, "give numbers")
        allowed = "numbers 0..255" if floats else "integers 0..255"
        raise ValueError(
            f"`{argument}` must be raw pixels, {allowed}; {way_out}. "
            f"Received: {argument} of type {values.dtype} and shape {values.shape}"
        )


def _check_shape(shape, argument, image_shape, empty):
    wanted = "[N, height, width, channels]"
    if image_shape is not None:
        wanted = f"{tuple(image_shape)} (height, width, channels) for each of N images"
    way_out = None
    if len(shape) == 4 and shape[1] in (1, 3, 4) and min(shape[2:]) > 4 and not _fits(shape, image_shape):
        way_out = "the channels seem to come first, so move them to the end with np.moveaxis(images, 1, -1)"
    elif len(shape) == 3 and _fits((0, *shape), image_shape):
        way_out = "give one image as a batch of one, images[np.newaxis]"
    elif len(shape) == 3 and image_shape is not None and _fits((*shape, 1), image_shape):
        way_out = "add the axis of the channel with images[..., np.newaxis]"
    elif len(shape) != 4:
        way_out = "give four axes"
    elif image_shape is not None and not _fits(shape, image_shape):
        way_out = "resize the images, or build a model for their size"
    elif 0 in shape and not (empty and all(shape[1:])):
        way_out = "give at least one image, and no side of 0"
    if way_out is not None:
        raise ValueError(
            f"`{argument}` must have the shape {wanted}; {way_out}. Received: {argument} of shape {shape}"
        )


def _fits(shape, image_shape):
    return image_shape is not None and all(
        size in (None, real) for size, real in zip(image_shape, shape[1:], strict=True)
    )


def _check_values(values, argument):
    if values.dtype == np.uint8:
        return
    low, high = values.min(), values.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(np.argmax([not np.isfinite(image).all() for image in values]))
        raise ValueError(
            f"`{argument}` must hold finite pixels 0..255; leave damaged images out. "
            f"Received: NaN or infinite values in image {bad}"
        )
    if values.dtype.kind in "iu" and (low < 0 or high > 255):
        raise ValueError(
            f"`{argument}` must be raw pixels 0..255; scale deeper images to 8 bits. "
            f"Received: values from {low} to {high}"
        )


def _shown(value):
    text = repr(value)
    return text if value is None or (isinstance(value, str) and len(text) < 60) else type(value).__name__
