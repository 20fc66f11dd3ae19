"""Feature maps from crops around a grid of centers (CAMC++)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Few
from ltzoo.precision import float32_or_float64


def crop_ranges(size: int, grid: int) -> list[tuple[int, int]]:
    """Return the begin and end of each window along a side, centered in each of `grid` equal cells.

    Windows are as long as the side. The part outside the image is left out, so the outer crops are shorter than the
    image. For 32 pixels, two cells give 0..24 and 8..32; three give 0..21, 0..32 and 11..32. Centers between two pixels
    are rounded so that the crops stay mirror images of each other.

    Args:
        size: pixels of the side.
        grid: M.

    Returns:
        M pairs (begin, end) with 0 <= begin < end <= size.
    """
    shifts = [(2 * place + 1 - grid) * size / (2 * grid) for place in range(grid)]
    shifts = [int(np.sign(shift) * np.floor(abs(shift) + 0.5)) for shift in shifts]
    return [(max(0, shift), min(size, size + shift)) for shift in shifts]


def bilinear_matrix(size: int, begin: int, end: int) -> np.ndarray:
    """Return the matrix [size, size] that resizes the pixels begin..end of a side to `size` pixels, bilinearly.

    Pixel centers lie at half-integers, and the border repeats its last pixel, as in `keras.ops.image.resize`.
    """
    length = end - begin
    place = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    lower = np.minimum(np.floor(place).astype(int), max(length - 2, 0))
    matrix = np.zeros((size, size))
    rows = np.arange(size)
    matrix[rows, begin + lower] += 1 - (place - lower)
    matrix[rows, begin + np.minimum(lower + 1, length - 1)] += place - lower
    return matrix


@keras.saving.register_keras_serializable(package="ltzoo")
class ShiftedCropEncoder(keras.layers.Layer):
    """Return an M x M map of the pooled features of M x M shifted crops (CAMC++, Zhang et al., III-B and Fig. 4).

    A window of the image's size is centered in every cell of an M x M grid. The part outside the image is left out
    without padding. The rest is resized (bilinear) to the image's size, encoded, and averaged over its positions. All
    crops pass through the encoder as one batch of M^2 times the size, so one pass costs as much as M^2 passes.

    Args:
        encoder: a `keras.Model` from images [batch, H, W, C] to maps [batch, h, w, D] or to features [batch, D].
        grid: M; 2 to 5 in the paper, with accuracy rising up to 5 (Table III).

    Input and output: [batch, H, W, C], with H and W known -> [batch, M, M, D].

    Raises:
        ValueError: if `grid` is below 1 or above the pixels of a side.
    """

    @checked
    def __init__(self, encoder: keras.Model, grid: Few = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.grid = int(grid)

    @property
    def passes_per_image(self) -> int:
        """How often the encoder runs per image: M^2."""
        return self.grid**2

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Build the encoder, and check `grid` against the image size."""
        sides = [side for side in input_shape[1:3] if side is not None]
        if len(sides) < 2 or self.grid > min(sides):
            raise ValueError(
                "`grid` must not exceed the height and width of the images, which must be known. "
                f"Received: grid={self.grid}, input_shape={tuple(input_shape)}"
            )
        if not self.encoder.built:
            self.encoder.build(input_shape)
        self.built = True

    def crops(self, images: Any) -> Any:
        """Return the resized crops of images [batch, H, W, C], row by row per image: [batch * M * M, H, W, C]."""
        height, width, channels = (int(size) for size in images.shape[1:])  # PyTorch traces sizes as tensors.
        dtype = float32_or_float64(images.dtype)
        rows, columns = (
            np.stack([bilinear_matrix(size, *ends) for ends in crop_ranges(size, self.grid)])
            for size in (height, width)
        )
        rows, columns = (ops.convert_to_tensor(matrix, dtype=dtype) for matrix in (rows, columns))
        resized = ops.einsum("iyh,bhwc->biywc", rows, ops.cast(images, dtype))
        resized = ops.einsum("jxw,biywc->bijyxc", columns, resized)
        return ops.cast(ops.reshape(resized, (-1, height, width, channels)), images.dtype)

    def call(self, images, training=None):
        """Return the map of pooled features, [batch, M, M, D]."""
        features = self.encoder(self.crops(images), training=training)
        if len(features.shape) == 4:
            features = ops.mean(features, axis=(1, 2))
        return ops.reshape(features, (-1, self.grid, self.grid, features.shape[-1]))

    def compute_output_shape(self, input_shape):
        """Return (batch, M, M, D)."""
        return (input_shape[0], self.grid, self.grid, self.encoder.output_shape[-1])

    def get_config(self):
        """Return the constructor arguments, with the encoder serialized."""
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return {**super().get_config(), "encoder": encoder, "grid": self.grid}

    @classmethod
    def from_config(cls, config):
        """Build the layer from the result of `get_config`."""
        return cls(**{**config, "encoder": keras.saving.deserialize_keras_object(config["encoder"])})
