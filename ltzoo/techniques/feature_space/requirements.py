"""Requirements of feature-space augmentation on the classifier and the stage."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.protocols import Classifier


def check_parts(classifier: Classifier, stage: Any, head: keras.layers.Layer) -> None:
    """Raise a ValueError unless there are feature maps, one weight vector per class and a trained classifier.

    Args:
        classifier: a `LongTailedClassifier`.
        stage: the `Stage` of the augmentation.
        head: its head.
    """
    kernel, expected = getattr(head, "kernel", None), (classifier.feature_size, classifier.num_classes)
    if len(classifier.backbone.output_shape) != 4:
        raise ValueError(
            "`backbone` of 'feature_space_augmentation' must return a feature map [batch, h, w, D], without pooling. "
            f"Received: backbone={classifier.backbone.name!r} with output {classifier.backbone.output_shape}"
        )
    if kernel is None or tuple(kernel.shape) != expected:
        raise ValueError(
            "`head` of 'feature_space_augmentation' must have one weight vector per class, that is a `kernel` of shape "
            f"{expected}; use 'dense' or 'normalized_dense'. Received: head={type(head).__name__}"
        )
    if stage.mixup_alpha or stage.reinitialize_head:
        raise ValueError(
            "`mixup_alpha` must be 0 and `reinitialize_head` False in the stage of 'feature_space_augmentation', which "
            "needs one class per image and a trained classifier. Received: "
            f"mixup_alpha={stage.mixup_alpha}, reinitialize_head={stage.reinitialize_head}"
        )


def check_frozen(lower: keras.Model, upper: keras.Model | None) -> None:
    """Raise a ValueError if layers before the cut would train in the current stage.

    Args:
        lower, upper: the results of `split_backbone`.
    """
    trained = sorted({variable.path.split("/")[-2] for variable in lower.trainable_variables})
    if trained:
        behind = [] if upper is None else [layer.name for layer in upper.layers if layer.weights]
        advice = f"match only layers behind it ({', '.join(behind)})" if behind else "be 'head'"
        raise ValueError(
            "`trainable` of 'feature_space_augmentation' must not select layers before the cut, which stay frozen. It "
            f"must {advice}. Received: {', '.join(trained[:5])} would train"
        )
