"""Feature-space augmentation of the tail classes."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="fsa")
def fsa(epochs: Sequence[int] = (300, 64)) -> Recipe:
    """Train with cross-entropy, then fine-tune on tail samples with mixed features (Chu et al., Section 4 and 5.1).

    Phase 1 trains on all images for 300 epochs at rate 0.1, x0.1 after 150. Phase 2 trains the linear classifier
    behind the frozen network for 6,400 iterations of 128 maps at rate 0.001. With N_a = N_f = 3 and h_r = 0.9, these
    are 16 images of tail classes, 48 new samples of the same classes and 64 head images. An epoch of phase 2 is 100
    iterations, for any size of the dataset.

    The paper does not give the thresholds and the optimizer. tau_s = 0.8, tau_g = 0.2 and weight decay 2e-4 are from
    the third-party code; momentum 0.9 is usual. See the technique "feature_space_augmentation" for the draws. To
    augment behind an earlier block, use `stage2={"technique": {"name": "feature_space_augmentation", "depth":
    "second"}, "trainable": ["stage3_*"]}`.

    Expected on CIFAR-10-LT, imbalance factor 100: 80.57 % top-1 with ResNet-18, 82.06 % with ResNet-34 (Table 1). The
    paper has no ResNet-32.
    """
    shared: dict[str, Any] = {
        "loss": {"name": "cross_entropy"},
        "batch_size": 128,
        "augmentation": CROP_FLIP,
        "optimizer": SGD,
    }
    return Recipe(
        name="fsa",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                schedule=step_schedule(0.1, epochs[0], (0.1,), shares=(0.5,), warmup=0),
                **shared,
            ),
            Stage(
                epochs=epochs[1],
                schedule={"name": "constant", "learning_rate": 0.001},
                trainable="head",
                batch_norm="frozen",
                technique={
                    "name": "feature_space_augmentation",
                    "num_augmented": 3,
                    "num_confusing": 3,
                    "head_share": 0.9,
                    "threshold_specific": 0.8,
                    "threshold_generic": 0.2,
                    "steps_per_epoch": 100,
                },
                **shared,
            ),
        ),
        description="Cross-entropy, then new tail samples from class-specific and class-generic features",
        citation="Chu, Bian, Liu and Ling, Feature Space Augmentation for Long-Tailed Data, ECCV 2020",
    )
