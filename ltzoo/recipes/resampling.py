"""Cross-entropy on batches that draw classes with different probabilities than the data."""

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


@register(setup="decoupling")
def class_balanced_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """Draw every class equally often, p_c = 1 / C (Kang et al., Eq. 1 with q = 0).

    C is the number of classes. The training set-up follows Cao et al. (2019). The papers behind this library report no
    accuracy on CIFAR-10-LT.
    """
    return _recipe(
        "class_balanced_sampling", epochs, "class_balanced", "Cross-entropy on class-balanced batches"
    )


@register(setup="decoupling")
def square_root_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """Draw classes by the square root of their counts, p_c ~ sqrt(n_c) (Kang et al., Eq. 1 with q = 1/2).

    The training set-up follows Cao et al. (2019). The papers behind this library report no accuracy on CIFAR-10-LT.
    """
    return _recipe(
        "square_root_sampling",
        epochs,
        "square_root",
        "Cross-entropy, classes drawn by the root of their counts",
    )


@register(setup="decoupling")
def progressive_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """Move linearly from p_c = n_c / N in the first epoch to 1 / C in the last (Kang et al., Eq. 2).

    n_c of the N images belong to class c of C. The schedule follows the released code, and the training set-up follows
    Cao et al. (2019). The papers behind this library report no accuracy on CIFAR-10-LT.
    """
    return _recipe(
        "progressive_sampling",
        epochs,
        "progressive",
        "Cross-entropy, from the data's to class-balanced batches",
    )


@register(setup="decoupling")
def effective_number_sampling(epochs: Sequence[int] = (200,)) -> Recipe:
    """Draw images with the weight (1 - beta) / (1 - beta^n_c) of their class, beta = 0.9999 (Cui et al., Eq. 2).

    n_c is the number of images of class c. The paper uses these weights in the loss (`class_balanced_softmax`); GCL
    compares with using them in the sampler. The training set-up follows Cao et al. (2019). The papers behind this
    library report no accuracy on CIFAR-10-LT.
    """
    return _recipe(
        "effective_number_sampling",
        epochs,
        "effective_number",
        "Cross-entropy, images drawn by the effective number of their class",
        citation="Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019",
        beta=0.9999,
    )
