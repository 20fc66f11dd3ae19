"""Class activation maps, and the locations specific to a class or shared by many (FSA Eq. 1-3)."""

from typing import Any

from keras import ops

from ltzoo.precision import float32_or_float64


def class_activation_maps(features: Any, kernel: Any, labels: Any) -> Any:
    """Compute M_y(i, j) = <w_y, f(i, j)>, the evidence at each location for the image's own class y (FSA Eq. 1).

    Feature Space Augmentation for Long-Tailed Data (Chu et al., ECCV 2020), after Zhou et al. (CVPR 2016). The length
    of w_y does not matter once the map is normalized, so the kernel of a cosine classifier works as well.

    Args:
        features: feature maps f, [B, h, w, D].
        kernel: weights w of the linear classifier behind average pooling, [D, C].
        labels: class y of each image, integers [B].

    Returns:
        maps [B, h, w], in float32 or float64.
    """
    dtype = float32_or_float64(features.dtype)
    columns = ops.take(ops.transpose(ops.cast(kernel, dtype)), ops.cast(labels, "int32"), axis=0)
    return ops.einsum("bhwd,bd->bhw", ops.cast(features, dtype), columns)


def normalize_maps(maps: Any, rectify: bool = False) -> Any:
    """Scale each map to (M - min M) / (max M - min M), the paper's "range of 0 and 1".

    A constant map carries no information about locations and becomes 0, instead of 0/0.

    Args:
        maps: maps M, [B, h, w].
        rectify: set negative values to 0 first. The third-party code does so, since it uses the Grad-CAM of the last
            map, which is max(M, 0) up to a factor. A map without positive values then becomes constant.

    Returns:
        maps [B, h, w], in each of which the greatest value is 1 or all values are 0.
    """
    if rectify:
        maps = ops.maximum(maps, 0.0)
    low = ops.min(maps, axis=(-2, -1), keepdims=True)
    span = ops.max(maps, axis=(-2, -1), keepdims=True) - low
    flat = span <= 0
    return ops.where(flat, ops.zeros_like(maps), (maps - low) / ops.where(flat, ops.ones_like(span), span))


def class_masks(
    maps: Any, threshold_specific: float = 0.8, threshold_generic: float = 0.2
) -> tuple[Any, Any]:
    """Return the locations specific to an image's class, M > tau_s, and those that classes share, M < tau_g.

    Both inequalities are strict, as in Algorithm 1 and the third-party code. Eq. 2-3 write >= and keep the values of
    the map, but only the locations are used. The paper gives no thresholds; 0.8 and 0.2 are from that code. A map of
    zeros (see `normalize_maps`) has no locations of either kind.

    Args:
        maps: normalized maps M, [B, h, w].
        threshold_specific: tau_s.
        threshold_generic: tau_g.

    Returns:
        (specific, generic): booleans [B, h, w] each.
    """
    shown = ops.max(maps, axis=(-2, -1), keepdims=True) > 0
    return maps > threshold_specific, ops.logical_and(maps < threshold_generic, shown)
