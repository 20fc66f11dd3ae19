"""What a model does between its logits and its loss while a stage trains it."""

from keras import ops


class StagedLoss:
    """Mixin for a `keras.Model` with attributes `cloud`, `device_augmentation` and `technique` (layers or None).

    The cloud is a layer of the model, so its random state is tracked and fresh at every step on every backend; it
    acts here and not in `call`, so that metrics, `evaluate` and `predict` see the logits without noise.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The compiled loss of the clouded logits; without training, of the logits themselves."""
        if training and self.device_augmentation is not None:
            y = self.device_augmentation.mix_labels(y)
        if not training or self.technique is None:
            if training and self.cloud is not None:
                y_pred = self.cloud(y_pred, training=True)
            return super().compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training
            )
        loss = self.technique.loss(self, self.technique.targets(y), y_pred, self._classification_loss)
        for penalty in self.losses:
            loss = loss + ops.sum(ops.cast(penalty, loss.dtype))
        return loss

    def _classification_loss(self, labels, logits):
        if self.cloud is not None:
            logits = self.cloud(logits, training=True)
        return self.loss(labels, logits)
