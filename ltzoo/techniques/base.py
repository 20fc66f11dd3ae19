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
    """Base class of all techniques; it changes nothing.

    A technique is a layer of the classifier. So its weights and random states are tracked and saved, and random
    states advance at every step on every backend. It acts only within its own stage: prediction, evaluation and export
    of the finished classifier never see it. A training step calls `training_pass`, `targets` and `loss`, in this order.
    (None of them is named `forward`: on PyTorch that method runs a Keras layer.)
    """

    def attach(self, classifier: Classifier) -> None:
        """Create the weights. Called once while the classifier is built, after its backbone and heads."""

    def stage_index(self, classifier: Classifier) -> int:
        """Return the index of this technique's stage in the recipe of the classifier."""
        return next(index for index, other in enumerate(classifier.techniques) if other is self)

    def add_state(
        self, name: str, shape: tuple[int, ...], initializer: str = "zeros", dtype: str = "float32"
    ) -> Any:
        """Add a variable that is saved and never trained."""
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, dtype=dtype, trainable=False, autocast=False
        )

    def load_files(self) -> None:
        """Load any files the technique needs. Called once before training starts or resumes."""

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Prepare the stage when it begins. Not called when a run resumes, so keep results in variables."""

    def make_sampler(
        self,
        classifier: Classifier,
        labels: np.ndarray,
        batch_size: int,
        seed: int,
        **arguments: Any,
    ) -> Any:
        """Return a sampler with the protocol of `ltzoo.sampling.ClassSampler`, or None to keep the stage's own."""
        return None

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Assign scheduled values; `epoch` counts from 0 within the stage, which has `epochs` epochs."""

    def on_epoch_end(self, epoch: int, epochs: int) -> None:
        """Change weights between epochs, after validation and before anything is saved; see `on_epoch_begin`."""

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Run the training pass on raw pixels `[B, H, W, channels]`.

        Returns:
            (logits `[B', C]`, other values for `loss`): the latter are tensors in any nesting, or None.
        """
        return classifier.classify(images, training=True), None

    def validation_pass(self, classifier: Classifier, images: Any) -> Any:
        """Compute logits `[B, C]` of raw pixels in inference mode, as they are measured within the stage."""
        return classifier.classify(images, training=False)

    def targets(self, labels: Any) -> Any:
        """Return the labels that belong to the logits, for the loss and the metrics."""
        return labels

    def loss_labels(self, labels: Any) -> Any:
        """Return the labels for the loss: by default the `targets`. Another method may need those of all images."""
        return self.targets(labels)

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the scalar to minimize.

        Args:
            classifier: the classifier.
            labels: the result of `loss_labels`.
            logits, kept: the results of `training_pass`.
            classification_loss: function (labels, logits) -> scalar: the stage's loss, including its Gaussian cloud.
        """
        return classification_loss(labels, logits)

    def call(self, inputs):
        """Return the inputs: techniques act through their hooks."""
        return inputs
