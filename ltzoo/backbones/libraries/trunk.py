"""Shared by networks of all libraries: download errors, image sizes, weights from a file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras

from ltzoo.backbones.pixel_statistics import pixel_statistics, set_pixel_statistics
from ltzoo.readers.hdf5 import Hdf5Error, read_hdf5, rewrite


@contextlib.contextmanager
def library_errors(name: str) -> Iterator[None]:
    """Turn a library's exceptions into one line that says what to do.

    Raises:
        ValueError: for a `ValueError` or `TypeError`: unknown presets or arguments.
        ConnectionError: for any other exception, since libraries raise their own when they cannot download.
    """
    try:
        yield
    except ImportError:
        raise
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} cannot be made: {_first_lines(error)} Received: {name!r}") from error
    except Exception as error:
        raise ConnectionError(
            f"The files of {name} cannot be downloaded: {_first_lines(error)} Connect to the internet once (they are "
            "cached), or build the network without pretrained weights: weights=None, or the library's class and its "
            f"configuration. Received: {name!r}"
        ) from error


def _first_lines(error):
    text = " ".join(str(error).split()) or type(error).__name__
    text = text if len(text) <= 300 else f"{text[:297]}..."
    return text if text.endswith((".", "!")) else f"{text}."


def load_weights(model: keras.Model, weights: str | os.PathLike) -> None:
    """Load a `.weights.h5` file into a network; Keras is given a copy of the numbers in it (`ltzoo.readers.hdf5`).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no `.weights.h5` file of plain numbers, or does not fit.
    """
    if not Path(weights).is_file():
        raise FileNotFoundError(f"`weights` must be a file of weights. Received: weights={str(weights)!r}")
    if not str(weights).endswith(".weights.h5"):
        raise ValueError(f"`weights` must be a .weights.h5 file. Received: weights={str(weights)!r}")
    with tempfile.TemporaryDirectory() as folder:
        clean = Path(folder, "clean.weights.h5")
        # Room for an optimizer's variables or wider numbers.
        limit = 8 * 4 * model.count_params() + (1 << 20)
        try:
            rewrite(read_hdf5(weights, limit), clean)
        except Hdf5Error as error:
            raise ValueError(
                f"`weights` must be a sound .weights.h5 file: {error}. Received: weights={str(weights)!r}"
            ) from error
        model.load_weights(clean)


def with_image_size(
    trunk: keras.Model, input_shape: Sequence[int | None], resize_to: Sequence[int] | None
) -> keras.Model:
    """Resize images bilinearly from `input_shape` to the trunk's own size, if they differ.

    This lets networks with a fixed size, such as pretrained vision transformers, work on images of any size.
    """
    if resize_to is None or tuple(resize_to)[:2] == tuple(input_shape)[:2]:
        return trunk
    images = keras.Input(tuple(input_shape), name="images")
    resized = keras.layers.Resizing(*tuple(resize_to)[:2], name="resize")(images)
    result = keras.Model(images, trunk(resized), name=trunk.name)
    known = pixel_statistics(trunk)
    return result if known is None else set_pixel_statistics(result, *known)
