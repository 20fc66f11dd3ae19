"""Range loss and lifted structured loss: metric learning next to cross-entropy."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register
def range_loss(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy and range loss on class-aware batches (Zhang et al. 2017).

    See `ltzoo.techniques.pair_distances.RangeLoss`; its weights are this library's choice, since neither the authors
    nor the tables of long-tailed recognition give them for such networks. The training set-up follows Cao et al.
    (2019), with four images per class in a row.

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT it is 30.7 % with ResNet-10 (FSA
    paper, Table 3).
    """
    return Recipe(
        name="range_loss",
        head={"name": "dense"},
        stages=(_stage(epochs[0], {"name": "range_loss"}),),
        description="Cross-entropy, small ranges within classes and large ones between them",
        citation="Zhang, Fang, Wen, Li and Qiao, Range Loss for Deep Face Recognition with Long-Tailed Training Data, "
        "ICCV 2017",
    )


@register
def lifted_loss(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy and the lifted structured loss on class-aware batches (Oh Song et al. 2016).

    See `ltzoo.techniques.pair_distances.LiftedStructure`; its weight is this library's choice, since the tables of
    long-tailed recognition do not give it. The training set-up follows Cao et al. (2019), with four images per class in
    a row.

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT it is 30.8 % with ResNet-10 (FSA
    paper, Table 3).
    """
    return Recipe(
        name="lifted_loss",
        head={"name": "dense"},
        stages=(_stage(epochs[0], {"name": "lifted_structure"}),),
        description="Cross-entropy, and features of a class drawn together against all others",
        citation="Oh Song, Xiang, Jegelka and Savarese, Deep Metric Learning via Lifted Structured Feature Embedding, "
        "CVPR 2016",
    )


def _stage(epochs: int, technique: Mapping[str, Any]) -> Stage:
    sampler = {"strategy": "class_aware", "samples_per_visit": 4}
    return cao_stage(epochs, sampler=sampler, technique=technique)
