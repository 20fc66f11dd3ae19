"""The authors' checkpoints, as far as the reference cases have them: names, shapes, values, and what networks compute.

`reference/state_dicts.json.xz` holds for each published network `{part: {name: shape}}`. Values of the large networks
follow a recipe instead of being stored; `draw` is it.
"""

import json
import lzma
import pathlib
import zlib

import keras
import numpy as np

from ltzoo import models

REFERENCE = pathlib.Path(__file__).parent / "reference"


def state_dicts():
    """Name of the network -> part of the file -> name of the tensor -> shape."""
    return json.loads(lzma.decompress((REFERENCE / "state_dicts.json.xz").read_bytes()))


def draw(name, shape):
    """The value of a tensor in the cases `large_forward_*`."""
    draws = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    kind = name.rpartition(".")[2]
    if kind == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if len(shape) == 4:
        draws *= np.sqrt(2.0 / np.prod(shape[1:]))
    elif len(shape) == 2:
        draws = 1.0 + 0.2 * draws if shape[0] == 1 else draws / np.sqrt(shape[1])
    elif kind == "running_var":
        draws = 1.0 + 0.2 * np.abs(draws)
    elif kind == "scale_factor":
        draws = 20.0 + draws
    elif kind in ("weight", "scales"):
        draws = 0.7 + 0.1 * draws
    else:
        draws *= 0.1
    return draws.astype("float32")


def drawn(parts):
    """A checkpoint with these parts `{part: {name: shape}}`, as nested dicts of arrays."""
    return {part: {name: draw(name, shape) for name, shape in names.items()} for part, names in parts.items()}


def images(case):
    """The normalized images of a case `large_forward_*`, [batch, channels, height, width]."""
    draws = np.random.RandomState(int(case["input_seed"])).standard_normal(case["input_shape"])
    return draws.astype("float32")


def stored(case):
    """The state dict in a case file: `state/part/name` -> part -> name -> array; the part is "" where there is none."""
    parts = {}
    for key, value in case.items():
        if key.startswith("state/"):
            part, _, name = key.removeprefix("state/").rpartition("/")
            parts.setdefault(part, {})[name] = value
    return parts


def classifier(backbone, recipe, num_classes, checkpoint, **arguments):
    """A model that takes normalized images, like the published networks, filled from a checkpoint."""
    counts = np.arange(num_classes, 0, -1)
    settings = {"mean": 0.0, "std": 1 / 255, "compile": False, "initialize": False, **arguments}
    return models.convert_checkpoint(checkpoint, models.build(backbone, recipe, counts, **settings))


def outputs(model, images):
    """Feature map, feature and logits (without scale) of images `[batch, channels, height, width]`, channels first."""
    maps = model.backbone.output
    features = keras.layers.GlobalAveragePooling2D()(maps)
    inner = keras.Model(model.backbone.input, [maps, features, model.head(features)])
    maps, features, logits = inner.predict(np.moveaxis(images, 1, -1), verbose=0)
    return {
        "last_feature_map": np.moveaxis(maps, -1, 1),
        "feature": features,
        "logits": logits / getattr(model.head, "scale", 1.0),
    }
