"""Optimizers of this library by name."""

from ltzoo.registry import Registry

_OPTIMIZERS = Registry("optimizer")
register = _OPTIMIZERS.register
names = _OPTIMIZERS.names
part = _OPTIMIZERS.part
make = _OPTIMIZERS.make
