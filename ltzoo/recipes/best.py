"""The most accurate recipe for small images that the search of this library has found so far."""

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
    """Train with logit adjustment, AutoAugment and pasted rare images (CMO), then recalibrate two numbers.

    Stage 1 uses crops, mirror images and AutoAugment's policy for CIFAR. In half of the batches, CMO pastes a
    rectangle of a second image onto every image; the second image is of any class with equal probability. So the
    network sees rare classes more often than their prior, and logit adjustment uses tau = 0.9. As in `fast`,
    convolution kernels take orthogonal steps (`ltzoo.training.OrthogonalSGD`, that is Muon), and all other weights
    use Nesterov momentum. The rate rises for a tenth of the epochs and then falls linearly.

    In stage 2, the head "recalibrated" learns one factor for all logits and one for the logarithm of the prior, from
    training images without rectangles. It corrects two effects. Mixed labels make the network far too unsure. The
    rectangles leave a preference for rare classes that varies from seed to seed. tau is 1.3, because a network that
    sees distorted training images keeps some preference for large classes at tau = 1.

    Predictions average over the image, shifted by one pixel in both directions along the diagonal, and its mirror
    image. The orthogonal steps are made for networks with batch norm behind every convolution. For other networks use
    SGD: `ltzoo.recipes.get("best", stage1={"optimizer": {"name": "sgd", "nesterov": True, "l2": 5e-4}})`.

    This recipe is this library's own work. docs/results.md has the measurements, and
    benchmarks/cifar10_lt/own_recipes.md explains how its parts were chosen.
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
