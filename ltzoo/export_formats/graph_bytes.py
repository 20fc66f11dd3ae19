"""Read numbers from bytes, and refuse files, inside a TensorFlow graph."""

from __future__ import annotations

from typing import Any

from ltzoo.data.pixels import MAX_PIXELS, MAX_SIDE


def bytes_at(content: Any, at: Any, count: int) -> Any:
    """Return `count` bytes of a scalar string from position `at`, int64 `[count]`, with zeros after its end."""
    import tensorflow as tf

    start = tf.minimum(tf.cast(at, tf.int32), tf.strings.length(content))
    part = tf.strings.join([tf.strings.substr(content, start, count), b"\0" * count])
    digits = tf.io.decode_raw(tf.strings.substr(part, 0, count), tf.uint8)
    return tf.cast(tf.ensure_shape(digits, [count]), tf.int64)


def big(digits: Any) -> Any:
    """Return the number whose bytes are `digits`, the most significant first."""
    import tensorflow as tf

    return tf.reduce_sum(digits * tf.constant([256**n for n in reversed(range(digits.shape[0]))], tf.int64))


def little(digits: Any) -> Any:
    """Return the number whose bytes are `digits`, the least significant first."""
    return big(digits[::-1])


def spells(digits: Any, text: bytes) -> Any:
    """Return whether the first bytes are `text`."""
    import tensorflow as tf

    return tf.reduce_all(digits[: len(text)] == tf.constant(list(text), tf.int64))


def checked(content: Any, *demands: tuple[Any, str]) -> Any:
    """Return the content once all demands hold; what uses it waits for them.

    Args:
        content: a tensor.
        demands: pairs of a boolean scalar and what the error says if it is false.

    Raises:
        InvalidArgumentError: a demand does not hold.
    """
    import tensorflow as tf

    refusals = [tf.debugging.Assert(holds, [f"`image_bytes` must hold {text}"]) for holds, text in demands]
    with tf.control_dependencies([refusal for refusal in refusals if refusal is not None]):
        return tf.identity(content)


def sensible_size(width: Any, height: Any) -> tuple[Any, str]:
    """Return the demand that an image has pixels, and not too many."""
    import tensorflow as tf

    holds = (tf.minimum(width, height) > 0) & (tf.maximum(width, height) <= MAX_SIDE)
    return holds & (
        width * height <= MAX_PIXELS
    ), f"images of 1 to {MAX_PIXELS} pixels with sides up to {MAX_SIDE}"
