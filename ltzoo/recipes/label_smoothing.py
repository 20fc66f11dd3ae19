"""Plain label smoothing."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def label_smoothing(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy, spreading a tenth of each label over all classes (Szegedy et al., section 7).

    The training set-up follows Cao et al. (2019). `mislas` smooths each class by its number of images.

    The papers behind this library report no accuracy on CIFAR-10-LT.
    """
    return Recipe(
        name="label_smoothing",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "cross_entropy", "label_smoothing": 0.1}),),
        description="Cross-entropy with equally smoothed labels",
        citation="Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR 2016",
    )
