"""Convolutions with one filter train on single images, on one thread."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import torch_kernels
from ltzoo.layers import BottleneckAdapter
from tests import tiny


@pytest.fixture
def one_thread():
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("filters", [1, 2])
def test_kernels_of_one_filter_train_on_single_images(one_thread, filters):
    inputs = keras.Input((8, 8, 1))
    features = keras.layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    features = keras.layers.Conv2D(filters, 3, padding="same", name="narrow")(features)
    features = BottleneckAdapter(4, rank=1, kernel_size=3, padding="same")(features)
    recipe = tiny.recipe("cross_entropy", epochs=(1,), batch_size=1)
    dataset = tiny.dataset()
    model = ltzoo.models.build(keras.Model(inputs, features), recipe, dataset)
    kernel = model.backbone.get_layer("narrow").kernel
    before = keras.ops.convert_to_numpy(kernel).copy()
    history = model.fit(dataset, verbose=0, validate=False)
    assert np.isfinite(history.history["loss"]).all()
    assert np.abs(keras.ops.convert_to_numpy(kernel) - before).max() > 0
    images = dataset.train.load(np.arange(4))
    model.fit(images, np.arange(4) % 3, batch_size=1, verbose=0)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="only PyTorch has strides")
def test_numbers_and_memory_stay_as_they_are():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 3, name="narrow")(inputs))
    kernel = model.get_layer("narrow").kernel
    numbers, address = keras.ops.convert_to_numpy(kernel).copy(), kernel.value.data_ptr()
    torch_kernels.settle_kernels(model)
    assert kernel.value.data_ptr() == address and kernel.value.stride() == (9, 3, 1, 27)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(kernel), numbers)
