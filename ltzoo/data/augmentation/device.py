"""Augmentation inside the model, as a Keras layer: steps on the images, then mixup."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.data.augmentation.device_auto_augment import DeviceAutoAugment, DeviceRandAugment
from ltzoo.data.augmentation.device_crop_cutout import DeviceCutout, DevicePadCropFlip
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.pipeline import make_step

# Each class takes the arguments of the host's step of that name; on_device(images, draws) -> images.
STEPS = {
    "pad_crop_flip": DevicePadCropFlip,
    "cutout": DeviceCutout,
    "auto_augment": DeviceAutoAugment,
    "rand_augment": DeviceRandAugment,
}

# Streams of random numbers: three for lambda, one for the permutation, and three for each image step.
_LAMBDA, _ORDER, _FIRST_STEP, _STEP_STREAMS = 0, 3, 4, 3


@keras.saving.register_keras_serializable(package="ltzoo")
class DeviceAugmentation(keras.layers.Layer):
    """Augments a batch on the device, with the distributions of the host's steps and of `Mixup`.

    `layer(images, training=True)` in the model's `call` augments and mixes images; `layer.mix_labels(labels)`
    in its `compute_loss` mixes the labels of that batch with the same lambda and permutation. Both derive all
    random numbers from one state (seed, counter), a variable of the layer, and only `mix_labels` advances it.
    So a training step must call both, in this order, each once. With mixup_alpha=0 the call advances the
    state itself and `mix_labels` returns the labels as they are. Without training the images pass unchanged.

    Args:
        config_list: steps as for `augmentation.get`; "pad_crop_flip", "cutout", "auto_augment" and "rand_augment" only,
            the last two on whole numbers.
        mixup_alpha: lam ~ Beta(alpha, alpha), one for the batch; 0 for no mixup.
        num_classes: number of classes; needed with mixup.
        seed: integer; None takes a random one. Runs are repeatable for one seed and backend; the backends
            draw different numbers from the same distributions.

    Input: images [B, H, W, C], raw values 0 .. 255 (channels last). Output: float images of the same shape.

    Raises:
        ValueError: for a step that only the host has, or mixup without `num_classes`.
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
        # In a tuple, so that Keras does not take the host steps for layers.
        self._steps = tuple(make_step(config, STEPS) for config in self.config_list)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        state = ops.convert_to_tensor(self.seed_generator.state)
        for index, step in enumerate(self._steps):
            images = step.on_device(images, Draws(state, _FIRST_STEP + index * _STEP_STREAMS))
        if self.mixup_alpha:
            return self._mix(images, state)
        self.seed_generator.next()
        return images

    def mix_labels(self, labels: Any) -> Any:
        """Labels [B] or [B, num_classes] of the batch that the call augmented last, mixed as its images were.

        Returns float32 [B, num_classes]; without mixup, `labels`.
        """
        if not self.mixup_alpha:
            return labels
        if len(labels.shape) == 1 or labels.shape[-1] == 1 != self.num_classes:
            labels = ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), self.num_classes)
        return self._mix(ops.cast(labels, "float32"), self.seed_generator.next())

    def _mix(self, values, state):
        draws = Draws(state)
        lam = ops.cast(draws.beta(_LAMBDA, self.mixup_alpha), values.dtype)
        order = ops.argsort(draws.uniform(_ORDER, (ops.shape(values)[0],)))
        return lam * values + (1 - lam) * ops.take(values, order, axis=0)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "config_list": self.config_list,
            "mixup_alpha": self.mixup_alpha,
            "num_classes": self.num_classes,
            "seed": self.seed,
        }
