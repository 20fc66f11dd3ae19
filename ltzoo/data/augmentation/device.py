"""Augmentation inside the model, as a Keras layer: steps on the images, then one that mixes images and labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.data.augmentation.device_mixing import STREAMS, DeviceMixup
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.registry import make_step

# Streams of random numbers: first those of mixing, then three for each image step.
_STEP_STREAMS = 3


@keras.saving.register_keras_serializable(package="ltzoo")
class DeviceAugmentation(keras.layers.Layer):
    """Augments a batch on the device, with the distributions of the host's steps and of `Mixup`.

    `layer(images, training=True)` in the model's `call` augments and mixes images; `layer.mix_labels(labels)`
    in its `compute_loss` mixes the labels of that batch in the same way. Both derive all random numbers from one
    state (seed, counter), a variable of the layer, and only `mix_labels` advances it. So a training step must call
    both, in this order, each once. Without mixing the call advances the state itself and `mix_labels` returns the
    labels as they are. Without training the images pass unchanged.

    Args:
        config_list: steps as for `augmentation.get`, each one of `device_names()`; at the end perhaps one that mixes,
            such as "cutmix". "auto_augment" and "rand_augment" take whole numbers.
        mixup_alpha: mixup at the end, lam ~ Beta(alpha, alpha), one for the batch; 0 for none.
        num_classes: number of classes; needed by whatever mixes.
        seed: integer; None takes a random one. Runs are repeatable for one seed and backend; the backends
            draw different numbers from the same distributions.

    Input: images [B, H, W, C], raw values 0 .. 255 (channels last). Output: float images of the same shape; with "cmo"
    in training one image for each pair.

    Raises:
        ValueError: for a step that only the host has, mixing without `num_classes`, twice, or before another step.
    """

    def __init__(
        self,
        config_list: Sequence[Mapping[str, Any]] = (),
        mixup_alpha: float = 0.0,
        num_classes: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config_list = [dict(config) for config in config_list]
        self.mixup_alpha = float(mixup_alpha)
        self.num_classes = num_classes
        self.seed = seed
        if self.mixup_alpha < 0 or (self.mixup_alpha and num_classes is None):
            raise ValueError(
                "`mixup_alpha` must be at least 0, and mixup needs `num_classes`. "
                f"Received: mixup_alpha={mixup_alpha}, num_classes={num_classes}"
            )
        steps = [make_step(config, on_device=True, num_classes=num_classes) for config in self.config_list]
        if self.mixup_alpha:
            steps.append(DeviceMixup(self.mixup_alpha, num_classes))
        self._mixing = steps.pop() if steps and hasattr(steps[-1], "mix_images") else None
        if any(hasattr(step, "mix_images") for step in steps):
            raise ValueError(
                "on the device one step mixes images, the last one. "
                f"Received: config_list={self.config_list}, mixup_alpha={mixup_alpha}"
            )
        # In a tuple, so that Keras does not take the host steps for layers.
        self._steps = tuple(steps)
        self.seed_generator = keras.random.SeedGenerator(seed)

    @property
    def merges_pairs(self) -> bool:
        """Whether in training one image leaves for each pair that enters."""
        return getattr(self._mixing, "merges_pairs", False)

    def build(self, input_shape):
        """Notes the size of the images, for the labels."""
        self._image_size = tuple(input_shape[1:3])
        self.built = True

    def call(self, images, training=False):
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        state = ops.convert_to_tensor(self.seed_generator.state)
        for index, step in enumerate(self._steps):
            images = step.on_device(images, Draws(state, STREAMS + index * _STEP_STREAMS))
        if self._mixing is not None:
            return self._mixing.mix_images(images, Draws(state))
        self.seed_generator.next()
        return images

    def mix_labels(self, labels: Any) -> Any:
        """Labels [B] or [B, num_classes] of the batch that the call augmented last, mixed as its images were.

        Returns float32 [B, num_classes], [B / 2, num_classes] with "cmo"; without mixing, `labels`.
        """
        if self._mixing is None:
            return labels
        if len(labels.shape) == 1 or labels.shape[-1] == 1 != self.num_classes:
            labels = ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), self.num_classes)
        draws = Draws(self.seed_generator.next())
        return self._mixing.mix_labels(ops.cast(labels, "float32"), self._image_size, draws)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "config_list": self.config_list,
            "mixup_alpha": self.mixup_alpha,
            "num_classes": self.num_classes,
            "seed": self.seed,
        }
