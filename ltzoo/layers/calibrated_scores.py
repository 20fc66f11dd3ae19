"""Scores of attention-weighted embeddings, computed without building the embeddings (CAMC, Eq. 4-6)."""

from typing import Any

from keras import ops

from ltzoo.layers.lengths import SHORTEST, inverse_length


def fold_prototypes(prototypes: Any, fusion_kernel: Any) -> Any:
    """Fold the prototypes and a linear fusion into one filter per class.

    CAMC Eq. 4 takes K response maps <f(x, y), phi_k> with the prototypes phi_k, and a convolution without a
    nonlinearity fuses them. Both steps are linear, so their product sum_k fusion[i, j, k] phi_k is one filter of the
    fusion's size.

    Args:
        prototypes: phi [T, K, D] of T classes.
        fusion_kernel: [T, k, k, K], or [k, k, K] for one fusion that all classes share.

    Returns:
        filters [k, k, D, T].
    """
    taps = "ijk" if len(fusion_kernel.shape) == 3 else "tijk"
    return ops.einsum(f"{taps},tkd->ijdt", fusion_kernel, prototypes)


def activation_and_fused_maps(feature_map: Any, directions: Any, filters: Any, bias: Any) -> tuple[Any, Any]:
    """Compute class activation maps <f(x, y), w_c> (Eq. 2) and fused prototype maps (Eq. 4 and the fusion).

    Args:
        feature_map: f [B, H, W, D].
        directions: class vectors w [D, T] of T classes.
        filters: [k, k, D, T], k odd; the border is padded with zeros.
        bias: [T], or a number.

    Returns:
        activation maps and fused maps, both [B, H * W, T].
    """
    height, width, size = feature_map.shape[1:]
    positions = ops.reshape(feature_map, (-1, height * width, size))
    if filters.shape[0] == 1:
        # One product for both: the features are read once, and so is their gradient.
        both = ops.matmul(positions, ops.concatenate([directions, filters[0, 0]], axis=-1))
        activation, fused = ops.split(both, 2, axis=-1)
    else:
        activation = ops.matmul(positions, directions)
        fused = ops.conv(feature_map, filters, strides=1, padding="same", data_format="channels_last")
        fused = ops.reshape(fused, (-1, height * width, fused.shape[-1]))
    return activation, fused + bias


def weighted_cosine(feature_map: Any, activation: Any, weights: Any) -> Any:
    """Compute <x_c / |x_c|, w_c> of the embeddings x_c = mean_n weights_nc f_n per class and image.

    The result is exact without building the embeddings [B, T, D]. Their product with w_c is the weighted mean of the
    activation map, and |x_c|^2 = weights_c^T G weights_c / (H W)^2, with the Gram matrix G = F F^T of the image's
    positions.

    In float32 the quadratic form is accurate as long as its terms have one sign, as they do for the non-negative
    features after a ReLU. An embedding with |x_c|^2 <= 1e-24 has score 0 and gradient 0, as in `unit_length`.

    Args:
        feature_map: features f [B, H, W, D]; per image they form F, with positions n = 1 .. H W.
        activation: <f_n, w_c> [B, H * W, T].
        weights: [B, H * W, T].

    Returns:
        scores [B, T].
    """
    height, width, size = feature_map.shape[1:]
    positions = ops.reshape(feature_map, (-1, height * width, size))
    gram = ops.matmul(positions, ops.transpose(positions, (0, 2, 1)))
    squared_length = ops.sum(weights * ops.matmul(gram, weights), axis=1)
    inverse = inverse_length(squared_length, SHORTEST * height * width)
    return ops.sum(weights * activation, axis=1) * inverse
