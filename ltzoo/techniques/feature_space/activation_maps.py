"""Class activation maps, and the locations that are specific to a class or common to many (FSA Eq. 1-3)."""

from typing import Any

from keras import ops

from ltzoo.precision import float32_or_float64


def class_activation_maps(features: Any, kernel: Any, labels: Any) -> Any:
    """M_y(i, j) = <w_y, f(i, j)>: how much each location speaks for the image's own class (FSA Eq. 1).

    Feature Space Augmentation for Long-Tailed Data (Chu et al., ECCV 2020), after Zhou et al. (CVPR 2016). The length
    of w_y does not matter once the map is normalized, so the kernel of a cosine classifier serves as well.

    Args:
        features: feature maps f, [B, h, w, D].
        kernel: weights of the linear classifier behind average pooling, [D, C].
        labels: class of each image, integers [B].

    Returns:
        [B, h, w], in float32 at least.
    """
    dtype = float32_or_float64(features.dtype)
    columns = ops.take(ops.transpose(ops.cast(kernel, dtype)), ops.cast(labels, "int32"), axis=0)
    return ops.einsum("bhwd,bd->bhw", ops.cast(features, dtype), columns)


def normalize_maps(maps: Any, rectify: bool = False) -> Any:
    """(M - min M) / (max M - min M) of each map: the paper's "range of 0 and 1".

    A map that is the same everywhere says nothing about locations and becomes 0; min-max itself is 0/0 there.

    Args:
        maps: [B, h, w].
        rectify: first set negative values to 0. The third-party code does so, because it takes the Grad-CAM of the
            last map, which is max(M, 0) up to a factor. A map without a positive value then is the same everywhere.

    Returns:
        [B, h, w]: the greatest value is 1, or all of them are 0.
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
    """Where an image shows its class, M > tau_s, and where it shows what classes share, M < tau_g.

    Both are strict, as in Algorithm 1 and in the third-party code; Eq. 2-3 write >= and keep the values of the map,
    but only the locations are used. The paper gives no thresholds; 0.8 and 0.2 are those of that code. A map that is 0
    everywhere (see `normalize_maps`) has no location of either kind.

    Args:
        maps: normalized maps, [B, h, w].
        threshold_specific: tau_s.
        threshold_generic: tau_g.

    Returns:
        (specific, generic), booleans [B, h, w].
    """
    shown = ops.max(maps, axis=(-2, -1), keepdims=True) > 0
    return maps > threshold_specific, ops.logical_and(maps < threshold_generic, shown)
