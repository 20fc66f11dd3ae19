import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import ShiftedCropEncoder
from ltzoo.layers.shifted_crops import all_crops_at_once, bilinear_matrix, crop_ranges


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


def whole(grid=3, at_once=9):
    keras.utils.set_random_seed(0)
    layer = ShiftedCropEncoder(encoder(), grid, at_once)
    layer.encoder.layers[-1].moving_mean.assign([0.1, 0.2, 0.3])
    return layer


@pytest.mark.parametrize("at_once", [1, 2, 3, 8, 100])
def test_figures_do_not_depend_on_the_crops_at_once(at_once):
    images = np.random.default_rng(0).normal(size=(2, 12, 8, 2)).astype("float32")
    expected = ops.convert_to_numpy(whole()(images))
    layer, compiled = (
        whole(at_once=at_once),
        keras.Sequential([keras.Input((12, 8, 2)), whole(at_once=at_once)]),
    )
    np.testing.assert_allclose(ops.convert_to_numpy(layer(images)), expected, rtol=0, atol=1e-6)
    for count in (2, 1):
        found = compiled.predict_on_batch(images[:count])
        np.testing.assert_allclose(found, expected[:count], rtol=0, atol=1e-6)


@pytest.mark.parametrize("at_once, passes", [(1, 9), (2, 9), (3, 3), (8, 3), (9, 1), (100, 1)])
def test_no_more_crops_pass_at_once(at_once, passes, monkeypatch):
    layer, seen = whole(at_once=at_once), []
    images = np.zeros((2, 12, 8, 2), "float32")
    call = layer.encoder.call

    def counting(crops, **settings):
        seen.append(crops.shape[0])
        return call(crops, **settings)

    monkeypatch.setattr(layer.encoder, "call", counting)
    layer(images)
    assert {2 * 9 // passes} == set(seen)


@pytest.mark.parametrize("frozen", [True, False])
def test_batch_statistics_are_those_of_all_crops(frozen):
    images = np.random.default_rng(0).normal(size=(2, 12, 8, 2)).astype("float32")
    layers = [whole(at_once=at_once) for at_once in (1, 9)]
    for layer in layers:
        layer.encoder.trainable = not frozen
        before = ops.convert_to_numpy(layer.encoder.layers[-1].moving_mean)
        layer.found = ops.convert_to_numpy(layer(images, training=True))
        layer.moved = ops.convert_to_numpy(layer.encoder.layers[-1].moving_mean) - before
    np.testing.assert_allclose(layers[0].found, layers[1].found, atol=1e-6)
    np.testing.assert_allclose(layers[0].moved, layers[1].moved, atol=1e-6)
    assert frozen == (np.abs(layers[0].moved).max() == 0)


def test_files_for_serving_have_no_loop():
    model = keras.Sequential([keras.Input((12, 8, 2)), whole(at_once=1)])
    with all_crops_at_once(model):
        assert model.layers[-1].crops_at_once == 9
    assert model.layers[-1].crops_at_once == 1


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
    assert copy.get_layer("crops").grid == 2 and copy.get_layer("crops").crops_at_once == 1
    half = ShiftedCropEncoder(encoder(), 2, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(half.crops(ops.cast(images, "bfloat16")).dtype) == "bfloat16"


def test_bad_arguments():
    with pytest.raises(ValueError, match="grid=0"):
        ShiftedCropEncoder(encoder(), 0)
    with pytest.raises(ValueError, match="crops_at_once=0"):
        ShiftedCropEncoder(encoder(), 2, 0)
    with pytest.raises(ValueError, match="grid=9"):
        ShiftedCropEncoder(encoder(), 9).build((None, 12, 8, 2))
    with pytest.raises(ValueError, match="must be known"):
        ShiftedCropEncoder(encoder(), 2).build((None, None, 8, 2))
