import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import ShiftedCropEncoder
from ltzoo.layers.shifted_crops import bilinear_matrix, crop_ranges


def encoder(shape=(12, 8, 2)):
    inputs = keras.Input(shape)
    maps = keras.layers.Conv2D(3, 3, strides=2, name="conv")(inputs)
    return keras.Model(inputs, keras.layers.BatchNormalization(name="norm")(maps))


def test_crops_are_as_large_as_the_image_around_the_centers_of_the_cells():
    assert crop_ranges(32, 1) == [(0, 32)]
    assert crop_ranges(32, 2) == [(0, 24), (8, 32)]
    assert crop_ranges(32, 3) == [(0, 21), (0, 32), (11, 32)]
    assert crop_ranges(224, 5) == [(0, 134), (0, 179), (0, 224), (45, 224), (90, 224)]


@pytest.mark.parametrize("grid", [1, 2, 3])
def test_the_map_equals_an_explicit_loop_over_crops(grid):
    network = encoder()
    layer = ShiftedCropEncoder(network, grid)
    images = np.random.default_rng(0).normal(size=(2, 12, 8, 2)).astype("float32")
    maps = ops.convert_to_numpy(layer(images))
    assert maps.shape == (2, grid, grid, 3) == layer.compute_output_shape(images.shape)
    for row, (top, bottom) in enumerate(crop_ranges(12, grid)):
        for column, (left, right) in enumerate(crop_ranges(8, grid)):
            crop = images[:, top:bottom, left:right]
            crop = ops.image.resize(crop, (12, 8), data_format="channels_last")
            expected = ops.convert_to_numpy(network(crop)).mean((1, 2))
            np.testing.assert_allclose(maps[:, row, column], expected, rtol=1e-4, atol=1e-5)


def test_resizing_matrices():
    np.testing.assert_array_equal(bilinear_matrix(5, 0, 5), np.eye(5))
    np.testing.assert_array_equal(bilinear_matrix(4, 2, 3) @ [0, 0, 7, 0], np.full(4, 7))
    # Two pixels 0 and 4 on four: a quarter and three quarters of the way, the ends repeated.
    np.testing.assert_allclose(bilinear_matrix(4, 1, 3) @ [9, 0, 4, 9], [0, 1, 3, 4])


def test_survives_a_keras_file_and_mixed_precision(tmp_path):
    inputs = keras.Input((12, 8, 2))
    model = keras.Model(inputs, ShiftedCropEncoder(encoder(), 2, name="crops")(inputs))
    generator = np.random.default_rng(1)
    model.set_weights([generator.uniform(0.5, 1, w.shape) for w in model.weights])
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    images = generator.normal(size=(3, 12, 8, 2)).astype("float32")
    np.testing.assert_array_equal(*(ops.convert_to_numpy(m(images)) for m in (model, copy)))
    assert copy.get_layer("crops").grid == 2
    half = ShiftedCropEncoder(encoder(), 2, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(half.crops(ops.cast(images, "bfloat16")).dtype) == "bfloat16"


def test_bad_arguments():
    with pytest.raises(ValueError, match="grid=0"):
        ShiftedCropEncoder(encoder(), 0)
    with pytest.raises(ValueError, match="grid=9"):
        ShiftedCropEncoder(encoder(), 9).build((None, 12, 8, 2))
    with pytest.raises(ValueError, match="must be known"):
        ShiftedCropEncoder(encoder(), 2).build((None, None, 8, 2))
