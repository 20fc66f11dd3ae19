"""DisAlign: calibration of a trained classifier's logits to a balanced reference distribution."""

import dataclasses
from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import first_stage, second_stage


@register(setup="decoupling")
def disalign(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train with cross-entropy, then learn z' = sigma(x) (alpha z + beta) + (1 - sigma(x)) z on the frozen network.

    z are the logits, sigma(x) is a learned confidence of the image's features x, and alpha and beta are learned per
    class. Stage 2 draws every image once per epoch. It weights the cross-entropy by w_c ~ (1 / r_c)^rho, where r_c is
    the share of class c and rho = 1.2, as in the released configuration for ImageNet-LT. See `ltzoo.heads.disalign` and
    `ltzoo.losses.GeneralizedReweightedCrossEntropy`. The paper has no CIFAR set-up, so batch, rate and epochs are
    those of the other two-stage recipes. Stage 2 freezes the network and its batch-norm statistics, as the paper says.
    The paper's figures were made with `disalign_published`.

    The papers report no accuracy on CIFAR-10-LT.
    """
    return Recipe(
        name="disalign",
        head={"name": "dense"},
        stages=(
            first_stage(epochs[0]),
            second_stage(
                epochs[1],
                head={"name": "disalign"},
                loss={"name": "generalized_reweighted_cross_entropy", "exponent": 1.2},
                sampler={"strategy": "instance_balanced"},
            ),
        ),
        description="Cross-entropy, then logits calibrated image by image to a balanced distribution",
        citation="Zhang et al., Distribution Alignment: A Unified Framework for Long-tail Visual Recognition, "
        "CVPR 2021",
    )


@register(setup="decoupling")
def disalign_published(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train `disalign` as the released code does: batch norm of the frozen network stays in training mode in stage 2.

    The code freezes all weights but leaves the network in training mode. So batch norm uses the statistics of the batch
    and its moving averages keep moving. The printed figures were made this way.

    The papers report no accuracy on CIFAR-10-LT.
    """
    recipe = disalign(epochs)
    first, second = recipe.stages
    return dataclasses.replace(
        recipe,
        name="disalign_published",
        stages=(first, dataclasses.replace(second, batch_norm="shifted")),
        description=f"{recipe.description}; moving batch-norm statistics",
    )
