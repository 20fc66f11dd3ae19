"""Augmentation steps by name, for the host and for the device.

A host step is a class whose instances are called as `(images, labels, rng) -> (images, labels)`. A step that
crops from images at their original size also has a method `reader(count, rng)`; see `ImageNetTrainCrop`.

A device step (`register_on_device`) takes the arguments of the host step of the same name. A step that changes
images has `on_device(images, draws) -> images`. A step that mixes them has `mix_images(images, draws) -> images`
and `mix_labels(soft labels, image size, draws) -> soft labels`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ltzoo.fitted import FittedEntry, fit
from ltzoo.registry import Registry

_STEPS = Registry("augmentation step", FittedEntry)
_DEVICE_STEPS = Registry("augmentation step on the device")
register = _STEPS.register
names = _STEPS.names
part = _STEPS.part
fit_steps = functools.partial(fit, _STEPS)
register_on_device = _DEVICE_STEPS.register
device_names = _DEVICE_STEPS.names


def make_step(config: Mapping[str, Any], on_device: bool = False, **context: Any) -> Any:
    """Make a step from plain data.

    Args:
        config: `{"name": one of names(), argument: value, ...}`.
        on_device: make the device version; `device_names()` lists them.
        **context: `num_classes` and `class_counts`, passed to steps that have such a parameter. None counts
            as not given.

    Raises:
        ValueError: the name or an argument is unknown, or an argument is missing.
    """
    known = {key: value for key, value in context.items() if value is not None}
    return (_DEVICE_STEPS if on_device else _STEPS).make(config, **known)
