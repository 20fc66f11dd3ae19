"""A pretrained network whose layers all learn, after its classifier."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register
from ltzoo.recipes.transfer import HEAD, ON_FEATURES


@register(backbone="efficientnet_lite0", backbone_arguments={"weights": "imagenet"})
def fine_tuning(epochs: Sequence[int] = (20, 8, 0)) -> Recipe:
    """Train a linear classifier on a frozen pretrained network, then train all kernels gently, and calibrate.

    Stage 1 is that of `transfer`. A classifier that fits already keeps the first steps of stage 2 from spoiling the
    features (Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR
    2022). Stage 2 trains everything with AdamW at a low rate, on random crops and mirror images. Batch normalization is
    frozen. The loss is logit adjustment (Menon et al., tau = 1) with labels smoothed toward the class frequencies.
    Stage 3 fits temperature and share of the prior to the validation images; see the head "calibrated".

    An epoch of stage 2 takes about as long as the features of `transfer` in four views. Compare both by
    held-out images: where photographs look like ImageNet's, or are few, frozen features can be better.

    This recipe is this library's own work.
    """
    return Recipe(
        name="fine_tuning",
        head=HEAD,
        conversions=({"name": "depths"}, {"name": "flip_average"}),
        stages=(
            Stage(epochs=epochs[0], schedule={"name": "linear", "learning_rate": 1e-3}, **ON_FEATURES),
            Stage(
                epochs=epochs[1],
                loss={"name": "logit_adjustment", "label_smoothing": 0.1, "smooth_toward": "prior"},
                batch_size=32,
                augmentation=({"name": "imagenet_train_crop", "scale": (0.35, 1.0)},),
                optimizer={"name": "adamw", "weight_decay": 0.01},
                schedule={"name": "linear", "learning_rate": 5e-4, "warmup_epochs": 1, "warmup_start": 5e-5},
                batch_norm="frozen",
            ),
            Stage(
                epochs=epochs[2],
                loss={"name": "logit_adjustment", "tau": 1.0},
                head={"name": "calibrated", "square_root": True},
                schedule={"name": "constant", "learning_rate": 1e-3},
                trainable="head",
                batch_norm="frozen",
            ),
        ),
        description="A pretrained network that trains whole after its classifier, logit adjustment, calibrated",
        citation="Own work; Kumar et al., Fine-Tuning can Distort Pretrained Features, ICLR 2022; Menon et al., "
        "Long-tail Learning via Logit Adjustment, ICLR 2021",
    )
