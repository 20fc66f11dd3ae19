"""Much accuracy for little training: a few wide convolutions, a balanced loss, a short schedule."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = (
    "Own work; after Page, How to Train Your ResNet, 2019, Jordan, 94% on CIFAR-10 in 3.29 Seconds, 2024, and "
    "Jordan et al., Muon, 2024"
)


@register(backbone="fastnet")
def fast(epochs: Sequence[int] = (10,)) -> Recipe:
    """Made for the backbone `fastnet`: small images, and minutes of training on a CPU.

    Whitening filters of the training images in the first layer, which then stay as they are; logit adjustment with
    labels smoothed toward the prior (`ltzoo.losses.logit_adjustment`); orthogonal steps of the convolution kernels
    (`ltzoo.training.OrthogonalSGD`, which is Muon) and Nesterov momentum for the rest, a rate that rises for a fifth of
    the epochs and falls on a straight line; the average over an image and its mirror image in prediction. Own work
    of this library: docs/results.md has the measurements, and benchmarks/cifar10_lt/own_recipes.md tells how its
    constants were chosen.
    """
    return Recipe(
        name="fast",
        head={"name": "dense"},
        conversions=({"name": "flip_average"},),
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "logit_adjustment", "label_smoothing": 0.1, "smooth_toward": "prior"},
                batch_size=128,
                augmentation=({"name": "pad_crop_flip", "padding": 2, "mode": "reflect", "flip": True},),
                optimizer={
                    "name": "orthogonal_sgd",
                    "momentum": 0.9,
                    "nesterov": True,
                    "l2": 5e-4,
                    "kernel_rate": 0.35,
                    "kernel_momentum": 0.6,
                },
                schedule={
                    "name": "linear",
                    "learning_rate": 0.2,
                    "warmup_epochs": max(1, round(epochs[0] / 5)),
                    "warmup_start": 0.04,
                },
                technique={"name": "whitened_patches"},
                trainable=("stage*",),
            ),
        ),
        description="Few wide convolutions behind whitened patches, logit adjustment, orthogonal steps",
        citation=CITATION,
    )
