"""Where in an image the channels are active that matter to its rare class, or to a frequent one (NBN, Fig. 1 and 4)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.papers.figure import Line, Load, Reading
from benchmarks.papers.measures import numpy, test_of
from benchmarks.papers.plots.matrices import pictures
from ltzoo.data.splits import Split
from ltzoo.training.features import extract_features, in_batches

# The paper does not say how many channels are important for a class.
SHARE = 0.1
_TITLES = {
    "rare": "rare-specific\nchannels",
    "frequent": "frequent-specific\nchannels",
    "all": "all channels",
}


def attention(reading: Reading, images: int) -> dict[str, Any]:
    """Return attention maps of test images of the rarest classes.

    A channel is important for a class if its classifier weight for the class is among the largest 10 %, and uniquely
    important if it is so for the rare or for the frequent class only. A map is the mean of such channels. The frequent
    class is the one that the figure's first network predicts for the image, or finds most probable among the classes
    with more training images. Images that it predicts wrongly come first.

    Args:
        reading: the network.
        images: number of images, one per class, from the rarest class on.

    Returns:
        by name: `positions` of the test images, classes `rare` and `frequent`, `predicted` classes, `maps` of
        "rare", "frequent" and "all" channels [images, h, w], and `strength`, their mean μ and σ over the test images.
    """
    model, test = reading.run.model, test_of(reading.data)
    assert reading.first is not None
    positions, frequent = chosen_images(reading.first.model, test, images)
    rare = np.asarray(test.labels)[positions]
    maps = in_batches(model.extract_feature_maps_on_batch, test, positions, 64)
    kernel = numpy(model.head.kernel)
    features = np.asarray(extract_features(model, test), "float64")
    mean, spread = features.mean(axis=0), features.std(axis=0)
    found: dict[str, list[Any]] = {"rare": [], "frequent": [], "all": []}
    strength: dict[str, list[Any]] = {"rare": [], "frequent": [], "all": []}
    for number in range(len(positions)):
        channels = {
            "rare": unique_channels(kernel, rare[number], frequent[number]),
            "frequent": unique_channels(kernel, frequent[number], rare[number]),
            "all": np.arange(len(kernel)),
        }
        for name, own in channels.items():
            found[name].append(maps[number][..., own].mean(axis=-1))
            strength[name].append([mean[own].mean(), spread[own].mean()])
    predicted = model.predict(test.load(positions), verbose=0).argmax(axis=1)
    return {
        "top1": 100 * reading.run.result.top1,
        "positions": positions,
        "rare": rare,
        "frequent": frequent,
        "predicted": predicted,
        "maps": found,
        "strength": strength,
        "class_names": list(model.class_names),
    }


def unique_channels(kernel: np.ndarray, label: int, other: int, share: float = SHARE) -> np.ndarray:
    """Return the channels that are important for class `label` and not for class `other`.

    Args:
        kernel: weights of the classifier [D, C].
        label, other: the classes.
        share: share of the channels that are important for a class.
    """
    number = max(1, round(share * len(kernel)))
    own, others = (np.argsort(-kernel[:, column], kind="stable")[:number] for column in (label, other))
    unique = np.setdiff1d(own, others)
    if len(unique):
        return unique
    return np.array([np.argmax(kernel[:, label] - kernel[:, other])])


def chosen_images(baseline: Any, test: Split, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of test images, one of each of the rarest classes, and a frequent class for each."""
    counts, labels = np.asarray(baseline.class_counts), np.asarray(test.labels)
    positions, frequent = [], []
    for label in np.argsort(counts, kind="stable"):
        members = np.flatnonzero(labels == label)[:64]
        if len(positions) == images or counts[label] == counts.max():
            break
        if not len(members):
            continue
        scores = np.where(counts > counts[label], baseline.predict(test.load(members), verbose=0), -np.inf)
        whole = baseline.predict(test.load(members), verbose=0).argmax(axis=1)
        first = int(np.argmax(whole != label))  # The first if all are right.
        positions.append(members[first])
        frequent.append(scores[first].argmax())
    return np.array(positions), np.array(frequent)


def attention_pictures(lines: Sequence[Line], load: Load, shown: Sequence[str]) -> Figure:
    """Plot an image and a map per group of channels with its mean μ and σ.

    One image has a row per network. Several images have a row each, with the maps of all networks side by side.
    """
    if len(lines[0]["numbers"]["positions"]) == 1:
        rows = [_network_row(line, load, shown, 0) for line in lines]
        labels = [line["label"].replace(" ", "\n", 1) for line in lines]
        return pictures(["image", *(_TITLES[name] for name in shown)], labels, rows)
    rows = []
    for number in range(len(lines[0]["numbers"]["positions"])):
        own = [_network_row(line, load, shown, number) for line in lines]
        numbers = lines[0]["numbers"]
        name = numbers["class_names"][numbers["rare"][number]]
        maps = [
            (image, values, f"{said.split(', ')[1]}\n{text}")
            for (_, _, said), *found in own
            for image, values, text in found
        ]
        rows.append([(own[0][0][0], None, name), *maps])
    titles = [f"{line['label']}\n{_TITLES[name]}" for line in lines for name in shown]
    return pictures(["image", *titles], [""] * len(rows), rows)


def _network_row(line, load, shown, number):
    """Return (image, map or None, text) for the image and for each group of channels."""
    numbers = line["numbers"]
    names = numbers["class_names"]
    image = load(line["network"]).test.load(np.array([numbers["positions"][number]]))[0]
    said = f"{names[numbers['rare'][number]]}, predicted {names[numbers['predicted'][number]]}"
    cells = [(image, None, said)]
    for name in shown:
        mean, spread = numbers["strength"][name][number]
        text = f"μ {mean:.2f}, σ {spread:.2f}"
        if name == "frequent":
            text = f"{names[numbers['frequent'][number]]}: {text}"
        cells.append((image, numbers["maps"][name][number], text))
    return cells
