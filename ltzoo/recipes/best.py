"""The most accurate recipe for small images that this library's own search has found so far."""

from collections.abc import Sequence

from ltzoo.recipes.fast import fast
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

DISTORTIONS = (
    {"name": "pad_crop_flip", "padding": 4, "mode": "reflect", "flip": True},
    {"name": "auto_augment"},
)


@register(backbone="fastnet")
def best(epochs: Sequence[int] = (100, 1)) -> Recipe:
    """Logit adjustment, AutoAugment, rectangles of rare images on the others (CMO), then two numbers are set right.

    Stage 1: crops, mirror images and AutoAugment's policy for CIFAR; in half of the batches a rectangle of a second
    image, whose class is any with equal probability, lies on every image (CMO). Logit adjustment with tau = 0.9: the
    network sees rare classes more often than their prior says. Orthogonal steps of the convolution kernels
    (`ltzoo.training.OrthogonalSGD`, which is Muon) and Nesterov momentum for the rest, as in `fast`; a rate that rises
    for a tenth of the epochs and falls on a straight line.

    Stage 2: the head "recalibrated" learns one factor for all logits and one for the logarithm of the prior, from
    training images without the rectangles. Mixed labels leave the network far less sure than it could be, and the
    rectangles leave it with more or less preference for rare classes from one seed to the next. tau = 1.3 here: a
    network that sees its training images distorted keeps some preference for the large classes at tau = 1.

    Predictions are the average over an image, moved by a pixel to either side along the diagonal, and its mirror image.
    The network is any with batch norm behind its convolutions, which the orthogonal steps are made for; for others
    `ltzoo.recipes.get("best", stage1={"optimizer": {"name": "sgd", "nesterov": True, "l2": 5e-4}})` has SGD. Own work
    of this library: docs/results.md has the measurements, and benchmarks/cifar10_lt/own_recipes.md tells how its
    parts were chosen.
    """
    return Recipe(
        name="best",
        head={"name": "dense"},
        conversions=({"name": "flip_average", "shift": 1},),
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "logit_adjustment", "tau": 0.9},
                batch_size=128,
                sampler={"strategy": "instance_balanced", "companion": {"strategy": "class_balanced"}},
                augmentation=(*DISTORTIONS, {"name": "cmo", "alpha": 1.0, "probability": 0.5}),
                optimizer=fast().stages[0].optimizer,
                schedule={
                    "name": "linear",
                    "learning_rate": 0.2,
                    "warmup_epochs": max(1, round(epochs[0] / 10)),
                    "warmup_start": 0.04,
                },
            ),
            Stage(
                epochs=epochs[1],
                loss={"name": "logit_adjustment", "tau": 1.3},
                batch_size=128,
                head={"name": "recalibrated"},
                augmentation=DISTORTIONS,
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 0.0},
                schedule={"name": "cosine", "learning_rate": 0.1},
                trainable="head",
                batch_norm="frozen",
            ),
        ),
        description="AutoAugment, pasted rare images, logit adjustment, a long linear schedule, recalibration",
        citation="Own work",
    )
