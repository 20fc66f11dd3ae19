"""Mixing of the images and labels of a batch with keras.ops, as the last step of `DeviceAugmentation`."""

from typing import Any

from keras import ops

from ltzoo.data.augmentation.cmo import CMO, check_pairs
from ltzoo.data.augmentation.cutmix import CutMix
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.mixup import Mixup
from ltzoo.data.augmentation.registry import register_on_device

# Streams of random numbers: three for lambda, and one for each of the others.
_LAMBDA, _ORDER, _ROW, _COLUMN, _APPLIED = 0, 3, 4, 5, 6
STREAMS = 7


class DeviceMixup(Mixup):
    """`Mixup` inside a compiled program, with one lambda for the batch."""

    def mix_images(self, images: Any, draws: Draws) -> Any:
        """Images [B, H, W, C], mixed."""
        return self._mix(images, draws)

    def mix_labels(self, labels: Any, image_size: tuple[int, int], draws: Draws) -> Any:
        """Soft labels [B, classes], mixed as the images of the same draws."""
        return self._mix(labels, draws)

    def _mix(self, values, draws):
        lam = ops.cast(draws.beta(_LAMBDA, self.alpha), values.dtype)
        return lam * values + (1 - lam) * _permuted(values, draws)


class _Rectangles:
    """What `CutMix` and `CMO` share: one rectangle for the batch; `pairs` says what is pasted onto what."""

    def mix_images(self, images: Any, draws: Draws) -> Any:
        """Images [B, H, W, C], with rectangles of others."""
        main, other = self.pairs(images, draws)
        return ops.where(self._rectangle(images.shape[1:3], draws)[:, :, None], other, main)

    def mix_labels(self, labels: Any, image_size: tuple[int, int], draws: Draws) -> Any:
        """Soft labels [B, classes], mixed by the share of each image's pixels for the same draws."""
        main, other = self.pairs(labels, draws)
        pasted = ops.mean(ops.cast(self._rectangle(image_size, draws), labels.dtype))
        return (1 - pasted) * main + pasted * other

    def _rectangle(self, image_size, draws):
        """bool [H, W], true inside; false everywhere in a batch that stays as it is."""
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
    """`CutMix` inside a compiled program; its arguments, and its distribution."""

    def pairs(self, values: Any, draws: Draws) -> tuple[Any, Any]:
        """(values, the same in another order)."""
        return values, _permuted(values, draws)


@register_on_device("cmo")
class DeviceCMO(_Rectangles, CMO):
    """`CMO` inside a compiled program; its arguments, and its distribution."""

    def pairs(self, values: Any, draws: Draws) -> tuple[Any, Any]:
        """(those of the main images, those of their companions), each [B] of [2B]."""
        check_pairs(values.shape[0])
        return values[0::2], values[1::2]


def _permuted(values, draws):
    order = ops.argsort(draws.uniform(_ORDER, (ops.shape(values)[0],)))
    return ops.take(values, order, axis=0)
