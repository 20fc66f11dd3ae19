"""Stages of decoupled training on CIFAR: first the features, then the classifier on balanced batches."""

from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Stage

KANG = "Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, ICLR 2020"
MISLAS = "Zhong et al., Improving Calibration for Long-Tailed Recognition, CVPR 2021"


def first_stage(epochs: int, **changes: Any) -> Stage:
    """Return a stage of cross-entropy on all images: batch 128, SGD 0.1, x0.1 at 80 % and at 90 % (MiSLAS code).

    Each image is drawn once per epoch. `changes` are fields of `Stage`.
    """
    return Stage(
        **{
            "epochs": epochs,
            "loss": {"name": "cross_entropy"},
            "batch_size": 128,
            "augmentation": CROP_FLIP,
            "optimizer": SGD,
            "schedule": step_schedule(0.1, epochs, (1e-1, 1e-2)),
            **changes,
        }
    )


def second_stage(epochs: int, **changes: Any) -> Stage:
    """Return a stage that trains the classifier on a frozen backbone, with a cosine rate from 0.1.

    It draws all classes in turn, four images per visit. `changes` are fields of `Stage`.
    """
    return Stage(
        **{
            "epochs": epochs,
            "loss": {"name": "cross_entropy"},
            "batch_size": 128,
            "sampler": {"strategy": "class_aware", "samples_per_visit": 4},
            "augmentation": CROP_FLIP,
            "optimizer": SGD,
            "schedule": {"name": "cosine", "learning_rate": 0.1},
            "trainable": "head",
            "batch_norm": "frozen",
            **changes,
        }
    )


def post_hoc_stage(head: dict[str, Any], **changes: Any) -> Stage:
    """Return a stage that computes a classifier from the trained network, without training."""
    return Stage(
        epochs=0,
        loss={"name": "cross_entropy"},
        batch_size=128,
        head=head,
        trainable="head",
        batch_norm="frozen",
        **changes,
    )
