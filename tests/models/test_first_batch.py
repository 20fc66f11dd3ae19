"""Datasets, generators and loaders of pixels on another scale: the first batch tells, at every entrance."""

import math
import sys
import warnings

import keras
import numpy as np
import pytest

from ltzoo.models.first_batch import looking_at_first_batch
from tests import tiny

X = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)).astype("float32")
Y = np.repeat(np.arange(3), 4)
BATCH = 4


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return math.ceil(len(self.x) / BATCH)

    def __getitem__(self, index):
        at = slice(index * BATCH, index * BATCH + BATCH)
        return (self.x[at],) if self.y is None else (self.x[at], self.y[at])


def generator(x, y):
    return (Batches(x, y)[index] for index in range(len(Batches(x, y))))


def tf_data(x, y):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices(x if y is None else (x, y)).batch(BATCH)


def one_shot(x, y):
    """A dataset that can be read once."""
    tf = pytest.importorskip("tensorflow")
    batches = iter(generator(x, y))
    signature = [tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in (x, y) if part is not None]
    return tf.data.Dataset.from_generator(lambda: batches, output_signature=tuple(signature))


def loader(x, y, workers=0):
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(*(torch.from_numpy(part) for part in (x, y) if part is not None))
    return torch.utils.data.DataLoader(data, BATCH, num_workers=workers)


SOURCES = {
    "PyDataset": Batches,
    "generator": generator,
    "tf.data": tf_data,
    "one shot": one_shot,
    "loader": loader,
}
ENTRANCES = {
    "fit": lambda model, make, x: model.fit(make(x, Y), epochs=1, verbose=0),
    "validation_data": lambda model, make, x: model.fit(X, Y, validation_data=make(x, Y), verbose=0),
    "evaluate": lambda model, make, x: model.evaluate(make(x, Y), verbose=0),
    "predict": lambda model, make, x: model.predict(make(x, None), verbose=0),
}


@pytest.fixture(scope="module")
def model():
    return tiny.model("cross_entropy", epochs=1)


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("source", SOURCES)
def test_pixels_in_0_to_1_are_said_at_the_line_of_the_call(model, source, entrance):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ENTRANCES[entrance](model, SOURCES[source], X / 255)
    said = [warning for warning in caught if "would see black" in str(warning.message)]
    assert len(said) == 1 and said[0].filename == __file__
    argument = "validation_data" if entrance == "validation_data" else "x"
    assert str(said[0].message).startswith(f"`{argument}` holds only values in 0..1")


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("source", SOURCES)
def test_raw_pixels_pass_without_a_word(model, source, entrance):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ENTRANCES[entrance](model, SOURCES[source], X)
    assert not [warning for warning in caught if "raw pixels" in str(warning.message)]


@pytest.mark.parametrize("source", SOURCES)
def test_a_model_sees_every_batch_once_and_in_order(model, source):
    got = model.predict(SOURCES[source](X, None), verbose=0)
    np.testing.assert_allclose(got, model.predict(X, batch_size=BATCH, verbose=0), rtol=1e-5, atol=1e-5)


def test_a_dataset_keeps_its_length_shapes_and_shuffling():
    tf = pytest.importorskip("tensorflow")
    tf.random.set_seed(1)
    watched, plain = (tf.data.Dataset.range(50).shuffle(50, seed=3).batch(BATCH, True) for _ in range(2))
    watched = looking_at_first_batch(watched, "x")
    assert watched.element_spec == plain.element_spec and watched.cardinality() == plain.cardinality()
    for _ in range(2):
        assert [list(batch) for batch in watched.as_numpy_iterator()] == [
            list(batch) for batch in plain.as_numpy_iterator()
        ]


def test_dicts_of_images_are_left_to_keras():
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensor_slices({"image": X / 255}).batch(BATCH)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [*looking_at_first_batch(dataset, "x")]
        [*looking_at_first_batch(({"image": X / 255} for _ in range(2)), "x")]


def test_a_loader_with_workers_keeps_its_random_numbers():
    torch = pytest.importorskip("torch")
    state = torch.get_rng_state()
    with pytest.warns(UserWarning, match="would see black"):
        looking_at_first_batch(loader(X / 255, Y, workers=2), "x")
    assert torch.equal(torch.get_rng_state(), state)
    assert "torch.utils.data" in sys.modules
