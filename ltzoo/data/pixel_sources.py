"""Images as people hold them: paths, encoded bytes, Pillow images and arrays of any size, under the pixel contract."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ltzoo.contracts.image_arrays import check_images, is_array, warn_of_scale
from ltzoo.data.folders import LeftOut, find_images
from ltzoo.data.image_fit import ImageFit
from ltzoo.data.image_metadata import load_upright
from ltzoo.data.pixels import UnreadableImageError, decode_image
from ltzoo.data.stored_values import eight_bits, stored

_BYTES = (bytes, bytearray, memoryview)
_KINDS = "paths of images or folders, encoded bytes, PIL images, or arrays [height, width, channels] of pixels 0..255"


def image_list(images: Any, argument: str = "images") -> list[Any]:
    """Return a list of images, one entry per image, without decoding any.

    Args:
        images: one image or a list of images: paths, encoded bytes, PIL images, arrays `[height, width]` or
            `[height, width, channels]`; or one array `[N, height, width, channels]`. The path of a folder stands for
            the images in it, searched recursively and sorted by path.
        argument: name of the argument for error messages.

    Raises:
        TypeError: something else was given.
        ValueError: there is no image, or none in a folder.
    """
    if _is_one(images):
        entries = [images]
    elif is_array(images):
        entries = list(np.asarray(images))
    elif hasattr(images, "__iter__") and not isinstance(images, (Mapping, Set)):
        entries = list(images)
    else:
        raise _wrong(argument, images)
    if not entries:
        raise ValueError(f"`{argument}` must hold at least one image. Received: {argument} with 0 images")
    for position, entry in enumerate(entries):
        if not _is_one(entry):
            raise _wrong(f"{argument}[{position}]", entry)
    return [image for entry in entries for image in _in_folder(entry, argument)]


def decode_source(source: Any, channels: int, name: str, fitted: ImageFit | None = None) -> Image.Image:
    """Return one image of `image_list` as an upright `PIL.Image` of mode "RGB" (`channels` 3) or "L" (1).

    Args:
        source: the entry.
        channels: 3 or 1.
        name: name for error messages.
        fitted: how the image will be scaled, so that large JPEG files are decoded at reduced size; None decodes at the
            original size.

    Raises:
        UnreadableImageError: it cannot be read; see `ltzoo.data.pixels.decode_image`.
    """
    if isinstance(source, (str, os.PathLike)):
        return decode_image(os.fspath(source), channels, fitted=fitted)
    if isinstance(source, _BYTES):
        return decode_image(bytes(source), channels, name, fitted)
    try:
        opened = source.copy() if isinstance(source, Image.Image) else _from_array(np.asarray(source), name)
        header = stored(source if hasattr(source, "tile") else opened)
        return eight_bits(load_upright(opened), header, channels)
    except UnreadableImageError:
        raise
    except Exception as error:  # Pillow raises many types.
        raise UnreadableImageError(name, str(error).split("\n")[0] or type(error).__name__) from error


def source_name(source: Any, position: int) -> str:
    """Return a name for one image: its path, or its position."""
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else f"image {position}"


def _in_folder(entry: Any, argument: str) -> list[Any]:
    """Return the paths of the images in a folder, or any other entry alone."""
    if not isinstance(entry, (str, os.PathLike)) or not os.path.isdir(entry):
        return [entry]
    found = find_images({"all": {"all": Path(entry)}}, LeftOut())["all"]["all"]
    if not found:
        raise ValueError(
            f"`{argument}` must name a folder with at least one image. Received: {os.fspath(entry)!r}"
        )
    return list(found)


def _is_one(value: Any) -> bool:
    if isinstance(value, (str, os.PathLike, *_BYTES, Image.Image)):
        return True
    return is_array(value) and len(value.shape) in (2, 3)


def _from_array(pixels: np.ndarray, name: str) -> Image.Image:
    pixels = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
    try:
        check_images(pixels[np.newaxis], name, floats=True)
    except ValueError as error:
        raise UnreadableImageError(name, str(error)) from error
    if pixels.shape[-1] not in (1, 2, 3, 4):
        raise UnreadableImageError(
            name, f"arrays must have 1 to 4 channels, which come last. Received: shape {pixels.shape}"
        )
    if pixels.dtype != np.uint8:
        warn_of_scale(pixels[np.newaxis], name)
        pixels = np.clip(np.round(pixels.astype("float64")), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _wrong(argument: str, value: Any) -> TypeError:
    shape = f" of shape {tuple(value.shape)}" if is_array(value) else ""
    return TypeError(f"`{argument}` must hold {_KINDS}. Received: a {type(value).__name__}{shape}")
