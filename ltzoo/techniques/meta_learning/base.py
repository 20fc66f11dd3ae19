"""What the methods that weigh images by meta-learning have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.keras_internals import untracked
from ltzoo.losses.cross_entropy import cross_entropy
from ltzoo.protocols import Classifier
from ltzoo.recipes.learning_rates import learning_rates
from ltzoo.techniques.base import Technique
from ltzoo.techniques.meta_learning.virtual_step import gradients_through_step


class MetaWeighting(Technique):
    """Base of techniques that weigh the images of a batch by what a virtual step does to balanced images.

    A batch holds pairs: an image to train on from the stage's sampler and one of the meta batch from its companion,
    such as `{"strategy": "instance_balanced", "companion": {"strategy": "class_balanced"}}`. The loss is
    cross-entropy, as in the published code; the `loss` of the stage serves validation.

    The papers take the meta batch from 10 images per class that the long-tailed training set lacks. Here it comes
    from the training images, so that no method sees more images than the others.

    A step costs about four times a plain one and takes about three times the memory.

    Attributes:
        rate: the learning rate of the virtual step, that of the epoch.
    """

    rate: keras.Variable

    def attach(self, classifier: Classifier) -> None:
        """Check the sampler and create the rate of the virtual step."""
        index = self.stage_index(classifier)
        stage = classifier.recipe.stages[index]
        if "companion" not in stage.sampler or stage.sampler.get("views", 1) != 1 or stage.mixup_alpha:
            raise ValueError(
                f"`sampler` of {type(self).__name__} must have a companion for the meta batch and no views, as "
                "in {'strategy': 'instance_balanced', 'companion': {'strategy': 'class_balanced'}}, and `mixup_alpha` "
                f"must be 0. Received: sampler={dict(stage.sampler)!r}, mixup_alpha={stage.mixup_alpha}"
            )
        untracked(self, "_schedule", dict(stage.schedule))
        self.rate = self.add_state("rate", ())

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Assign the rate of the epoch."""
        self.rate.assign(learning_rates(self._schedule, epochs)[epoch])

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` of the images to train on; keep both batches, augmented."""
        images = classifier.augment(images, training=True)
        own, meta = images[0::2], images[1::2]
        return classifier.classify_augmented(own, training=True), (own, meta)

    def targets(self, labels: Any) -> Any:
        """Return the labels of the images to train on."""
        return labels[0::2]

    def loss_labels(self, labels: Any) -> Any:
        """Return all labels: those of the meta batch count too."""
        return labels

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the weighted sum of the cross-entropies of the images, with constant weights."""
        own, meta = kept
        own_labels, meta_labels = labels[0::2], labels[1::2]

        def through_step(parameters: Sequence[Any], weigh: Callable[[list[Any], Any], Any]) -> list[Any]:
            _, gradients = gradients_through_step(
                classifier,
                parameters,
                weigh,
                lambda: cross_entropy(own_labels, classifier.classify_augmented(own, training=True)),
                lambda: ops.mean(
                    cross_entropy(meta_labels, classifier.classify_augmented(meta, training=True))
                ),
                self.rate,
            )
            return gradients

        losses = cross_entropy(own_labels, logits)
        weights = self.image_weights(own_labels, ops.stop_gradient(losses), through_step)
        return ops.sum(ops.stop_gradient(weights) * losses)

    def image_weights(self, labels: Any, losses: Any, through_step: Callable[..., list[Any]]) -> Any:
        """Return the weight of each image `[B]`.

        Args:
            labels: labels of the images.
            losses: their cross-entropies `[B]`, constant.
            through_step: (parameters, weigh) -> gradients of the meta loss; see `gradients_through_step`.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement image_weights(labels, losses, through_step)."
        )
