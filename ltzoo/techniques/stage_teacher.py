"""A copy of the network as the stage before left it, which teaches the network in training."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.heads.inputs import head_inputs
from ltzoo.layers.momentum_copy import MomentumCopy
from ltzoo.protocols import Classifier


@keras.saving.register_keras_serializable(package="ltzoo")
class StageTeacher(keras.layers.Layer):
    """Compute the logits of the network that the previous stage trained, without a gradient and in inference mode.

    `of` makes it when a technique is attached, and `reset` copies the weights when the stage begins. Its weights are
    saved with the classifier, so that training resumes.

    Args:
        backbone, head: copies of the backbone and of the previous stage's head, as `MomentumCopy`.

    Input: normalized images. Output: logits `[batch, C]`.
    """

    def __init__(self, backbone: MomentumCopy, head: MomentumCopy, **kwargs: Any) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.backbone, self.head = backbone, head
        self.built = True

    @classmethod
    def of(cls, classifier: Classifier, technique: Any, name: str) -> StageTeacher:
        """Make the teacher of a technique.

        Raises:
            ValueError: no stage comes before that of the technique, or its stage draws new weights for that one's head.
        """
        head = cls._previous(classifier, technique, name)
        return cls(
            MomentumCopy.of(classifier.backbone, name="teacher_backbone"),
            MomentumCopy.of(head, name="teacher_head"),
            name="teacher",
        )

    @staticmethod
    def _previous(classifier, technique, name):
        index = technique.stage_index(classifier)
        if not index:
            raise ValueError(
                f"`technique` {name!r} must come after a stage, which trains its teacher. "
                f"Received: {name!r} in stage 1"
            )
        stage = classifier.recipe.stages[index]
        if stage.reinitialize_head and stage.head is None:
            raise ValueError(
                f"`head` must be given to the stage of {name!r} with reinitialize_head=True: it would draw new "
                "weights for the teacher's head. Received: head=None"
            )
        return classifier.heads[classifier.head_numbers[index - 1]]

    def reset(self, classifier: Classifier) -> None:
        """Take over the weights of the network, when the stage begins."""
        self.backbone.reset(classifier.backbone)
        self.head.reset(self._previous(classifier, classifier.technique, type(classifier.technique).__name__))

    def call(self, inputs):
        """Return logits `[batch, C]`."""
        maps = self.backbone(inputs, training=False)
        return self.head(head_inputs(self.head.network, maps), training=False)

    def compute_output_shape(self, input_shape):
        """Return `(batch, C)`."""
        return self.head.compute_output_shape(self.backbone.compute_output_shape(input_shape))

    def get_config(self):
        """Return the constructor arguments, serialized."""
        layers = {"backbone": self.backbone, "head": self.head}
        serialized = {name: keras.saving.serialize_keras_object(layer) for name, layer in layers.items()}
        return {**super().get_config(), **serialized}

    @classmethod
    def from_config(cls, config):
        """Build the layer from the result of `get_config`."""
        layers = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("backbone", "head")}
        return cls(**{**config, **layers})
