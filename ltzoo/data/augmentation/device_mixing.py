"""Mixing of images and labels of a batch with `keras.ops`, as the last step of `DeviceAugmentation`."""

from typing import Any

from keras import ops

from ltzoo.data.augmentation.cmo import CMO, check_pairs
from ltzoo.data.augmentation.cutmix import CutMix
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.mixup import Mixup
from ltzoo.data.augmentation.registry import register_on_device

# Random streams: three for lambda, one for each other draw.
_LAMBDA, _ORDER, _ROW, _COLUMN, _APPLIED = 0, 3, 4, 5, 6
STREAMS = 7


class DeviceMixup(Mixup):
    """Apply `Mixup` inside a compiled program, with one lambda per batch."""

    def mix_images(self, images: Any, draws: Draws) -> Any:
        """Mix images [B, H, W, C]."""
        return self._mix(images, draws)

    def mix_labels(self, labels: Any, image_size: tuple[int, int], draws: Draws) -> Any:
        """Mix soft labels [B, classes] as `mix_images` mixes the images for the same draws."""
        return self._mix(labels, draws)

    def _mix(self, values, draws):
        lam = ops.cast(draws.beta(_LAMBDA, self.alpha), values.dtype)
        return lam * values + (1 - lam) * _permuted(values, draws)


class _Rectangles:
    """Base class of `CutMix` and `CMO`: paste one rectangle per batch between the images of `pairs`."""

    alpha: float
    probability: float

    def pairs(self, values: Any, draws: Draws) -> tuple[Any, Any]:
        """Return the values to paste onto and the values to paste."""
        raise NotImplementedError(f"{type(self).__name__} must implement pairs(values, draws).")

    def mix_images(self, images: Any, draws: Draws) -> Any:
        """Paste rectangles of other images onto images [B, H, W, C]."""
        main, other = self.pairs(images, draws)
        return ops.where(self._rectangle(images.shape[1:3], draws)[:, :, None], other, main)

    def mix_labels(self, labels: Any, image_size: tuple[int, int], draws: Draws) -> Any:
        """Mix soft labels [B, classes] by the share of pixels of each image for the same draws."""
        main, other = self.pairs(labels, draws)
        pasted = ops.mean(ops.cast(self._rectangle(image_size, draws), labels.dtype))
        return (1 - pasted) * main + pasted * other

    def _rectangle(self, image_size, draws):
        """Return bool [H, W], true inside the rectangle; all false for a batch that is not mixed."""
        side = ops.sqrt(1.0 - draws.beta(_LAMBDA, self.alpha))
        inside = []
        for stream, length in zip((_ROW, _COLUMN), image_size, strict=True):
            half = ops.cast(ops.floor(length * side), "int32") // 2
            offset = ops.arange(length, dtype="int32") - draws.integers(stream, (), length)
            inside.append(ops.logical_and(offset >= -half, offset < half))
        applied = draws.uniform(_APPLIED, ()) < self.probability
        return ops.logical_and(ops.logical_and(inside[0][:, None], inside[1][None, :]), applied)


@register_on_device("cutmix")
class DeviceCutMix(_Rectangles, CutMix):
    """Apply `CutMix` inside a compiled program, with the same arguments and distribution."""

    def pairs(self, values: Any, draws: Draws) -> tuple[Any, Any]:
        """Return the values and a permutation of them."""
        return values, _permuted(values, draws)


@register_on_device("cmo")
class DeviceCMO(_Rectangles, CMO):
    """Apply `CMO` inside a compiled program, with the same arguments and distribution."""

    def pairs(self, values: Any, draws: Draws) -> tuple[Any, Any]:
        """Return the values of main images and of companions, each [B, ...], from [2B, ...]."""
        check_pairs(values.shape[0])
        return values[0::2], values[1::2]


def _permuted(values, draws):
    order = ops.argsort(draws.uniform(_ORDER, (ops.shape(values)[0],)))
    return ops.take(values, order, axis=0)
