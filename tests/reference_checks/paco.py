"""`paco_*`: the loss with the constants of each dataset; CIFAR-100-LT's are the technique's defaults.

The released code adds 1e-9 to the class shares, which float64 sees.
"""

from keras import ops

from ltzoo import recipes, techniques
from ltzoo.losses.parametric_contrastive import parametric_contrastive
from tests.reference_checks.check import Check, loss_and_gradient

INPUTS = ("logits", "queries")
OF_DATASET, OF_ALL = (
    ("alpha", "temperature", "queue_size", "units"),
    ("beta", "center_temperature", "momentum"),
)


def published(dataset, config):
    losses, gradients = f"loss_{dataset}", tuple(f"grad_{key}_{dataset}" for key in INPUTS)

    def compute(case, dtype):
        technique = techniques.get(config(), class_counts=case["counts"], seed=0)

        def total(tensors):
            logits, queries = tensors
            loss = parametric_contrastive(
                case["targets"],
                logits,
                queries,
                ops.convert_to_tensor(case["contrasts"], dtype=dtype),
                case["contrast_targets"],
                class_counts=technique.class_counts,
                temperature=technique.temperature,
                center_temperature=technique.center_temperature,
                alpha=technique.alpha,
                beta=technique.beta,
                form=technique.form,
            )
            return ops.mean(loss)

        inputs = [case[key] for key in INPUTS]
        return {
            **loss_and_gradient(total, inputs, dtype, losses, gradients),
            **{f"{key}_{dataset}": getattr(technique, key) for key in OF_DATASET},
            **{key: getattr(technique, key) for key in OF_ALL},
        }

    values = (losses, *(f"{key}_{dataset}" for key in OF_DATASET), *OF_ALL)
    return Check("paco_*", compute, values, gradients, float64_tolerance=1e-7, name=dataset)


def of_recipe(dataset):
    return published(dataset, lambda: recipes.published("paco", dataset).stages[0].technique)


CHECKS = [
    published("cifar100_lt", lambda: {"name": "parametric_contrastive"}),
    *(of_recipe(dataset) for dataset in ("imagenet_lt", "inaturalist2018", "places_lt")),
]
