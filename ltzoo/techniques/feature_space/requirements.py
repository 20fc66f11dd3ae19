"""What feature-space augmentation asks of a classifier and of its stage."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.protocols import Classifier


def check_parts(classifier: Classifier, stage: Any, head: keras.layers.Layer) -> None:
    """Raises a ValueError unless there are feature maps, one weight vector a class and a trained classifier.

    Args:
        classifier: a `LongTailedClassifier`.
        stage: the `Stage` of the augmentation.
        head: its head.
    """
    kernel, expected = getattr(head, "kernel", None), (classifier.feature_size, classifier.num_classes)
    if len(classifier.backbone.output_shape) != 4:
        raise ValueError(
            "'feature_space_augmentation' needs a backbone that returns a feature map [batch, h, w, D], without "
            f"pooling. Received: {classifier.backbone.name!r} with output {classifier.backbone.output_shape}"
        )
    if kernel is None or tuple(kernel.shape) != expected:
        raise ValueError(
            "'feature_space_augmentation' needs a head with one weight vector a class, an attribute `kernel` of shape "
            f"{expected}, such as 'dense' or 'normalized_dense'. Received: {type(head).__name__}"
        )
    if stage.mixup_alpha or stage.reinitialize_head:
        raise ValueError(
            "'feature_space_augmentation' goes on from a trained classifier and needs one class an image: set "
            "mixup_alpha=0 and reinitialize_head=False in its stage. Received: "
            f"mixup_alpha={stage.mixup_alpha}, reinitialize_head={stage.reinitialize_head}"
        )


def check_frozen(lower: keras.Model, upper: keras.Model | None) -> None:
    """Raises a ValueError if layers before the cut would train in the present stage.

    Args:
        lower, upper: what `split_backbone` returned.
    """
    trained = sorted({variable.path.split("/")[-2] for variable in lower.trainable_variables})
    if trained:
        behind = [] if upper is None else [layer.name for layer in upper.layers if layer.weights]
        advice = f"patterns that fit layers behind it only ({', '.join(behind)})" if behind else "'head'"
        raise ValueError(
            "'feature_space_augmentation' keeps the layers before its cut as they are; set the stage's `trainable` to "
            f"{advice}. Received: {', '.join(trained[:5])} would train"
        )
