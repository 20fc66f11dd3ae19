"""The sizes of a sample of image files, read from their headers, and the fit that suits them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PIL import Image

from ltzoo.data.image_fit import choose_fit
from ltzoo.data.image_formats import formats_for
from ltzoo.data.image_metadata import upright_size

_SAMPLE = 400


def sample_of_sizes(paths: Sequence[str], images: int = _SAMPLE) -> list[tuple[int, int]]:
    """Return `(width, height)`, upright, of a sample of image files, spread evenly over the list.

    Only headers are read. Unreadable files are left out.

    Args:
        paths: the files.
        images: approximate size of the sample.
    """
    sizes = []
    for path in paths[:: max(1, len(paths) // images)]:
        try:
            if not os.path.isfile(path):  # A pipe would be waited for.
                continue
            suffix = os.path.splitext(path)[1].lower()
            with open(path, "rb") as file, Image.open(file, formats=formats_for(file, suffix)) as image:
                sizes.append(upright_size(image))
        except Exception:  # The check of all images says what is wrong with it.
            continue
    return [size for size in sizes if min(size) > 0]


def fit_of_files(paths: Sequence[str], image_size: tuple[int, int]) -> str:
    """Return the fit that `ltzoo.data.image_fit.choose_fit` chooses for a sample of image files."""
    return choose_fit(sample_of_sizes(paths), image_size)
