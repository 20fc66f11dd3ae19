"""Store CIFAR-10-LT as lossless WebP mosaics to carry, about half the size of a compressed array.

    python -m benchmarks.cifar10_lt.accelerator_images carried/images images.npz

restores them as arrays x_train, y_train, x_test and y_test.
"""

import shutil
import sys
from pathlib import Path

FACTOR = 10.0
COLUMNS = 40
SIDE = 32
MOSAIC = 1000  # images per mosaic


def store(data_dir, folder, factor=FACTOR):
    """Store the images of an imbalance factor, class by class in the order of the subset.

    Args:
        data_dir: the official folder cifar-10-batches-py.
        folder: output folder; `train` and `test` in it get mosaics and `labels.npy`.
        factor: imbalance factor.
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
    """Write the images that `store` wrote as plain arrays into an .npz file."""
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
    """Return the images of a mosaic, including empty ones at its end."""
    import numpy as np

    mosaic = np.asarray(picture.convert("RGB"))
    rows = mosaic.shape[0] // SIDE
    tiles = mosaic.reshape(rows, SIDE, COLUMNS, SIDE, 3).transpose(0, 2, 1, 3, 4)
    return tiles.reshape(-1, SIDE, SIDE, 3)


if __name__ == "__main__":
    restore(*sys.argv[1:3])
