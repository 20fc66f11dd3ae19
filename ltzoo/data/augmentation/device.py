"""Augmentation inside the model, as a Keras layer: image steps, then one step that mixes images and labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Alpha, PositiveInt, Seed
from ltzoo.contracts.label_tensors import soft_labels
from ltzoo.data.augmentation.device_mixing import STREAMS, DeviceMixup
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.registry import make_step

# Random streams per image step. The mixing step uses the streams before them.
_STEP_STREAMS = 3


@keras.saving.register_keras_serializable(package="ltzoo")
class DeviceAugmentation(keras.layers.Layer):
    """Augment a batch on the device, with the same distributions as the host steps and `Mixup`.

    In the model's `call`, `layer(images, training=True)` augments and mixes the images. In its `compute_loss`,
    `layer.mix_labels(labels)` mixes the labels of that batch in the same way. Both derive all random numbers
    from one state (seed, counter), a variable of the layer. Only `mix_labels` advances the state, so a training
    step must call both once, in this order. Without a mixing step, the call advances the state itself and
    `mix_labels` returns the labels unchanged. Outside training, images pass unchanged.

    Args:
        config_list: steps as for `augmentation.get`, each one of `device_names()`. Only the last may mix
            images, such as "cutmix". "auto_augment" and "rand_augment" need whole numbers.
        mixup_alpha: alpha of a final mixup step with one lam ~ Beta(alpha, alpha) per batch; 0 for none.
        num_classes: number of classes; required by mixing steps.
        seed: integer; None draws one at random. Runs repeat exactly for one seed and backend. Backends draw
            different numbers from the same distributions.

    Input: images [B, H, W, C], raw values 0 .. 255 (channels last). Output: float images of the same shape.
    In training, "cmo" returns one image per pair.

    Raises:
        ValueError: a step exists only on the host, mixing lacks `num_classes`, or a mixing step is not the
            last one.
    """

    @checked
    def __init__(
        self,
        config_list: Sequence[Mapping[str, Any]] = (),
        mixup_alpha: Alpha = 0.0,
        num_classes: PositiveInt | None = None,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config_list = [dict(config) for config in config_list]
        self.mixup_alpha = float(mixup_alpha)
        self.num_classes = num_classes
        self.seed = seed
        if not self.mixup_alpha >= 0 or (self.mixup_alpha and num_classes is None):
            raise ValueError(
                "`mixup_alpha` must be at least 0, and mixup needs `num_classes`. "
                f"Received: mixup_alpha={mixup_alpha}, num_classes={num_classes}"
            )
        steps = [make_step(config, on_device=True, num_classes=num_classes) for config in self.config_list]
        if self.mixup_alpha:
            assert num_classes is not None
            steps.append(DeviceMixup(self.mixup_alpha, num_classes))
        self._mixing = steps.pop() if steps and hasattr(steps[-1], "mix_images") else None
        if any(hasattr(step, "mix_images") for step in steps):
            raise ValueError(
                "`config_list` and `mixup_alpha` may contain only one mixing step on the device, the last one. "
                f"Received: config_list={self.config_list}, mixup_alpha={mixup_alpha}"
            )
        # Keras does not track the elements of a tuple as layers.
        self._steps = tuple(steps)
        self.seed_generator = keras.random.SeedGenerator(seed)

    @property
    def merges_pairs(self) -> bool:
        """Whether each pair of images becomes one image in training."""
        return getattr(self._mixing, "merges_pairs", False)

    def build(self, input_shape):
        """Store the image size, which label mixing needs."""
        self._image_size = tuple(input_shape[1:3])
        self.built = True

    def call(self, images, training=False):
        """Augment images [B, H, W, C] in training; otherwise only cast them to the compute dtype."""
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
        """Mix the labels of the last augmented batch in the same way as its images.

        Args:
            labels: class indices [B] or soft labels [B, num_classes].

        Returns:
            float32 [B, num_classes], or [B / 2, num_classes] with "cmo". Without mixing, `labels`. What is no label
            becomes NaN in a compiled program; see `ltzoo.contracts.label_tensors.soft_labels`.
        """
        if self._mixing is None:
            return labels
        assert self.num_classes is not None  # `__init__` asks for it where images are mixed.
        labels = soft_labels(labels, self.num_classes)
        draws = Draws(self.seed_generator.next())
        return self._mixing.mix_labels(labels, self._image_size, draws)

    def compute_output_shape(self, input_shape):
        """Return the shape outside training, which is the input shape."""
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
