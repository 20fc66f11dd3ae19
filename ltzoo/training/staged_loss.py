"""What a model does between its logits and its loss while a stage trains it."""


class StagedLoss:
    """Mixin for a `keras.Model` with attributes `cloud` and `device_augmentation` (layers or None).

    The cloud is a layer of the model, so its random state is tracked and fresh at every step on every backend; it
    acts here and not in `call`, so that metrics, `evaluate` and `predict` see the logits without noise.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The compiled loss of the clouded logits; without training, of the logits themselves."""
        if training and self.cloud is not None:
            y_pred = self.cloud(y_pred, training=True)
        if training and self.device_augmentation is not None:
            y = self.device_augmentation.mix_labels(y)
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
