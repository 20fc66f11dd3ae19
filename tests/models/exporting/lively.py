"""A small model whose answers differ from image to image and from class to class, without training it."""

import keras
import numpy as np

from tests import tiny


def model(recipe="gcl", seed=0):
    """`tiny.model` with random weights and moved batch norm statistics."""
    classifier = tiny.model(recipe, **({"epochs": (1, 1, 1)} if recipe == "ride" else {}))
    rng = np.random.default_rng(seed)
    for variable in classifier.backbone.weights + classifier.head.weights:
        values = rng.normal(0, 0.5, variable.shape)
        if "float" not in str(variable.dtype):
            continue
        if variable.name in ("gamma", "moving_variance"):
            values = 0.5 + np.abs(values)
        variable.assign(values.astype("float32"))
    images = tiny.dataset().test.load(np.arange(7))
    logits = keras.ops.convert_to_numpy(classifier(images, training=False))
    assert np.ptp(logits, axis=0).max() > 0.1 and np.ptp(logits, axis=1).min() > 0.1, logits
    assert recipe != "gcl" or len(set(logits.argmax(axis=1))) > 1, logits
    return classifier
