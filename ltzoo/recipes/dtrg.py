"""DTRG: a graph of the classes that training updates and follows."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register
def dtrg(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy, and keep features and their relations like those of their class mean (DTRG).

    See `ltzoo.techniques.target_relations.TargetRelations`; `mixup_alpha=1.0` adds the paper's inter-class relation
    augmentation. The released code is for fine-grained images and has no set-up for CIFAR, so the training set-up
    follows Cao et al. (2019).

    The papers behind this library report no accuracy on CIFAR-10-LT. On iNaturalist 2018 it is 69.5 % (NBN paper,
    Table III).
    """
    return Recipe(
        name="dtrg",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], technique={"name": "target_relations"}),),
        description="Cross-entropy, and features that relate to the classes as their class mean does",
        citation="Liu, Chen and Jia, Convolutional Fine-Grained Classification with Self-Supervised Target "
        "Relation Regularization, IEEE TIP 2022",
    )
