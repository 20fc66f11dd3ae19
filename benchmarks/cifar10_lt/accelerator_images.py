"""Images of CIFAR-10-LT to carry: lossless WebP mosaics, about half of the size of a compressed array.

    python -m benchmarks.cifar10_lt.accelerator_images carried/images images.npz

writes them as x_train, y_train, x_test, y_test.
"""

import shutil
import sys
from pathlib import Path

FACTOR = 10.0
COLUMNS = 40
SIDE = 32
MOSAIC = 1000  # Images of one.


def store(data_dir, folder, factor=FACTOR):
    """The images of an imbalance factor from the official folder, class by class in the order of the subset.

    `folder/train` and `folder/test` get mosaics and `labels.npy`.
    """
    import numpy as np

    import ltzoo

    data = ltzoo.data.load("cifar10_lt", imbalance_factor=factor, data_dir=data_dir)
    for name, split in (("train", data.train), ("test", data.test)):
        target = folder / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        labels = np.asarray(split.labels, "uint8")
        order = np.argsort(labels, kind="stable")
        np.save(target / "labels.npy", labels[order])
        images = split.load(order)
        for start in range(0, len(images), MOSAIC):
            picture = _mosaic(images[start : start + MOSAIC])
            picture.save(target / f"{start // MOSAIC:03d}.webp", lossless=True, quality=80, method=4)


def restore(folder, path):
    """What `store` wrote, as plain arrays."""
    import numpy as np
    from PIL import Image

    arrays = {}
    for name in ("train", "test"):
        labels = np.load(Path(folder) / name / "labels.npy")
        parts = [_tiles(Image.open(file)) for file in sorted((Path(folder) / name).glob("*.webp"))]
        arrays |= {f"x_{name}": np.concatenate(parts)[: len(labels)], f"y_{name}": labels}
    np.savez(path, **arrays)


def _mosaic(images):
    import numpy as np
    from PIL import Image

    rows = -(-len(images) // COLUMNS)
    full = np.zeros((rows * COLUMNS, SIDE, SIDE, 3), "uint8")
    full[: len(images)] = images
    mosaic = full.reshape(rows, COLUMNS, SIDE, SIDE, 3).transpose(0, 2, 1, 3, 4)
    return Image.fromarray(mosaic.reshape(rows * SIDE, COLUMNS * SIDE, 3))


def _tiles(picture):
    """Images of a mosaic, the empty ones at its end included."""
    import numpy as np

    mosaic = np.asarray(picture.convert("RGB"))
    rows = mosaic.shape[0] // SIDE
    tiles = mosaic.reshape(rows, SIDE, COLUMNS, SIDE, 3).transpose(0, 2, 1, 3, 4)
    return tiles.reshape(-1, SIDE, SIDE, 3)


if __name__ == "__main__":
    restore(*sys.argv[1:3])
