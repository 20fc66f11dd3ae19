"""The recipe of a method in a published table: the library's recipe in the table's training set-up.

A set-up has what the papers vary per dataset and not per method: epochs, batch, rates, weight decay, augmentation. For
MiSLAS they are in Table 5. GCL, NBN and CAMC follow Kang et al. (decoupling), whose values are in the released
configurations. The others are in the papers' sections on implementation and in their released code.
"""

import dataclasses
import math
from collections.abc import Mapping

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.training import Recipe
from tools.cards.published_methods import METHODS


@dataclasses.dataclass(frozen=True)
class LargeSetup:
    """Training on photographs: values per dataset, with the key None for all others.

    Attributes:
        epochs: epochs of the first stage, or of all stages that train the whole network, together.
        batch_size, rate: of all stages; the rate falls on a cosine to 0, or in steps.
        steps: (epochs at which the rate falls, as fractions of all epochs; factors), or None for the cosine.
        retrain: epochs of a stage that only trains the classifier.
        l2: weight decay.
        color_jitter: strength of color jitter, besides random resized crops and flips.
        keep_last: whether stages of the classifier keep their schedule. Stages with a technique, such as RIDE's router,
            keep their epochs too.
    """

    epochs: Mapping
    batch_size: int
    rate: float
    steps: tuple | None = None
    retrain: Mapping = dataclasses.field(default_factory=lambda: {None: 10, "inaturalist2018": 30})
    l2: Mapping = dataclasses.field(default_factory=lambda: {None: 5e-4, "inaturalist2018": 1e-4})
    color_jitter: Mapping = dataclasses.field(default_factory=lambda: {None: 0.4, "inaturalist2018": 0.0})
    keep_last: bool = False


LARGE = {
    "mislas": LargeSetup(
        {"imagenet_lt": 180, "places_lt": 90, "inaturalist2018": 200}, 256, 0.1, color_jitter={None: 0.4}
    ),
    "gcl": LargeSetup({None: 90, "inaturalist2018": 200}, 512, 0.2, steps=((2 / 3, 8 / 9), (0.1, 0.01))),
    "nbn": LargeSetup({None: 90, "inaturalist2018": 200}, 512, 0.2),
    "nbn_90": LargeSetup({None: 90}, 512, 0.2),
    "camc": LargeSetup({None: 200}, 256, 0.1, retrain={None: 10}),
    "fsa": LargeSetup(
        {None: 100}, 128, 0.1, steps=((0.3, 0.6, 0.9), (0.1, 0.01, 0.001)), retrain={None: 2}, l2={None: 2e-4},
        keep_last=True,
    ),
}  # fmt: skip
MIXUP_ALPHA = 0.2


def recipe(method: str, setup: str, dataset: str, factor: float | None, class_counts) -> Recipe:
    """Return the recipe of an entry.

    Args:
        method: key of `METHODS`.
        setup: "cifar", "fsa_cifar", "nbn_cifar" or a key of `LARGE`.
        dataset: name of the dataset.
        factor: imbalance factor, or None if the tail is published.
        class_counts: training images per class.
    """
    made = METHODS[method](dataset, factor)
    if setup == "fsa_cifar":
        made = _in_fsa_cifar(made)
    elif setup == "nbn_cifar":
        made = _in_nbn_cifar(made, sum(class_counts))
    elif setup != "cifar":
        made = _in_large(made, LARGE[setup], dataset, _trained_on_places(setup, dataset))
    return dataclasses.replace(made, name=method)


def _in_fsa_cifar(made):
    """Set 300 epochs from a rate of 0.1, x0.1 after 150, with weight decay 2e-4, for one-stage methods."""
    if len(made.stages) > 1:
        return made
    schedule = {"name": "multi_step", "learning_rate": 0.1, "milestones": [150], "factors": [0.1]}
    stage = dataclasses.replace(made.stages[0], epochs=300, batch_size=128, schedule=schedule)
    return dataclasses.replace(made, stages=(stage,))


def _in_nbn_cifar(made, images):
    """Set 13,000 steps of 512 with warm-up and cosine, so epochs depend on the data. RIDE keeps its own set-up."""
    if any(config["name"] == "experts" for config in made.conversions):
        return made
    epochs = round(13_000 / math.ceil(images / 512))
    warmup = round(epochs * 800 / 13_000)
    first = dataclasses.replace(
        made.stages[0],
        epochs=epochs,
        schedule={
            "name": "cosine", "learning_rate": 0.1, "warmup_epochs": warmup, "warmup_start": 0.05,
            "period": epochs - warmup,
        },
    )  # fmt: skip
    return dataclasses.replace(made, stages=(first, *made.stages[1:]))


def _in_large(made, setup, dataset, last_block):
    def value(mapping):
        return mapping.get(dataset, mapping.get(None))

    crop = {"name": "imagenet_train_crop", "size": 224, "color_jitter": value(setup.color_jitter)}
    together = [stage for stage in made.stages if stage.trainable == "all"]
    shares = _shares([stage.epochs for stage in together], value(setup.epochs))
    stages, done = [], 0
    for stage in made.stages:
        changes = {"batch_size": setup.batch_size, "augmentation": _photographs(stage.augmentation, crop)}
        if stage.mixup_alpha:
            changes["mixup_alpha"] = MIXUP_ALPHA
        if stage.epochs and made.name != "weight_balancing":  # its method is the weight decay
            changes["optimizer"] = {**stage.optimizer, "l2": value(setup.l2)}
        if stage in together:
            changes["epochs"] = shares[len(stages)]
            changes["schedule"] = _schedule(setup, value(setup.epochs), done)
            done += changes["epochs"]
            if last_block:
                changes["trainable"] = ("stage4_block2_*",)
        elif stage.epochs and (stage.technique is None or setup.keep_last):
            changes["epochs"] = value(setup.retrain)
            if not setup.keep_last:
                changes["schedule"] = {"name": "cosine", "learning_rate": setup.rate}
        stages.append(dataclasses.replace(stage, **changes))
    return dataclasses.replace(made, stages=tuple(stages))


def _shares(epochs, total):
    """Split `total` epochs over the stages of one run in proportion; a last stage below 10 epochs keeps them."""
    if len(epochs) == 2 and epochs[1] < 10:
        return [total - epochs[1], epochs[1]]
    shares = [round(total * number / sum(epochs)) for number in epochs]
    return [*shares[:-1], total - sum(shares[:-1])]


def _schedule(setup, total, done):
    """Return the part of a schedule over `total` epochs that begins after `done` of them."""
    if setup.steps is None:
        return {"name": "cosine", "learning_rate": setup.rate} | (
            {"period": total, "shift": done} if done else {}
        )
    milestones = [round(share * total) - done for share in setup.steps[0]]
    return {
        "name": "multi_step",
        "learning_rate": setup.rate,
        "milestones": milestones,
        "factors": list(setup.steps[1]),
    }


def _photographs(augmentation, crop):
    """Replace padded crops by random resized ones, drop CIFAR policies, and use RandAugment for views."""
    if not augmentation:
        return augmentation
    steps = [crop]
    for step in augmentation:
        if step["name"] == "per_view":
            rand = [{"name": "rand_augment", "num_ops": 2, "magnitude": 10}]
            steps.append({"name": "per_view", "steps": [rand for _ in step["steps"]]})
        elif step["name"] not in ("auto_augment", "cutout", *(item["name"] for item in CROP_FLIP)):
            steps.append(step)
    return tuple(steps)


def _trained_on_places(setup, dataset):
    return dataset == "places_lt" and setup in ("mislas", "gcl")
