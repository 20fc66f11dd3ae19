"""MiSLAS: mixup, then label-aware smoothing on a rescaled classifier over shifted batch norm."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import MISLAS, first_stage, second_stage


@register(setup="mislas")
def mislas(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train MiSLAS as the paper describes it: mixup, then Eq. 1 (concave), Eq. 4 and shifted batch norm, Eq. 5-6.

    Stage 1 has mixup with Beta(1, 1). Stage 2 has class-balanced batches and the logits z = diag(s) (W + dW)^T x for
    features x. W is frozen, and dW learns at half the rate of the scales s. Label-aware smoothing is 0.3 for the most
    and 0.0 for the least frequent class, spread over the other classes. Batch-norm statistics keep moving, and the
    backbone's weights are frozen.

    These are the values for CIFAR-10 (Table 5). The values for CIFAR-100 are smoothing 0.4 and 0.1 and a fifth of the
    rate: `stage2={"loss": {"name": "label_aware_smoothing", "smooth_head": 0.4, "smooth_tail": 0.1, "over": "others"},
    "optimizer": {"name": "sgd", "momentum": 0.9, "l2": 2e-4, "learning_rate_multipliers": {"*shift": 0.2, "*bias":
    0.2}}}`.

    Deviation: Eq. 4 has no bias. As in the released code, the classifier here has one, which learns at the rate of dW
    and is also multiplied by s.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 82.1 % top-1 (Table 3).
    """
    return _recipe(
        "mislas",
        epochs,
        head={"separate_shift": True},
        over="others",
        factors={"*shift": 0.5, "*bias": 0.5},
        batch_norm="shifted",
        description="Mixup, then label-aware smoothing, learned class scales and shifted batch norm (paper)",
    )


@register(setup="mislas")
def mislas_published(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train MiSLAS as the authors' released code trains CIFAR-10 with imbalance factor 100.

    It differs from the paper in three points. The smoothing is spread over all classes, including the target. W
    itself is fine-tuned, at half the rate of s, so weight decay acts on W. Batch-norm statistics are frozen in stage 2
    for CIFAR-10; for CIFAR-100 they move (`stage2={"batch_norm": "shifted"}`).

    The released code has these values for `stage2={"loss": .., "optimizer": ..}`: smoothing of the most frequent
    class, smoothing of the rarest class, rate of W relative to s.

    - CIFAR-10, imbalance factor 100: 0.3, 0.0, 0.5 (the defaults); 50: 0.2, 0.0, 0.2; 10: 0.1, 0.0, 0.2.
    - CIFAR-100, imbalance factor 100: 0.4, 0.1, 0.2; 50: 0.3, 0.0, 0.1; 10: 0.2, 0.0, 0.1.

    Deviations from the released code: it keeps the epoch that is best on the test set, and its epochs of stage 2 have
    one more batch. Neither is copied.
    """
    return _recipe(
        "mislas_published",
        epochs,
        head={},
        over="all",
        factors={"*kernel": 0.5, "*bias": 0.5},
        batch_norm="frozen",
        description="Mixup, then label-aware smoothing and learned class scales, as in the authors' released code",
    )


def _recipe(name, epochs, head, over, factors, batch_norm, description):
    loss = {"name": "label_aware_smoothing", "smooth_head": 0.3, "smooth_tail": 0.0, "over": over}
    return Recipe(
        name=name,
        head={"name": "dense"},
        stages=(
            first_stage(epochs[0], mixup_alpha=1.0),
            second_stage(
                epochs[1],
                head={"name": "learnable_weight_scaling", **head},
                loss=loss,
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 2e-4, "learning_rate_multipliers": factors},
                batch_norm=batch_norm,
            ),
        ),
        description=description,
        citation=MISLAS,
    )
