"""Images of CIFAR-10-LT to carry: lossless WebP mosaics in an .npz, about half of the size of a compressed array.

`python benchmarks/accelerator_images.py carried.npz images.npz` writes them as x_train, y_train, x_test, y_test.
"""

import io
import sys

FACTOR = 10.0
COLUMNS = 40
SIDE = 32


def store(data_dir, path, factor=FACTOR):
    """The images of an imbalance factor from the official folder, class by class in the order of the subset."""
    import numpy as np

    import ltzoo

    data = ltzoo.data.load("cifar10_lt", imbalance_factor=factor, data_dir=data_dir)
    arrays = {}
    for name, split in (("train", data.train), ("test", data.test)):
        labels = np.asarray(split.labels, "uint8")
        order = np.argsort(labels, kind="stable")
        images = split.load(order)
        arrays[f"y_{name}"] = labels[order]
        for start in range(0, len(images), 1000):
            arrays[f"x_{name}_{start // 1000:03d}"] = _encoded(images[start : start + 1000])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def restore(source, path):
    """What `store` wrote, as plain arrays."""
    import numpy as np

    with np.load(source) as stored:
        arrays = {}
        for name in ("train", "test"):
            labels = stored[f"y_{name}"]
            parts = [stored[key] for key in sorted(stored.files) if key.startswith(f"x_{name}_")]
            images = np.concatenate([_decoded(part) for part in parts])
            arrays |= {f"x_{name}": images[: len(labels)], f"y_{name}": labels}
    np.savez(path, **arrays)


def _encoded(images):
    import numpy as np
    from PIL import Image

    rows = -(-len(images) // COLUMNS)
    full = np.zeros((rows * COLUMNS, SIDE, SIDE, 3), "uint8")
    full[: len(images)] = images
    mosaic = full.reshape(rows, COLUMNS, SIDE, SIDE, 3).transpose(0, 2, 1, 3, 4)
    file = io.BytesIO()
    picture = Image.fromarray(mosaic.reshape(rows * SIDE, COLUMNS * SIDE, 3))
    picture.save(file, "WEBP", lossless=True, quality=80, method=4)
    return np.frombuffer(file.getvalue(), "uint8")


def _decoded(data):
    """Images of a mosaic, the empty ones at its end included."""
    import numpy as np
    from PIL import Image

    mosaic = np.asarray(Image.open(io.BytesIO(data.tobytes())).convert("RGB"))
    rows = mosaic.shape[0] // SIDE
    tiles = mosaic.reshape(rows, SIDE, COLUMNS, SIDE, 3).transpose(0, 2, 1, 3, 4)
    return tiles.reshape(-1, SIDE, SIDE, 3)


if __name__ == "__main__":
    restore(*sys.argv[1:3])
