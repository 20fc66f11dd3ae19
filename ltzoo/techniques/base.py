"""The hooks by which a technique takes part in a stage of training.

To write one:

1. Put a subclass of `Technique` in a file of this folder, under `@register("name")` and Keras's own decorator.
2. Make weights and random states in `attach`, and set what depends on the data in `begin`.
3. Compute logits in `training_pass`; return with them whatever `loss` needs. Leave no tensor on `self`.
4. Return the scalar to minimize from `loss`. Use the classifier only by `ltzoo.protocols.Classifier`.
5. Name it in a recipe: `Stage(technique={"name": "name", ...})`; test one step by hand and a fit on each backend.
"""

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
    it. A subclass overrides what differs. A training step calls `training_pass`, `targets` and `loss`, in this order.
    (`forward` would be the wrong name: on PyTorch it is what runs a Keras layer.)
    """

    def attach(self, classifier: Classifier) -> None:
        """Make the weights, once, while the classifier is built; its backbone and heads are built already."""

    def load_files(self) -> None:
        """Load any files the technique needs. Called once before training starts or resumes."""

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Prepare the stage when it begins, but not when a run resumes: results belong in variables."""

    def make_sampler(
        self,
        classifier: Classifier,
        labels: np.ndarray,
        batch_size: int,
        seed: int,
        **arguments: Any,
    ) -> Any:
        """Make a sampler with the protocol of `ltzoo.sampling.ClassSampler`; None keeps the stage's own."""
        return None

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Assign what follows a schedule; `epoch` counts from 0 within the stage of `epochs` epochs."""

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Run the training pass from raw pixels `[B, H, W, channels]`.

        Returns:
            (logits `[B', C]`, whatever `loss` needs besides: tensors in any nesting, or None).
        """
        return classifier.classify(images, training=True), None

    def targets(self, labels: Any) -> Any:
        """Return the labels that belong to the logits, for the loss and for the accuracy."""
        return labels

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the scalar that is minimized.

        Args:
            classifier: the classifier.
            labels: what `targets` returned.
            logits, kept: what `training_pass` returned.
            classification_loss: function (labels, logits) -> scalar: the stage's loss, with its Gaussian cloud.
        """
        return classification_loss(labels, logits)

    def call(self, inputs):
        """Return the inputs: techniques act through their hooks."""
        return inputs
