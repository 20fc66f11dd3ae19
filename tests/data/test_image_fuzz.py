"""Damaged image files, with fixed seeds: each is an image or an `UnreadableImageError`, in little time and memory."""

import sys
import time

import numpy as np
import pytest

from ltzoo.data.pixels import UnreadableImageError, decode_image
from tools.pixels.samples import files

resource = pytest.importorskip("resource")
COUNT = 2000
FILES = [content for name, content in files().items() if "x 60,000" not in name]


def flipped(content, rng):
    damaged = bytearray(content)
    within = len(content) if rng.random() < 0.5 else min(len(content), 100)
    for _ in range(rng.integers(1, 6)):
        damaged[rng.integers(within)] = rng.integers(256)
    return bytes(damaged)


def truncated(content, rng):
    return content[: rng.integers(len(content))]


def spliced(content, rng):
    other = FILES[rng.integers(len(FILES))]
    return content[: rng.integers(len(content))] + other[rng.integers(len(other)) :]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("damage", [flipped, truncated, spliced])
def test_damaged_files_are_images_or_unreadable(damage):
    rng = np.random.default_rng(11)
    read, slowest = 0, 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(COUNT):
        content = damage(FILES[number % len(FILES)], rng)
        start = time.perf_counter()
        try:
            image = decode_image(content, (1, 3)[number % 2])
        except UnreadableImageError as error:
            assert error.reason and "\n" not in error.reason
        else:
            read += 1
            assert image.mode in ("L", "RGB") and image.info in ({}, {"several_frames": True})
        slowest = max(slowest, time.perf_counter() - start)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # In kB on Linux, in bytes on macOS.
    assert slowest < 10 and grown < (1 << 20 if sys.platform == "linux" else 1 << 30)
    assert 0 < read < COUNT
