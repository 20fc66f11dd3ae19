"""A linear classifier on the features of a pretrained network."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

HEAD = {"name": "standardized", "square_root": True}
# A stage that trains the head on the features of a frozen network.
ON_FEATURES: dict[str, Any] = {
    "loss": {"name": "logit_adjustment", "tau": 1.0},
    "batch_size": 128,
    "optimizer": {"name": "adamw", "weight_decay": 10.0},
    "trainable": "head",
    "batch_norm": "frozen",
    "cache_features": True,
}


@register(backbone="efficientnet_lite0", backbone_arguments={"weights": "imagenet"})
def transfer(epochs: Sequence[int] = (20, 0)) -> Recipe:
    """Train a linear classifier with logit adjustment on a frozen pretrained network, then calibrate it.

    The features of each image are computed once: those of the last layer and, for an EfficientNet-Lite, of a middle
    one (`depths`), as the mean over the image, its mirror image and the transposes of both (`flip_average`).
    Predictions use the same mean. In stage 1 the head "standardized" sees their square roots with zero mean and unit
    variance. Its weights are trained with logit adjustment (Menon et al., tau = 1) and AdamW, whose strong weight
    decay of 10 keeps the classifiers of rare classes from fitting single images.

    Stage 2 repeats this training on five folds of the training and validation images, calibrates by the predictions
    of the images left out, and trains on all images at last; see the head "cross_fitted". It combines this classifier
    with two that have formulas: shrunken linear discriminants and balanced least squares. So the validation images
    are trained on: measure on test images, or by `model.out_of_fold`.

    It needs pretrained weights; the default network is EfficientNet-Lite0, whose ImageNet weights ship with the
    library. Name others as the backbone, such as `{"name": "keras_hub:..."}`. Almost all of its time is one pass of
    the images through the network.

    This recipe is this library's own work.
    """
    return Recipe(
        name="transfer",
        head=HEAD,
        conversions=({"name": "depths"}, {"name": "flip_average", "transpose": True}),
        stages=(
            Stage(epochs=epochs[0], schedule={"name": "linear", "learning_rate": 1e-3}, **ON_FEATURES),
            Stage(
                epochs=epochs[1],
                head={
                    "name": "cross_fitted",
                    "folds": 5,
                    "others": ("discriminant", "least_squares"),
                    "square_root": True,
                },
                schedule={"name": "constant", "learning_rate": 1e-3},
                **ON_FEATURES,
            ),
        ),
        description="A linear classifier on a frozen pretrained network, logit adjustment, four views, calibrated",
        citation="Own work; Menon et al., Long-tail Learning via Logit Adjustment, ICLR 2021",
    )
