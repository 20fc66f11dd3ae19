"""Padded crop, flip and Cutout of a batch with `keras.ops`, as steps of `DeviceAugmentation`."""

from typing import Any

from keras import ops

from ltzoo.data.augmentation.cutout import Cutout
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.pad_crop_flip import PadCropFlip
from ltzoo.data.augmentation.registry import register_on_device


@register_on_device("pad_crop_flip")
class DevicePadCropFlip(PadCropFlip):
    """Apply `PadCropFlip` inside a compiled program, with the same arguments and distribution."""

    def on_device(self, images: Any, draws: Draws) -> Any:
        """Crop and flip images [B, H, W, C] of any dtype."""
        count, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        pad = self.padding
        mode = "constant" if self.mode == "zero" else "reflect"
        padded = ops.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode=mode) if pad else images
        rows = draws.integers(0, (count,), 2 * pad + 1)[:, None] + ops.arange(height, dtype="int32")
        columns = draws.integers(1, (count,), 2 * pad + 1)[:, None] + ops.arange(width, dtype="int32")
        if self.flip:
            flips = draws.uniform(2, (count,))[:, None] < 0.5
            columns = ops.where(flips, ops.flip(columns, axis=1), columns)
        padded = ops.take_along_axis(padded, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(padded, columns[:, None, :, None], axis=2)


@register_on_device("cutout")
class DeviceCutout(Cutout):
    """Apply `Cutout` inside a compiled program, with the same arguments and distribution."""

    def on_device(self, images: Any, draws: Draws) -> Any:
        """Blank a square of each of the images [B, H, W, C] of any dtype."""
        count, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        inside = []
        for axis, length in enumerate((height, width)):
            first = draws.integers(axis, (count,), length)[:, None] - self.size // 2
            place = ops.arange(length, dtype="int32")
            inside.append(ops.logical_and(place >= first, place < first + self.size))
        blank = ops.logical_and(inside[0][:, :, None], inside[1][:, None, :])[..., None]
        return ops.where(blank, ops.cast(self.fill, images.dtype), images)
