"""New features of a tail class from its own specific locations and another class's generic ones (FSA Algorithm 1).

All functions take M pairs at once: feature vectors [M, L, D] of the tail's image at its L locations, and the same of
the image of a confusing class. They draw nothing: uniform numbers are handed in.
"""

from typing import Any

from keras import ops


def location_sets(
    specific_features: Any, specific_mask: Any, generic_features: Any, generic_mask: Any
) -> tuple[Any, Any]:
    """The sets {f_s} and {f_g} that Algorithm 1 draws from: locations in the masks whose vector is not all zeros.

    The paper does not say what happens when nothing is left of a set. Here a tail image without specific locations
    gives all its locations that are not zero (all locations if every one is), and a confusing image without generic
    locations gives none; `draw_fusion` then takes the tail's vectors only.

    Args:
        specific_features, generic_features: [M, L, D].
        specific_mask, generic_mask: booleans [M, L]; see `class_masks`.

    Returns:
        (specific, generic), booleans [M, L]; the first has a true value in each row.
    """
    visible = ops.any(ops.not_equal(specific_features, 0), axis=-1)
    specific = _or_else(ops.logical_and(specific_mask, visible), visible)
    specific = _or_else(specific, ops.ones_like(specific))
    visible = ops.any(ops.not_equal(generic_features, 0), axis=-1)
    return specific, ops.logical_and(generic_mask, visible)


def draw_fusion(
    specific: Any, generic: Any, ratios: Any, uniforms: Any, rounding: str = "floor"
) -> tuple[Any, Any]:
    """Algorithm 1, lines 14-17: how many vectors each image gives, and which, drawn with replacement.

    Of the L vectors of the new sample the first floor(gamma L) come from the tail's image and the others from the
    image of the confusing class.

    Args:
        specific, generic: the sets to draw from, booleans [M, L]; see `location_sets`.
        ratios: gamma, [M], in (0, 1).
        uniforms: [M, L] in [0, 1); number l draws vector l.
        rounding: of gamma L, which the paper does not give: "floor" (default), so a sample may have no vector of the
            tail; or "ceil", so it has one at least, which matters on maps of few locations.

    Returns:
        (locations, int32 [M, L]; from_specific, booleans [M, L]: whether the location is one of the tail's image).

    Raises:
        ValueError: `rounding` is unknown.
    """
    if rounding not in ("floor", "ceil"):
        raise ValueError(f"`rounding` must be 'floor' or 'ceil'. Received: rounding={rounding!r}")
    size = specific.shape[-1]
    number = getattr(ops, rounding)(ratios * size)[:, None]
    number = ops.where(ops.any(generic, axis=-1, keepdims=True), number, ops.full_like(number, size))
    from_specific = ops.cast(ops.arange(size), number.dtype)[None, :] < number
    locations = ops.where(from_specific, _drawn(specific, uniforms), _drawn(generic, uniforms))
    return locations, from_specific


def fuse_at_locations(
    specific_features: Any, generic_features: Any, locations: Any, from_specific: Any
) -> Any:
    """The new samples [M, L, D]: vector l is that of `locations[l]` in the image that `from_specific[l]` says."""
    size, channels = specific_features.shape[-2:]
    rows = ops.reshape(ops.concatenate([specific_features, generic_features], axis=1), (-1, channels))
    locations = ops.cast(locations, "int32")
    own = locations + ops.where(from_specific, 0, size)
    pair = ops.arange(ops.shape(locations)[0], dtype="int32")
    return ops.take(rows, own + 2 * size * pair[:, None], axis=0)


def fuse_per_location(
    specific_features: Any,
    specific_mask: Any,
    generic_features: Any,
    generic_mask: Any,
    ratios: Any,
    uniforms: Any,
) -> Any:
    """Fusion that leaves every vector where it is: f_s where u > gamma, else f_g, zeros included.

    This is what the third-party code does at every depth. f_s is the tail's map with zeros outside of its specific
    locations, f_g the other map with zeros outside of its generic ones; the tail's share is 1 - gamma.

    Args:
        specific_features, generic_features: [M, L, D].
        specific_mask, generic_mask: booleans [M, L].
        ratios: gamma, [M].
        uniforms: u, [M, L].

    Returns:
        [M, L, D].
    """
    chosen = ops.where(
        (uniforms > ratios[:, None])[..., None],
        ops.where(specific_mask[..., None], specific_features, ops.zeros_like(specific_features)),
        ops.where(generic_mask[..., None], generic_features, ops.zeros_like(generic_features)),
    )
    return chosen


def _or_else(chosen, fallback):
    return ops.where(ops.any(chosen, axis=-1, keepdims=True), chosen, fallback)


def _drawn(members, uniforms):
    """Location number floor(u n) of the n members, in rising order; 0 where there are none."""
    size = members.shape[-1]
    count = ops.sum(ops.cast(members, "int32"), axis=-1, keepdims=True)
    rank = ops.cast(ops.floor(uniforms * ops.cast(count, uniforms.dtype)), "int32")
    rank = ops.maximum(ops.minimum(rank, count - 1), 0)
    place = ops.arange(size, dtype="int32")[None, :]
    order = ops.argsort(ops.where(members, place, place + size), axis=-1)
    return ops.take_along_axis(ops.cast(order, "int32"), rank, axis=-1)
