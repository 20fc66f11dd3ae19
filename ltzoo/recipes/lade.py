"""Label distribution disentangling loss (LADE)."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def lade(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with post-compensated softmax and the LADER regularizer (Hong et al., section 3.2 and 3.3).

    alpha = 0.1 and lambda = 0.01, the released code's values for CIFAR-100-LT with imbalance factor 100. The importance
    weights are the released code's too, since its numbers were made with them; `loss={"name": "lade", "alpha": 0.1,
    "penalty": 0.01, "importance": "sample"}` gives the paper's. The trained model gives logits for balanced test data.
    For a test set with label distribution p_t, add log p_t.

    Deviations from the released code: the training set-up follows Cao et al. (2019), with batch 128, rate 0.1, x0.01 at
    160 and 180, and L2 2e-4. The code has batch 256, rate 0.2, x0.01 at 120 and 160, L2 5e-4 and a plain linear
    classifier.

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    return Recipe(
        name="lade",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "lade", "alpha": 0.1, "penalty": 0.01, "importance": "class"},
                batch_size=128,
                augmentation=CROP_FLIP,
                optimizer=SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)),
            ),
        ),
        description="Softmax compensated for the label distribution, which a regularizer takes out of the logits",
        citation="Hong et al., Disentangling Label Distribution for Long-tailed Visual Recognition, CVPR 2021",
    )
