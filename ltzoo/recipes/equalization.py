"""Softmax equalization loss."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def equalization(epochs: Sequence[int] = (200,)) -> Recipe:
    """Leave rare classes out of the softmax of other classes' images, at random (Tan et al., Eq. 6-8).

    They are left out with probability gamma = 0.9. A class is rare if it has less than half of the mean number of
    images: lambda = 0.5 / C, or 0.005 for 100 classes. The values are from the bag-of-tricks code of Zhang et al.
    (AAAI 2021); the paper tunes them per dataset. The training set-up follows Cao et al. (2019).

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    return Recipe(
        name="equalization",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "equalization", "beta": 0.9},
                batch_size=128,
                augmentation=CROP_FLIP,
                optimizer=SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)),
                technique={"name": "equalization", "gamma": 0.9},
            ),
        ),
        description="Softmax that leaves rare classes out on other classes' images",
        citation="Tan et al., Equalization Loss for Long-Tailed Object Recognition, CVPR 2020",
    )
