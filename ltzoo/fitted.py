"""Parts whose arguments depend on a dataset's images: their size, and whether they may be mirrored."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ltzoo.registry import Entry, Registry


@dataclasses.dataclass(frozen=True)
class FittedEntry(Entry):
    """A part and how it adapts to a dataset.

    Attributes:
        fitted: function (config, (height, width), upright) -> config for images of this size, or None to leave the
            part out; `upright` images must not be mirrored. Without it the config stays.
    """

    fitted: Callable[[dict[str, Any], tuple[int, int], bool], dict[str, Any] | None] | None = None


def fit(
    registry: Registry[FittedEntry],
    configs: Iterable[Mapping[str, Any]],
    image_size: tuple[int, int],
    upright: bool,
) -> list[Mapping[str, Any]]:
    """Return the configs of parts that suit the images of a dataset; configs of unknown names stay.

    Args:
        registry: the family of the parts.
        configs: `{"name": ..., argument: value, ...}` for each part.
        image_size: (height, width) of the images.
        upright: whether a mirrored image means something else, as with digits.
    """
    kept = []
    for config in configs:
        entry = registry.find(config["name"])
        if entry is not None and entry.fitted is not None:
            config = entry.fitted(dict(config), image_size, upright)
        if config is not None:
            kept.append(config)
    return kept
