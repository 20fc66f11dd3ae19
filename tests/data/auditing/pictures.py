"""Small drawn pictures for audits: no two alike, in folders of classes."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("disc", "stripes", "cross", "rings")


def picture(rng, width=64, height=48):
    """Colored patches of all sizes at random, as in photographs, different in each picture."""
    whole = np.full((height, width, 3), 115.0)
    for patches, strength in ((3, 60), (6, 40), (12, 25), (24, 12)):
        values = rng.uniform(0, 255, (patches, patches, 3)).astype("uint8")
        grown = Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)
        whole += strength / 64 * (np.asarray(grown, "float32") - 127)
    return Image.fromarray(np.clip(whole, 0, 255).astype("uint8"))


def shape(kind, rng, side=96):
    """A large shape of a random color, place and size on a random pale ground."""
    image = Image.new("RGB", (side, side), tuple(rng.integers(170, 256, 3).tolist()))
    draw, ink = ImageDraw.Draw(image), tuple(rng.integers(0, 110, 3).tolist())
    x, y = rng.integers(35, 62, 2).tolist()
    r = int(rng.integers(18, 32))
    if kind == "disc":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)
    elif kind == "stripes":
        for at in range(int(rng.integers(0, 9)), side, int(rng.integers(9, 14))):
            draw.line((0, at, side, at), fill=ink, width=4)
    elif kind == "cross":
        draw.rectangle((x - 6, y - r, x + 6, y + r), fill=ink)
        draw.rectangle((x - r, y - 6, x + r, y + 6), fill=ink)
    else:
        for ring in range(4, r + 8, 8):
            draw.ellipse((x - ring, y - ring, x + ring, y + ring), outline=ink, width=3)
    return image


def write(folder: Path, counts, seed=0, draw=picture, suffix="png"):
    """Write pictures into `folder/CLASS/CLASSnumber.png`, and return the folder.

    Args:
        folder: the folder.
        counts: number of pictures by path of the class folder.
        seed: seed of the pictures.
        draw: function of a random generator that returns a picture.
        suffix: of the files.
    """
    rng = np.random.default_rng(seed)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            draw(rng).save(folder / name / f"{Path(name).name}{number}.{suffix}")
    return folder
