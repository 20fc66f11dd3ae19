"""Augmentation inside the model: padded crop, flip, Cutout and mixup as a Keras layer."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.data.augmentation.cutout import Cutout
from ltzoo.data.augmentation.pad_crop_flip import PadCropFlip
from ltzoo.data.augmentation.pipeline import make_step

STEPS = {"pad_crop_flip": PadCropFlip, "cutout": Cutout}

# Streams of random numbers: three for lambda, one for the permutation, and three for each image step.
_LAMBDA, _ORDER, _FIRST_STEP = 0, 3, 4


@keras.saving.register_keras_serializable(package="ltzoo")
class DeviceAugmentation(keras.layers.Layer):
    """Augments a batch on the device, with the distributions of `PadCropFlip`, `Cutout` and `Mixup`.

    `layer(images, training=True)` in the model's `call` augments and mixes images; `layer.mix_labels(labels)`
    in its `compute_loss` mixes the labels of that batch with the same lambda and permutation. Both derive all
    random numbers from one state (seed, counter), a variable of the layer, and only `mix_labels` advances it.
    So a training step must call both, in this order, each once. With mixup_alpha=0 the call advances the
    state itself and `mix_labels` returns the labels as they are. Without training the images pass unchanged.

    Args:
        config_list: steps as for `augmentation.get`; "pad_crop_flip" and "cutout" only.
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
        stream = _FIRST_STEP
        for step in self._steps:
            if isinstance(step, PadCropFlip):
                images = _pad_crop_flip(step, images, state, stream)
            else:
                images = _cutout(step, images, state, stream)
            stream += 3
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
        lam = ops.cast(_beta(self.mixup_alpha, state), values.dtype)
        order = ops.argsort(_uniform((ops.shape(values)[0],), state, _ORDER))
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


class _FixedSeed(keras.random.SeedGenerator):
    """A seed generator without a variable: yields one given state; `keras.random` takes no seed tensors."""

    def __init__(self, state):
        self._value = state

    def next(self, ordered=True):
        """The given state, as often as asked."""
        return self._value


def _stream(state, stream):
    # The PyTorch backend adds the two words of a state, so a stream moves the first by a large odd step.
    return _FixedSeed(state + ops.cast(ops.convert_to_tensor([stream * 15485863, 0]), state.dtype))


def _uniform(shape, state, stream):
    return keras.random.uniform(shape, dtype="float32", seed=_stream(state, stream))


def _integers(count, limit, state, stream):
    """Uniform on 0 .. limit - 1; rounding may bring a float32 uniform up to 1, hence the minimum."""
    return ops.minimum(ops.cast(ops.floor(_uniform((count,), state, stream) * limit), "int32"), limit - 1)


def _beta(alpha, state, shape=()):
    """A draw of Beta(alpha, alpha) from three uniform numbers (Devroye, "Random variates in one line").

    1/2 +- 1/2 (1 + 1 / ((u^(-1/alpha) - 1) cos^2(2 pi v)))^(-1/2). `keras.random.beta` does not compile with
    XLA on TensorFlow. u near 0 overflows to infinity, which rightly gives 0 or 1.
    """
    u, v, side = (_uniform(shape, state, _LAMBDA + part) for part in range(3))
    odds = (ops.power(u, -1.0 / alpha) - 1.0) * ops.maximum(ops.square(ops.cos(6.2831853 * v)), 1e-30)
    distance = 0.5 / ops.sqrt(1.0 + 1.0 / odds)
    return ops.where(side < 0.5, 0.5 - distance, 0.5 + distance)


def _pad_crop_flip(step, images, state, stream):
    count, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
    pad = step.padding
    mode = "constant" if step.mode == "zero" else "reflect"
    padded = ops.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode=mode) if pad else images
    rows = _integers(count, 2 * pad + 1, state, stream)[:, None] + ops.arange(height, dtype="int32")
    columns = _integers(count, 2 * pad + 1, state, stream + 1)[:, None] + ops.arange(width, dtype="int32")
    if step.flip:
        flips = _uniform((count,), state, stream + 2)[:, None] < 0.5
        columns = ops.where(flips, ops.flip(columns, axis=1), columns)
    padded = ops.take_along_axis(padded, rows[:, :, None, None], axis=1)
    return ops.take_along_axis(padded, columns[:, None, :, None], axis=2)


def _cutout(step, images, state, stream):
    count, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
    inside = []
    for axis, length in enumerate((height, width)):
        first = _integers(count, length, state, stream + axis)[:, None] - step.size // 2
        place = ops.arange(length, dtype="int32")
        inside.append(ops.logical_and(place >= first, place < first + step.size))
    blank = ops.logical_and(inside[0][:, :, None], inside[1][:, None, :])[..., None]
    return ops.where(blank, ops.cast(step.fill, images.dtype), images)
