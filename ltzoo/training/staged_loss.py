"""From what a model returns in the training of a stage to its loss and metrics."""

from typing import Any, NamedTuple

from keras import ops


class TrainingOutput(NamedTuple):
    """What a model returns in the training of a stage; everywhere else it returns plain logits.

    A Keras training step calls the model, `compute_loss` and `compute_metrics`, in a `train_step` of its own on each
    backend. All of them hand on what the model returned, under `jax.grad` and `tf.function` too. So whatever the loss
    needs travels with the logits. Nothing is left on a layer, where a tensor would outlive its trace. The type also
    says that the labels have to be mapped as the images were.

    Attributes:
        logits: `[batch, num_classes]`.
        kept: what the technique keeps for its loss: tensors in any nesting, or None.
    """

    logits: Any
    kept: Any = None


class StagedLoss:
    """Mixin for a `keras.Model` with attributes `cloud`, `device_augmentation` and `technique` (layers or None).

    A `TrainingOutput` gets the loss of the stage; plain logits get the compiled loss. The cloud is a layer of the
    model, so its random state is tracked and fresh at every step on every backend. It acts here and not in `call`, so
    that metrics, `evaluate` and `predict` see the logits without noise.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Compute the loss of the stage in training, and the compiled loss elsewhere."""
        if isinstance(y_pred, TrainingOutput):
            logits, kept = y_pred
            if self.device_augmentation is not None:
                y = self.device_augmentation.mix_labels(y)
            if self.technique is not None:
                return self._technique_loss(y, logits, kept)
            y_pred = self._clouded(logits)
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Compute the metrics on the labels that belong to the logits; for merged pairs on the main images'."""
        if isinstance(y_pred, TrainingOutput):
            y_pred, _ = y_pred
            if self.device_augmentation is not None and self.device_augmentation.merges_pairs:
                y = y[0::2]
            if self.technique is not None:
                y = self.technique.targets(y)
        return super().compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def _technique_loss(self, labels, logits, kept):
        labels = self.technique.targets(labels)
        loss = self.technique.loss(self, labels, logits, kept, self._classification_loss)
        for penalty in self.losses:
            loss = loss + ops.sum(ops.cast(penalty, loss.dtype))
        return loss

    def _classification_loss(self, labels, logits):
        return self.loss(labels, self._clouded(logits))

    def _clouded(self, logits):
        return logits if self.cloud is None else self.cloud(logits, training=True)
