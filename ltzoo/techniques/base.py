"""The hooks by which a technique takes part in a stage of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ltzoo.protocols import Classifier, StageView


class Technique(keras.layers.Layer):
    """Base of all techniques; by itself it changes nothing.

    A technique is a layer of the classifier, so its weights and random states are tracked, saved and fresh at every
    step on every backend. It acts in the training of its own stage only: prediction, evaluation and export never see
    it. A subclass overrides what differs.
    """

    def attach(self, classifier: Classifier) -> None:
        """Makes the weights, once, while the classifier is built; its backbone and heads are built already."""

    def load_files(self) -> None:
        """Reads what it needs of files. Called before the first stage of a training that begins or goes on."""

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Prepares the stage when it begins, not when a training is resumed: results belong in variables."""

    def make_sampler(
        self,
        classifier: Classifier,
        labels: np.ndarray,
        batch_size: int,
        seed: int,
        **arguments: Any,
    ) -> Any:
        """A sampler with the protocol of `ltzoo.sampling.ClassSampler`, or None for the stage's own."""
        return None

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Assigns what follows a schedule; `epoch` counts from 0 within the stage of `epochs` epochs."""

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Run the training pass from raw pixels `[B, H, W, channels]`.

        Returns:
            (logits `[B', C]`, whatever `loss` needs besides: tensors in any nesting, or None).
        """
        return classifier.classify(images, training=True), None

    def targets(self, labels: Any) -> Any:
        """The labels that belong to the logits, for the loss and for the accuracy."""
        return labels

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """The scalar that is minimized.

        Args:
            classifier: the classifier.
            labels: what `targets` returned.
            logits, kept: what `training_pass` returned.
            classification_loss: function (labels, logits) -> scalar: the stage's loss, with its Gaussian cloud.
        """
        return classification_loss(labels, logits)

    def call(self, inputs):
        """Techniques act through their hooks; as a layer they pass their input on."""
        return inputs
