"""`seql_*`: the loss with given draws, with the expected weights, and the rare classes of each dataset."""

import numpy as np
from keras import ops

from ltzoo import losses, recipes, techniques
from ltzoo.losses.equalization import equalization, rare_classes
from ltzoo.recipes.by_dataset.published import counts
from ltzoo.techniques.random_equalization import RandomEqualization
from tests.reference_checks.check import Check, loss_and_gradient


def drawn(case, dtype):
    technique = techniques.get(recipes.get("equalization").stages[0].technique, class_counts=case["counts"])

    def total(logits):
        loss = equalization(
            case["targets"],
            logits,
            class_counts=case["counts"],
            threshold=technique.threshold,
            beta=case["draws"],
        )
        return ops.mean(loss)

    return {**loss_and_gradient(total, case["logits"], dtype), "gamma": technique.gamma}


def expected(case, dtype):
    loss = losses.Equalization(case["counts"], dtype=dtype)
    logits = ops.convert_to_tensor(case["logits"], dtype=dtype)
    defaults = RandomEqualization(case["counts"])
    return {
        "loss_expected_weights": loss(case["targets"], logits),
        "gamma": loss.beta,
        "gamma of the technique": (defaults.gamma, case["gamma"]),
    }


def published(dataset, factor):
    name = f"{dataset}_{factor}"

    def compute(case, dtype):
        stage, per_class = (
            recipes.published("equalization", dataset, factor).stages[0],
            counts(dataset, factor),
        )
        limits = [config.get("threshold") for config in (stage.loss, stage.technique)]
        assert limits[0] == limits[1]
        limit = 0.5 / len(per_class) if limits[0] is None else limits[0]
        return {
            f"lambda_{name}": limit,
            f"rare_{name}": np.asarray(rare_classes(per_class, limits[0]), "float64"),
        }

    return Check("seql_*", compute, (f"lambda_{name}", f"rare_{name}"), float64_tolerance=None, name=name)


CHECKS = [
    Check("seql_*", drawn, ("loss", "gamma"), ("grad",), name="drawn"),
    Check("seql_*", expected, ("loss_expected_weights", "gamma", "gamma of the technique"), name="expected"),
    *(published(dataset, factor) for dataset in ("cifar10_lt", "cifar100_lt") for factor in (100, 50)),
]
