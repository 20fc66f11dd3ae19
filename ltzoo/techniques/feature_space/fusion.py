"""New features of a tail class, from its own specific and another class's generic locations (FSA Algorithm 1).

All functions take M pairs at once: feature vectors [M, L, D] of a tail image at its L locations, and the same for an
image of a confusing class. They draw no random numbers; the caller passes uniform numbers.
"""

from typing import Any

from keras import ops

from ltzoo.checks import one_of


def location_sets(
    specific_features: Any, specific_mask: Any, generic_features: Any, generic_mask: Any
) -> tuple[Any, Any]:
    """Return the sets {f_s} and {f_g} that Algorithm 1 draws from: masked locations whose vector is not zero.

    The paper does not cover empty sets. Here a tail image without specific locations contributes all its nonzero
    locations, or all locations if there are none. A confusing image without generic locations contributes none, and
    `draw_fusion` then uses only vectors of the tail image.

    Args:
        specific_features, generic_features: vectors of the tail and the confusing image, [M, L, D] each.
        specific_mask, generic_mask: booleans [M, L]; see `class_masks`.

    Returns:
        (specific, generic): booleans [M, L] each; every row of the first has a true value.
    """
    visible = ops.any(ops.not_equal(specific_features, 0), axis=-1)
    specific = _or_else(ops.logical_and(specific_mask, visible), visible)
    specific = _or_else(specific, ops.ones_like(specific))
    visible = ops.any(ops.not_equal(generic_features, 0), axis=-1)
    return specific, ops.logical_and(generic_mask, visible)


def draw_fusion(
    specific: Any, generic: Any, ratios: Any, uniforms: Any, rounding: str = "floor"
) -> tuple[Any, Any]:
    """Choose the vectors that each image contributes, with replacement (Algorithm 1, lines 14-17).

    The first floor(gamma L) of the L vectors of the new sample come from the tail image. The others come from the
    image of the confusing class.

    Args:
        specific, generic: the sets to draw from, booleans [M, L]; see `location_sets`.
        ratios: gamma [M], in (0, 1).
        uniforms: numbers [M, L] in [0, 1); number l draws vector l.
        rounding: rounding of gamma L, which the paper does not specify. With "floor" (default), a sample may have no
            vector of the tail image. With "ceil" it has at least one, which matters on maps with few locations.

    Returns:
        (locations, from_specific): int32 and booleans, [M, L] each. The second is true for locations of the tail
        image.

    Raises:
        ValueError: if `rounding` is unknown.
    """
    one_of("rounding", rounding, ("floor", "ceil"))
    size = specific.shape[-1]
    number = getattr(ops, rounding)(ratios * size)[:, None]
    number = ops.where(ops.any(generic, axis=-1, keepdims=True), number, ops.full_like(number, size))
    from_specific = ops.cast(ops.arange(size), number.dtype)[None, :] < number
    locations = ops.where(from_specific, _drawn(specific, uniforms), _drawn(generic, uniforms))
    return locations, from_specific


def fuse_at_locations(
    specific_features: Any, generic_features: Any, locations: Any, from_specific: Any
) -> Any:
    """Return the new samples [M, L, D]; vector l comes from `locations[l]` of the image that `from_specific[l]` names.

    The arguments are the vectors of both images, [M, L, D] each, and the results of `draw_fusion`.
    """
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
    """Fuse two maps and keep every vector in its place: f_s where u > gamma, else f_g, zeros included.

    The third-party code does this at every depth. f_s is the tail map with zeros outside its specific locations. f_g
    is the other map with zeros outside its generic locations. The expected share of the tail is 1 - gamma.

    Args:
        specific_features, generic_features: vectors of the tail and the confusing image, [M, L, D] each.
        specific_mask, generic_mask: booleans [M, L]; see `class_masks`.
        ratios: gamma [M].
        uniforms: u [M, L].

    Returns:
        samples [M, L, D].
    """
    return ops.where(
        (uniforms > ratios[:, None])[..., None],
        ops.where(specific_mask[..., None], specific_features, ops.zeros_like(specific_features)),
        ops.where(generic_mask[..., None], generic_features, ops.zeros_like(generic_features)),
    )


def _or_else(chosen, fallback):
    return ops.where(ops.any(chosen, axis=-1, keepdims=True), chosen, fallback)


def _drawn(members, uniforms):
    """Return location number floor(u n) of the n members, in ascending order; 0 if there are none."""
    size = members.shape[-1]
    count = ops.sum(ops.cast(members, "int32"), axis=-1, keepdims=True)
    rank = ops.cast(ops.floor(uniforms * ops.cast(count, uniforms.dtype)), "int32")
    rank = ops.maximum(ops.minimum(rank, count - 1), 0)
    place = ops.arange(size, dtype="int32")[None, :]
    order = ops.argsort(ops.where(members, place, place + size), axis=-1)
    return ops.take_along_axis(ops.cast(order, "int32"), rank, axis=-1)
