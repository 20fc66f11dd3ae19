"""Checks shared by techniques that train on several views of each image."""

from __future__ import annotations

from typing import Any

from keras import ops

from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique


def check_views(
    classifier: Classifier, technique: Technique, views: int, name: str, companion: bool | None = None
) -> None:
    """Raise a ValueError unless the stage of a technique draws groups of `views` views and has no mixup.

    Args:
        classifier: the classifier, with the technique attached.
        technique: the technique.
        views: views of each image.
        name: name of the technique, for the message.
        companion: whether a group must end with an image of a second sampler; None does not check.
    """
    index = technique.stage_index(classifier)
    stage = classifier.recipe.stages[index]
    received = f"Received: sampler={dict(stage.sampler)!r}"
    if stage.sampler.get("views", 1) != views:
        wish = "one view of each image; leave out 'views'"
        wish = wish if views == 1 else f"{views} views of each image; give it 'views': {views}"
        raise ValueError(f"`sampler` of {name!r} must draw {wish}. {received}")
    if companion is not None and companion != bool(stage.sampler.get("companion")):
        wish = (
            "have a companion, such as {'strategy': 'class_balanced'}"
            if companion
            else "not have a companion"
        )
        raise ValueError(f"`sampler` of {name!r} must {wish}. {received}")
    if stage.mixup_alpha:
        raise ValueError(
            f"`mixup_alpha` must be 0 in the stage of {name!r}, which needs one class per image. "
            f"Received: mixup_alpha={stage.mixup_alpha}"
        )


def classes_of(labels: Any, name: str) -> Any:
    """Return integer labels `[batch]` or `[batch, 1]` as int32 `[batch]`.

    Raises:
        ValueError: if the labels are soft.
    """
    if len(labels.shape) == 2 and labels.shape[1] != 1:
        raise ValueError(
            f"`labels` of {name!r} must be integer labels; leave out augmentation that mixes images. "
            f"Received: labels of shape {tuple(labels.shape)}"
        )
    return ops.reshape(ops.cast(labels, "int32"), (-1,))
