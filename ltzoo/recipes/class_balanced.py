"""Losses weighted by the effective number of images per class."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import SGD
from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register

CITATION = "Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019"
# Every sigmoid starts at 1 / C, and the bias gets no weight decay (Section 4.4).
SIGMOID_HEAD = {
    "name": "dense",
    "bias_initializer": {"class_name": "PriorBias", "config": {}, "registered_name": "ltzoo>PriorBias"},
}
SIGMOID_SGD = {**SGD, "l2_exclude": ["*/bias"]}


@register(setup="decoupling")
def class_balanced_softmax(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy weighted by w_c ~ (1 - beta) / (1 - beta^n_c), beta = 0.9999 (Cui et al., Eq. 10).

    The training set-up follows Cao et al. (2019). As in their code, the loss of a batch is divided by its sum of
    weights. `loss={"name": "class_balanced_crossentropy", "average": "batch"}` divides by the batch size, as the
    paper's own code does. Deferred weights work better; see `cross_entropy_drw`.

    The papers behind this library report no accuracy on CIFAR-10-LT.
    """
    return Recipe(
        name="class_balanced_softmax",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "class_balanced_crossentropy", "beta": 0.9999}),),
        description="Cross-entropy weighted by the effective number of images",
        citation=CITATION,
    )


@register(setup="decoupling")
def class_balanced_focal(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with focal loss of one sigmoid per class, gamma = 1, weighted by w_c (Cui et al., Eq. 12-13).

    The weights are w_c ~ (1 - beta) / (1 - beta^n_c) with beta = 0.9999. As in the paper, the bias starts at
    -log(C - 1) and gets no weight decay. The training set-up follows Cao et al. (2019), as the paper's does.
    Predictions take the softmax of the logits. It ranks the classes as the sigmoids do, but its confidence is not
    calibrated.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 74.6 % top-1 for the paper's best loss
    (CAMC, Table V, "Effective Number").
    """
    return Recipe(
        name="class_balanced_focal",
        head=SIGMOID_HEAD,
        stages=(
            cao_stage(
                epochs[0],
                loss={"name": "class_balanced_focal", "beta": 0.9999, "gamma": 1.0, "activation": "sigmoid"},
                optimizer=SIGMOID_SGD,
            ),
        ),
        description="Sigmoid focal loss weighted by the effective number of images",
        citation=CITATION,
    )


@register(setup="decoupling")
def class_balanced_sigmoid(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy of one sigmoid per class, weighted by w_c with beta = 0.9999 (Cui et al., Eq. 11).

    It is `class_balanced_focal` with gamma = 0.

    The papers behind this library report no accuracy on CIFAR-10-LT.
    """
    return Recipe(
        name="class_balanced_sigmoid",
        head=SIGMOID_HEAD,
        stages=(
            cao_stage(
                epochs[0],
                loss={"name": "class_balanced_focal", "beta": 0.9999, "gamma": 0.0, "activation": "sigmoid"},
                optimizer=SIGMOID_SGD,
            ),
        ),
        description="Sigmoid cross-entropy weighted by the effective number of images",
        citation=CITATION,
    )
