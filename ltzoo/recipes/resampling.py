"""Cross-entropy on batches in which classes are drawn with other probabilities than the data's."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG


def _recipe(name, epochs, strategy, description, citation=KANG, **parameters):
    return Recipe(
        name=name,
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], sampler={"strategy": strategy, **parameters}),),
        description=description,
        citation=citation,
    )


@register
def class_balanced_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """Every class is equally likely, p_c = 1 / C (Kang et al., Eq. 1 with q = 0), in the set-up of Cao et al. (2019).

    The papers behind this library give no figure for it on CIFAR-10-LT.
    """
    return _recipe(
        "class_balanced_sampling", epochs, "class_balanced", "Cross-entropy on class-balanced batches"
    )


@register
def square_root_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """p_c ~ sqrt(n_c) (Kang et al., Eq. 1 with q = 1/2), in the set-up of Cao et al. (2019).

    The papers behind this library give no figure for it on CIFAR-10-LT.
    """
    return _recipe(
        "square_root_sampling",
        epochs,
        "square_root",
        "Cross-entropy, classes drawn by the root of their counts",
    )


@register
def progressive_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """From p_c = n_c / N in the first epoch in a line to 1 / C in the last (Kang et al., Eq. 2; code's schedule).

    The training set-up is that of Cao et al. (2019). The papers behind this library give no figure for it on
    CIFAR-10-LT.
    """
    return _recipe(
        "progressive_sampling",
        epochs,
        "progressive",
        "Cross-entropy, from the data's to class-balanced batches",
    )


@register
def effective_number_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """An image is drawn with the weight (1 - beta) / (1 - beta^n_c) of its class, beta = 0.9999 (Cui et al., Eq. 2).

    The paper weights the loss with these numbers (`class_balanced_softmax`); GCL compares with drawing by them. The
    training set-up is that of Cao et al. (2019). The papers behind this library give no figure for it on
    CIFAR-10-LT.
    """
    return _recipe(
        "effective_number_sampling",
        epochs,
        "effective_number",
        "Cross-entropy, images drawn by the effective number of their class",
        citation="Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019",
        beta=0.9999,
    )
