"""Gaussian clouded logit adjustment, with the constants of the paper and of the released code."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = (
    "Li, Cheung and Lu, Long-tailed Visual Recognition via Gaussian Clouded Logit Adjustment, CVPR 2022"
)


@register(setup="gcl")
def gcl(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train GCL as the paper describes it (Eq. 9-14, section 4.2).

    Stage 1 has clouded cosine logits with full noise (multiplier 1, N(0, 1/3) clipped to [-1, 1], Eq. 11), mixup and
    the training set-up of Cao et al. Every image draws one noise per class, as in the released code. Eq. 8-12 write one
    epsilon per image, which `cloud={"noise_multiplier": 1.0, "per_class": False}` gives. Stage 2 retrains the
    classifier as Kang et al. do: a new classifier, 10 epochs and a cosine rate. It has CBEN sampling with a = 0.999 and
    b = 0.0009 (Eq. 13-14), and the same loss (Algorithm 1, line 11). The paper gives no scale s; 30 is the released
    code's value in stage 1.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 82.68 % top-1 (Table 1).
    """
    shared: dict[str, Any] = {
        "loss": {"name": "gaussian_clouded_logit"},
        "batch_size": 128,
        "augmentation": CROP_FLIP,
        "mixup_alpha": 1.0,
        "optimizer": SGD,
        "scale": 30.0,
        "cloud": {"noise_multiplier": 1.0},
    }
    return Recipe(
        name="gcl",
        head={"name": "normalized_dense"},
        stages=(
            Stage(epochs=epochs[0], schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)), **shared),
            Stage(
                epochs=epochs[1],
                schedule={"name": "cosine", "learning_rate": 0.1},
                sampler={"strategy": "cben", "base": 0.999, "width": 0.0009},
                trainable="head",
                batch_norm="frozen",
                reinitialize_head=True,
                **shared,
            ),
        ),
        description="Gaussian clouded logits, then classifier re-training with CBEN sampling (paper)",
        citation=CITATION,
    )


@register(setup="gcl")
def gcl_published(epochs: Sequence[int] = (200, 30)) -> Recipe:
    """Train GCL as the authors' released CIFAR code does.

    It differs from the paper in the noise multiplier 0.5, batch 64 and rate steps of x0.1. Stage 2 keeps the
    classifier of stage 1 and trains for 30 epochs from a peak rate of 0.002 on class-balanced batches. It uses s = 20,
    a target margin of 0.1 and a focal factor (1 - p)^1 with p held constant.

    Deviations from the released code: it keeps the epoch that is best on the test set; here the last one is kept. It
    draws separate noise for the two labels of a mixed image. Here they share one draw, which has the same expected
    loss and gradient.
    """
    shared: dict[str, Any] = {
        "batch_size": 64,
        "augmentation": CROP_FLIP,
        "mixup_alpha": 1.0,
        "optimizer": SGD,
        "cloud": {"noise_multiplier": 0.5},
    }
    return Recipe(
        name="gcl_published",
        head={"name": "normalized_dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "gaussian_clouded_logit", "margin": 0.0},
                scale=30.0,
                schedule=step_schedule(0.1, epochs[0], (1e-1, 1e-2)),
                **shared,
            ),
            Stage(
                epochs=epochs[1],
                loss={"name": "gaussian_clouded_logit", "margin": 0.1, "focal_gamma": 1.0},
                scale=20.0,
                schedule={"name": "cosine", "learning_rate": 0.002},
                sampler={"strategy": "class_balanced"},
                trainable="head",
                batch_norm="frozen",
                **shared,
            ),
        ),
        description="Gaussian clouded logits with the constants of the authors' released code",
        citation=CITATION,
    )
