"""De-confounded training and total direct effect (TDE)."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def tde(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train a multi-head cosine classifier, and predict without the mean direction of the features (Tang et al.).

    As in the released configuration for CIFAR-10-LT and ResNet-32: alpha 1.0, batch 256, SGD with rate 0.2, weight
    decay 5e-4, 5 epochs of warm-up, and the rate times 0.01 at 60 % and 80 % of the epochs (120 and 160 of 200). The
    released ResNet-32 has 128 features; this library's has 64.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 80.60 % top-1 (GCL paper, Table 1).
    """
    return Recipe(
        name="tde",
        head={"name": "deconfounded", "alpha": 1.0},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=256,
                augmentation=CROP_FLIP,
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4},
                schedule=step_schedule(0.2, epochs[0], (1e-2, 1e-4), shares=(0.6, 0.8)),
            ),
        ),
        description="Cosine classifier that predicts without the mean direction of the features",
        citation="Tang, Huang and Zhang, Long-Tailed Classification by Keeping the Good and Removing the Bad Momentum "
        "Causal Effect, NeurIPS 2020",
    )
