"""High accuracy from little training: a few wide convolutions, a balanced loss and a short schedule."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = (
    "Own work; after Page, How to Train Your ResNet, 2019, Jordan, 94% on CIFAR-10 in 3.29 Seconds, 2024, and "
    "Jordan et al., Muon, 2024"
)


@register(backbone="fastnet")
def fast(epochs: Sequence[int] = (10,)) -> Recipe:
    """Train small images within minutes on a CPU; made for the backbone `fastnet`.

    The first layer gets whitening filters from the training images and is then frozen. The loss is logit adjustment
    with labels smoothed toward the prior (`ltzoo.losses.logit_adjustment`). Convolution kernels take orthogonal steps
    (`ltzoo.training.OrthogonalSGD`, that is Muon), and all other weights use Nesterov momentum. The rate rises for a
    fifth of the epochs and then falls linearly. Predictions average over the image and its mirror image.

    This recipe is this library's own work. docs/results.md has the measurements, and
    benchmarks/cifar10_lt/own_recipes.md explains how its constants were chosen.
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
