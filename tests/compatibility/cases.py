"""The small runs whose files of an earlier version are kept in `fixtures/`."""

import hashlib
import json
from pathlib import Path

import keras

from ltzoo import data, models, recipes

FIXTURES = Path(__file__).parent / "fixtures"
HASHES = Path(__file__).parent / "recipe_hashes.json"
BACKBONE = {"name": "resnet8", "width_multiplier": 0.125}
IMBALANCE_FACTOR = 50
BATCH_SIZE = 64
SEED = 3
# Two stages with a cloud; a technique that holds variables, a queue and a momentum copy; a converted backbone.
EPOCHS = {"gcl": [2, 1], "paco": [2], "nbn": [2]}
# At small rates, so that rounding, which differs between processors, is not amplified.
SLOW = {"name": "cosine", "learning_rate": 1e-3}
STEPS = {"name": "multi_step", "learning_rate": 1e-3, "milestones": [1], "factors": [0.5]}
SETTINGS = {
    "gcl": {"stage1": {"schedule": STEPS}, "stage2": {"schedule": SLOW}},
    "paco": {"schedule": SLOW, "technique": {"name": "parametric_contrastive", "queue_size": 16}},
    "nbn": {},
}
INTERRUPTED = ("gcl", "paco")
SAVED = "tensorflow"  # the backend that wrote the `.keras` files next to the run folders


def dataset():
    """Return the long-tailed digits of every case."""
    return data.load("digits_lt", imbalance_factor=IMBALANCE_FACTOR, seed=SEED)


def recipe(name, digits):
    """Return the recipe of a case, adapted to the digits."""
    short = recipes.get(name, epochs=EPOCHS[name], batch_size=BATCH_SIZE, **SETTINGS[name])
    return recipes.for_dataset(short, digits)


def build(name, digits):
    """Return the untrained classifier of a case."""
    return models.build(BACKBONE, recipe(name, digits), digits, seed=SEED)


def resume(name, folder, digits):
    """Resume the run in the checkpoint folder; return its classifier."""
    model = build(name, digits)
    model.fit(digits, checkpoint=folder, resume=True, verbose=0, seed=SEED)
    return model


def weights(model):
    """Return all weights as arrays, under their positions."""
    arrays = (keras.ops.convert_to_numpy(variable.value) for variable in model.weights)
    return {f"{position:03d}": array for position, array in enumerate(arrays)}


def recipe_hash(of):
    """Return twelve digits that change with any setting of a recipe."""
    return hashlib.sha256(json.dumps(of.to_dict(), sort_keys=True).encode()).hexdigest()[:12]
