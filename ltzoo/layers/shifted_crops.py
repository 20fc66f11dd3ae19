"""Feature maps from crops around a grid of centers (CAMC++)."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Few, PositiveInt
from ltzoo.keras_internals import layers_of
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
    without padding. The rest is resized (bilinear) to the image's size, encoded, and averaged over its positions. One
    pass costs as much as M^2 passes of the encoder.

    The crops pass through the encoder one after the other, each for the whole batch, so the memory is that of whole
    images: 256 images of 224 pixels need 25 times as much where all crops of a ResNet-50 go at once. The results do not
    depend on it. Only an encoder that learns, or draws random numbers, gets all crops at once in training, so that its
    batch statistics are those of all of them.

    Args:
        encoder: a `keras.Model` from images [batch, H, W, C] to maps [batch, h, w, D] or to features [batch, D].
        grid: M; 2 to 5 in the paper, with accuracy rising up to 5 (Table III).
        crops_at_once: most crops of an image that pass together; M^2 in all. The largest divisor of M^2 counts. The
            attribute can be set at any time before the layer is compiled; more are faster for single images on an
            accelerator.

    Input and output: [batch, H, W, C], with H and W known -> [batch, M, M, D].

    Raises:
        ValueError: if `grid` is below 1 or above the pixels of a side, or `crops_at_once` is below 1.
    """

    @checked
    def __init__(
        self, encoder: keras.Model, grid: Few = 5, crops_at_once: PositiveInt = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.grid = int(grid)
        self.crops_at_once = int(crops_at_once)

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
        found = _resized(images, *(ops.convert_to_tensor(side) for side in self._matrices(images)))
        sides = [int(size) for size in images.shape[1:]]
        return ops.reshape(ops.transpose(found, (1, 0, 2, 3, 4)), (-1, *sides))

    def _matrices(self, images):
        """Return what resizes the rows, and the columns, of each crop: [M * M, H, H] and [M * M, W, W]."""
        sides = [int(size) for size in images.shape[1:3]]  # PyTorch traces sizes as tensors.
        rows, columns = (
            np.stack([bilinear_matrix(size, *ends) for ends in crop_ranges(size, self.grid)])
            for size in sides
        )
        dtype = float32_or_float64(images.dtype)
        places = np.repeat(rows, self.grid, axis=0), np.tile(columns, (self.grid, 1, 1))
        return tuple(side.astype(dtype) for side in places)

    def call(self, images, training=None):
        """Return the map of pooled features, [batch, M, M, D]."""
        together = self.passes_per_image
        if not (training and _changes(self.encoder)):
            together = max(n for n in range(1, min(together, self.crops_at_once) + 1) if together % n == 0)

        rows, columns = (
            ops.convert_to_tensor(side.reshape(-1, together, *side.shape[1:]))
            for side in self._matrices(images)
        )
        if together == self.passes_per_image:
            features = self._encoded(images, rows[0], columns[0], training)
        else:
            # Each pass waits for the one before it: TensorFlow would run several at a time, with the memory of all.
            def step(before, matrices):
                waits = ops.cast(ops.any(before > np.inf), matrices[0].dtype)  # 0
                found = self._encoded(images, matrices[0] + waits, matrices[1], training)
                return found, found

            shape = (together, ops.shape(images)[0], self.encoder.output_shape[-1])
            _, features = ops.scan(step, ops.zeros(shape, self.encoder.outputs[0].dtype), (rows, columns))
        features = ops.reshape(features, (self.grid, self.grid, -1, features.shape[-1]))
        return ops.transpose(features, (2, 0, 1, 3))

    def _encoded(self, images, rows, columns, training):
        """Return the pooled features of some crops of each image, [crops, batch, D]."""
        sides = [int(size) for size in images.shape[1:]]
        crops = ops.reshape(_resized(images, rows, columns), (-1, *sides))
        features = self.encoder(crops, training=training)
        if len(features.shape) == 4:
            features = ops.mean(features, axis=(1, 2))
        return ops.reshape(features, (rows.shape[0], -1, features.shape[-1]))

    def compute_output_shape(self, input_shape):
        """Return (batch, M, M, D)."""
        return (input_shape[0], self.grid, self.grid, self.encoder.output_shape[-1])

    def get_config(self):
        """Return the constructor arguments, with the encoder serialized."""
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return {
            **super().get_config(),
            "encoder": encoder,
            "grid": self.grid,
            "crops_at_once": self.crops_at_once,
        }

    @classmethod
    def from_config(cls, config):
        """Build the layer from the result of `get_config`."""
        return cls(**{**config, "encoder": keras.saving.deserialize_keras_object(config["encoder"])})


def _resized(images, rows, columns):
    """Return crops [n, batch, H, W, C] of images, by the matrices [n, H, H] and [n, W, W]."""
    resized = ops.einsum("iyh,bhwc->ibywc", rows, ops.cast(images, rows.dtype))
    resized = ops.einsum("ixw,ibywc->ibyxc", columns, resized)
    return ops.cast(resized, images.dtype)


def _changes(encoder):
    """Return whether a network learns or draws random numbers in training, or its batch norm follows the batches."""
    if encoder.trainable_variables or any("float" not in variable.dtype for variable in encoder.variables):
        return True
    norms = [layer for layer in layers_of(encoder) if isinstance(layer, keras.layers.BatchNormalization)]
    return any(layer.trainable or getattr(layer, "shifted", False) for layer in norms)


@contextlib.contextmanager
def all_crops_at_once(model: keras.Model) -> Iterator[None]:
    """Let every `ShiftedCropEncoder` of a model encode all crops in one pass within the block.

    A file for serving then has the encoder once and no loop, which few of its formats have.
    """
    found = [layer for layer in layers_of(model) if isinstance(layer, ShiftedCropEncoder)]
    before = [layer.crops_at_once for layer in found]
    for layer in found:
        layer.crops_at_once = layer.passes_per_image
    try:
        yield
    finally:
        for layer, number in zip(found, before, strict=True):
            layer.crops_at_once = number
