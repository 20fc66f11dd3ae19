"""What a head takes: pooled features, or the feature map itself."""

from typing import Any

from keras import ops


def takes_map(head: Any) -> bool:
    """Return whether a head takes the feature map `[batch, h, w, D]` instead of pooled features `[batch, D]`."""
    return getattr(head, "takes_feature_map", False)


def pool(features: Any) -> Any:
    """Average maps `[batch, h, w, D]` over their positions; return pooled features unchanged."""
    return ops.mean(features, axis=(1, 2)) if len(features.shape) == 4 else features


def head_inputs(head: Any, features: Any) -> Any:
    """Return what `head` takes of the backbone's output: `[batch, h, w, D]` or `[batch, D]`."""
    return features if takes_map(head) else pool(features)


def head_input_shape(head: Any, features_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Return the shape of `head_inputs` for a backbone's output shape."""
    return features_shape if takes_map(head) else (features_shape[0], features_shape[-1])
