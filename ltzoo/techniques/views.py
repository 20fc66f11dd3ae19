"""What techniques that train on several views of each image have in common."""

from __future__ import annotations

from typing import Any

from keras import ops

from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique


def check_views(classifier: Classifier, technique: Technique, views: int, name: str) -> None:
    """Raises a ValueError unless the stage of a technique draws groups of `views` views and mixes nothing."""
    index = next(i for i, other in enumerate(classifier.techniques) if other is technique)
    stage = classifier.recipe.stages[index]
    if stage.sampler.get("views", 1) != views:
        raise ValueError(
            f"The technique '{name}' needs {views} views of every image; give its stage "
            f"sampler={{**sampler, 'views': {views}}}. Received: sampler={dict(stage.sampler)!r}"
        )
    if stage.mixup_alpha:
        raise ValueError(
            f"The technique '{name}' needs one class an image; switch mixup off in its stage by mixup_alpha=0. "
            f"Received: mixup_alpha={stage.mixup_alpha}"
        )


def classes_of(labels: Any, name: str) -> Any:
    """Integer labels `[batch]` or `[batch, 1]` as int32 `[batch]`.

    Raises:
        ValueError: soft labels.
    """
    if len(labels.shape) == 2 and labels.shape[1] != 1:
        raise ValueError(
            f"The technique '{name}' needs integer labels; leave out augmentation that mixes images. "
            f"Received: labels of shape {tuple(labels.shape)}"
        )
    return ops.reshape(ops.cast(labels, "int32"), (-1,))
