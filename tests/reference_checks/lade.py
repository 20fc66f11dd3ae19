"""`lade_*`: the loss of the recipe on each dataset.

The released code adds 1e-9 to the class shares and 1e-8 to the images per class, which float64 sees.
"""

from ltzoo import losses, recipes
from tests.reference_checks.check import Check, loss_and_gradient

DATASETS = {
    "cifar100_lt_100": ("cifar100_lt", 100),
    "cifar100_lt_10": ("cifar100_lt", 10),
    "imagenet_lt": ("imagenet_lt",),
    "places_lt": ("places_lt",),
    "inaturalist2018": ("inaturalist2018",),
}


def published(name, dataset):
    loss, gradient = f"loss_{name}", f"grad_{name}"

    def compute(case, dtype):
        config = recipes.published("lade", *dataset).stages[0].loss
        built = losses.get({**config, "dtype": dtype}, class_counts=case["counts"])
        return {
            **loss_and_gradient(lambda z: built(case["targets"], z), case["logits"], dtype, loss, gradient),
            f"alpha_{name}": built.alpha,
            f"penalty_{name}": built.penalty,
        }

    values = (loss, f"alpha_{name}", f"penalty_{name}")
    return Check("lade_*", compute, values, (gradient,), float64_tolerance=1e-7, name=name)


CHECKS = [published(name, dataset) for name, dataset in DATASETS.items()]
