"""The loss and the metrics of a stage, from the output of the model in training."""

from typing import TYPE_CHECKING, Any, NamedTuple

from keras import ops

if TYPE_CHECKING:
    from keras import Model as _Base
else:
    _Base = object


class TrainingOutput(NamedTuple):
    """The output of a model in the training of a stage. Elsewhere models return plain logits.

    Each backend has its own `train_step`, which calls the model, `compute_loss` and `compute_metrics`. All of them
    pass on what the model returned, under `jax.grad` and `tf.function` as well. So everything that the loss needs
    travels with the logits. A tensor stored on a layer would outlive its trace. The type also signals that the
    labels must be mapped in the same way as the images.

    Attributes:
        logits: logits `[batch, C]`.
        kept: values that the technique keeps for its loss: tensors in any nesting, or None.
    """

    logits: Any
    kept: Any = None


class StagedLoss(_Base):
    """Mixin for a `keras.Model` that computes the loss and the metrics of a stage.

    A `TrainingOutput` gets the loss of the stage; plain logits get the compiled loss. The cloud is a layer of the
    model, so its random state is tracked and advances at every step on every backend. It acts here and not in `call`,
    so that metrics, `evaluate` and `predict` see the logits without noise.

    Attributes:
        cloud: the `GaussianCloud` of the stage, or None.
        device_augmentation: the `DeviceAugmentation` of the stage, or None.
        technique: the `Technique` of the stage, or None.
    """

    cloud: Any
    device_augmentation: Any
    technique: Any

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the last step; the PyTorch backend calls this before it computes new ones.

        Its own method knows only the variables that the model had when PyTorch first asked for them. A technique's come
        later, and their gradients would add up over all steps.
        """
        for variable in self.trainable_variables:
            variable.value.grad = None

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Compute the loss of the stage from a `TrainingOutput`, and the compiled loss from plain logits.

        Raises:
            ValueError: `sample_weight` is given in a stage whose loss cannot weigh the images of a batch one by one.
        """
        if isinstance(y_pred, TrainingOutput):
            logits, kept = y_pred
            merged = self.device_augmentation is not None and self.device_augmentation.merges_pairs
            if sample_weight is not None and (merged or self.technique is not None):
                raise ValueError(
                    "`sample_weight` must be None in a stage with a technique or merged pairs of images. "
                    f"Received: sample_weight={sample_weight}"
                )
            if self.device_augmentation is not None:
                y = self.device_augmentation.mix_labels(y)
            if self.technique is not None:
                return self._technique_loss(y, logits, kept)
            y_pred = self._clouded(logits)
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Compute the metrics on the labels that belong to the logits; for merged pairs, those of the main images."""
        if isinstance(y_pred, TrainingOutput):
            y_pred, _ = y_pred
            if self.device_augmentation is not None and self.device_augmentation.merges_pairs:
                y = y[0::2]
            if self.technique is not None:
                y = self.technique.targets(y)
        return super().compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def _technique_loss(self, labels, logits, kept):
        labels = self.technique.loss_labels(labels)
        loss = self.technique.loss(self, labels, logits, kept, self._classification_loss)
        for penalty in self.losses:
            loss = loss + ops.sum(ops.cast(penalty, loss.dtype))
        return loss

    def _classification_loss(self, labels, logits):
        return self.loss(labels, self._clouded(logits))

    def _clouded(self, logits):
        return logits if self.cloud is None else self.cloud(logits, training=True)
