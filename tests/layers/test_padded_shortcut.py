import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import PaddedShortcut


@pytest.mark.parametrize("filters, before", [(8, 2), (7, 1), (4, 0)])
@pytest.mark.parametrize("stride, size", [(2, 5), (2, 6), (1, 4), (3, 7)])
def test_pixels_and_channels(filters, before, stride, size):
    x = np.random.default_rng(0).standard_normal((2, size, size + 1, 4)).astype("float32")
    layer = PaddedShortcut(filters, stride)
    kept = x[:, ::stride, ::stride]
    expected = np.zeros((*kept.shape[:3], filters), "float32")
    expected[..., before : before + 4] = kept
    actual = ops.convert_to_numpy(layer(x))
    np.testing.assert_array_equal(actual, expected)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_open_size_and_file(tmp_path):
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, PaddedShortcut(4, stride=2)(inputs))
    assert model.output_shape == (None, None, None, 4)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    x = np.ones((1, 3, 4, 2), "float32")
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))


def test_bad_arguments():
    with pytest.raises(ValueError, match="filters=2"):
        PaddedShortcut(2)(np.zeros((1, 4, 4, 3)))
    with pytest.raises(ValueError, match="stride=0"):
        PaddedShortcut(2, stride=0)
