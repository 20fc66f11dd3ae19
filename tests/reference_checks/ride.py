"""`ride_*`: the technique and the loss of both stages with the constants of each dataset, and the router."""

from keras import ops

from ltzoo import losses, recipes, techniques
from ltzoo.losses.expert_diversity import diversity_temperatures, expert_diversity
from ltzoo.losses.expert_routing import (
    ensemble_logits,
    more_experts_help,
    positive_weighted_binary_cross_entropy,
)
from ltzoo.techniques.experts import Experts
from tests.reference_checks.check import Check, loss_and_gradient

DATASETS = ("cifar100_lt", "imagenet_lt", "inaturalist2018")


def constants(dataset):
    def compute(case, dtype):
        stage = recipes.published("ride", dataset).stages[1]
        temperatures = techniques.get(stage.technique, class_counts=case["counts"])._temperatures
        logits = ops.convert_to_tensor(case["expert_logits"], dtype=dtype)
        return {
            f"diversity_factor_{dataset}": stage.technique["diversity_factor"],
            f"temperatures_{dataset}": temperatures,
            f"divergence_{dataset}": ops.mean(expert_diversity(logits, temperatures)),
        }

    keys = [f"{kind}_{dataset}" for kind in ("diversity_factor", "temperatures", "divergence")]
    return Check("ride_*", compute, tuple(keys), name=dataset)


def stage(number, dataset):
    loss, gradient = f"loss{number}_{dataset}", f"grad{number}_{dataset}"

    def compute(case, dtype):
        entry = recipes.published("ride", dataset).stages[number - 1]
        technique = techniques.get(entry.technique, class_counts=case["counts"])
        classify = losses.get(
            {**entry.loss, "from_cosine": False, "dtype": dtype},
            class_counts=case["counts"],
            scale=entry.scale,
        )

        def total(logits):
            return technique.loss(None, case["targets"], ops.mean(logits, axis=1), logits, classify)

        return loss_and_gradient(total, case["expert_logits"], dtype, loss, gradient)

    return Check("ride_*", compute, (loss,), (gradient,), name=loss)


def defaults(case, dtype):
    """What the technique has by itself is what the released loss has."""
    technique = Experts()
    temperatures = diversity_temperatures(
        case["counts"], technique.temperature, technique.reweight_factor, technique.form
    )
    return {
        "factor": (technique.diversity_factor, case["diversity_factor_imagenet_lt"]),
        "temperatures": (temperatures, case["temperatures_cifar100_lt"]),
    }


def router(case, dtype):
    weight = techniques.get(recipes.get("ride").stages[2].technique).positive_weight
    ensembles = ensemble_logits(ops.convert_to_tensor(case["expert_logits"], dtype=dtype))
    helps = more_experts_help(case["targets"], ensembles)

    def total(logits):
        return ops.mean(positive_weighted_binary_cross_entropy(helps, logits, weight))

    computed = loss_and_gradient(total, case["routing_logits"], dtype, "router_loss", "router_grad")
    return {**computed, "positive_weight": weight, "more_experts_help": helps}


CHECKS = [
    *(constants(dataset) for dataset in DATASETS),
    *(stage(number, dataset) for number in (1, 2) for dataset in DATASETS),
    Check("ride_*", defaults, ("factor", "temperatures"), name="defaults"),
    Check(
        "ride_*",
        router,
        ("router_loss", "positive_weight", "more_experts_help"),
        ("router_grad",),
        name="router",
    ),
]
