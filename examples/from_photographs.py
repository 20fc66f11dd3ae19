"""From a folder of photographs to a classifier in use: look, train, measure, predict, rescue, export.

    python examples/from_photographs.py                      small drawn images, about a minute
    python examples/from_photographs.py --data photos/       your own: photos/train/CLASS/*.jpg, photos/test/CLASS/*.jpg

Each step is a command that is printed before it runs; copy it into a terminal. `--new FOLDER` names photographs without
classes to predict; without it the test images are predicted.
"""

import argparse
import csv
import json
import shlex
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import ltzoo
from ltzoo.cli import cli

COUNTS = {"disk": 30, "square": 12, "triangle": 6, "cross": 3}
SIDE = 64


def main(out, data=None, new=None, time_limit="10m"):
    """Run all steps, and return the folder of the rebalanced model and the exported file or folder.

    Args:
        out: new folder for everything that is written.
        data: folder with train and test folders, and a folder per class in each; None draws small images.
        new: folder of images to predict; None takes the test images, or draws some.
        time_limit: of the training.
    """
    out = Path(out)
    out.mkdir(parents=True)
    size = []
    if data is None:
        data, new = draw_photos(out / "photos"), new or draw_new_photos(out / "new")
        size = ["--image-size", SIDE]  # Enough for these; photographs get what fits into the time limit.
    new = new or Path(data) / "test"
    run, rescued, served = out / "run", out / "rescued", out / "served" / "1"

    print("\n1. Look at the images: duplicates, broken files, counts, and what to train.")
    ltzoo_command("check", data, "--no-features", "--out", out / "check.html")
    ltzoo_command("advise", "--data", data, "--no-timing")

    print("\n2. Train. No recipe is named, so it is 'transfer': a pretrained network that stays as it is.")
    ltzoo_command("train", "--data", data, "--out", run, "--time-limit", time_limit, *size)

    print("\n3. Look at the result; the report has the classes, their confusions and pictures of mistakes.")
    result = json.loads((run / "result.json").read_text())["result"]
    print(f"balanced accuracy {result['balanced']:.1%}, report: {run / 'report' / 'report.html'}")
    with open(run / "per_class.csv", newline="", encoding="utf-8") as file:
        worst = min(csv.DictReader(file), key=lambda row: float(row["recall"]))
    print(f"worst class: {worst['class']}, {float(worst['recall']):.0%} of its images are recognized")

    print("\n4. Predict photographs; a broken file does not stop the rest.")
    ltzoo_command("predict", new, "--model", run, "--csv", out / "predictions.csv", "--skip-unreadable")
    with open(out / "predictions.csv", newline="", encoding="utf-8") as file:
        print(Counter(row["class_1"] or "unreadable" for row in csv.DictReader(file)))

    print(
        "\n5. Rescue: correct class shares and confidence on images that were not trained on; store what is unsure."
    )
    ltzoo_command(
        "rebalance", run, "--split", "test", "--sets", "0.2", "--unknown", "energy", "--out", rescued
    )
    ltzoo_command(
        "predict", new, "--model", rescued, "--csv", out / "decided.csv", "--top", "1", "--skip-unreadable"
    )
    with open(out / "decided.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["error"]]
    sizes = [len(row["prediction_set"].split(" | ")) for row in rows]
    unknown = sum(row["unknown"] == "true" for row in rows)
    print(
        f"{np.mean(sizes):.1f} classes in a prediction set on average; {unknown} of {len(rows)} images unknown"
    )

    print("\n6. Export for a server without this library: raw pixels in, logits of the corrected model out.")
    ltzoo_command("export", rescued, "--out", served)
    model = ltzoo.models.load(rescued)
    images = np.random.default_rng(0).integers(0, 256, (4, *model.image_shape)).astype("float32")
    difference = np.abs(ltzoo.models.served_outputs(served, images) - model.predict(images, verbose=0)).max()
    print(f"the exported model differs by {difference:.1g} at most")
    return rescued, served


def ltzoo_command(*words):
    """Print a command and run it in this process, as `ltzoo` in a terminal does."""
    words = [str(word) for word in words]
    print(f"\n$ {shlex.join(['ltzoo', *words])}", flush=True)
    code = cli.main(words, prog_name="ltzoo", standalone_mode=False)
    if code:
        raise SystemExit(f"The command failed with exit code {code}.")


def draw_photos(folder):
    """Draw a training folder with few images of rare classes, and a balanced test folder."""
    random = np.random.default_rng(0)
    for split, counts in {"train": COUNTS, "test": dict.fromkeys(COUNTS, 10)}.items():
        for name, count in counts.items():
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                draw(name, random).save(folder / split / name / f"{number}.png")
    return folder


def draw_new_photos(folder):
    """Draw images as they come: gray, transparent, large, tiny, and a file that is cut off."""
    random = np.random.default_rng(1)
    folder.mkdir(parents=True)
    for number, name in enumerate(COUNTS):
        image = draw(name, random)
        image.convert("L").save(folder / f"gray{number}.jpg")
        image.convert("RGBA").save(folder / f"transparent{number}.png")
        image.resize((900, 700)).save(folder / f"large{number}.jpg")
        image.resize((9, 12)).save(folder / f"tiny{number}.bmp")
    content = (folder / "large0.jpg").read_bytes()
    (folder / "broken.jpg").write_bytes(content[: len(content) // 3])
    return folder


def draw(name, random):
    """Return a shape of random place, size and turn, hard to see on a noisy background."""
    radius = int(random.integers(9, 18))
    x, y = random.integers(radius + 2, SIDE - radius - 2, 2).tolist()
    base = random.integers(40, 216, 3)
    mask = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(mask)
    if name == "disk":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    elif name == "square":
        pen.rectangle((x - radius, y - radius, x + radius, y + radius), fill=255)
    elif name == "triangle":
        pen.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], fill=255)
    else:
        pen.line((x - radius, y, x + radius, y), fill=255, width=7)
        pen.line((x, y - radius, x, y + radius), fill=255, width=7)
    mask = mask.rotate(float(random.uniform(-25, 25)), center=(x, y))
    brighter = 28.0 * np.asarray(mask, "float64")[..., None] / 255
    pixels = base + brighter + random.normal(0, 25, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype("uint8"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with train/CLASS and test/CLASS; default: drawn images")
    parser.add_argument("--new", help="folder of images to predict; default: the test images")
    parser.add_argument("--out", default="from_photographs", help="new folder for all that is written")
    parser.add_argument("--time-limit", default="10m", help="how long the training may take")
    given = parser.parse_args()
    main(given.out, given.data, given.new, given.time_limit)
