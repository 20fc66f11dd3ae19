import keras
import numpy as np
import pytest

from ltzoo.sampling import ClassSampler, SampledBatches, original_errors, tf_batches

LABELS = np.arange(40) % 4


def load(positions):
    return np.asarray(positions, dtype="float32")[:, None]


def make_sampler(**arguments):
    return ClassSampler(LABELS, "class_balanced", 16, 3, **arguments)


def weighted_positions(y_true, y_pred):
    """Positions weighted by their place in the batch; the model below is the identity."""
    place = keras.ops.cast(keras.ops.arange(keras.ops.shape(y_pred)[0]) + 1, y_pred.dtype)
    return y_pred[:, 0] * place


class BatchLosses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])


def trained_positions(dataset, built, callbacks=(), **fit):
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    if built:
        model.build((None, 1))
    model.compile(keras.optimizers.SGD(0.0), loss=weighted_positions)
    losses = BatchLosses()
    model.fit(dataset, shuffle=False, verbose=0, callbacks=[*callbacks, losses], **fit)
    return losses.losses


def expected_losses(sampler, epochs):
    """Running means over each epoch, as Keras reports them; they depend on the order inside every batch."""
    result = []
    for epoch in epochs:
        total = count = 0.0
        for step in range(sampler.steps_per_epoch):
            x = load(sampler.batch(epoch, step))[:, 0]
            total, count = total + (x * (np.arange(len(x)) + 1)).sum(), count + len(x)
            result.append(total / count)
    return result


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("workers", [1, 2])
def test_fit_trains_on_every_batch_once_in_order(built, workers):
    sampler = make_sampler()
    dataset = SampledBatches(sampler, load, first_epoch=2, num_epochs=3, workers=workers)
    steps = sampler.steps_per_epoch
    losses = trained_positions(dataset, built, epochs=3, steps_per_epoch=steps)
    np.testing.assert_allclose(losses, expected_losses(sampler, (2, 3, 4)), rtol=1e-5)
    # Nothing in the dataset has changed: the next fit sees the same batches.
    losses = trained_positions(dataset, built, initial_epoch=4, epochs=6, steps_per_epoch=steps)
    np.testing.assert_allclose(losses, expected_losses(sampler, (2, 3)), rtol=1e-5)


def test_reading_changes_nothing():
    dataset = SampledBatches(make_sampler(), load, num_epochs=2)
    state = {key: value for key, value in vars(dataset).items() if not key.startswith("_")}
    assert dataset.workers == 1 and len(dataset) == 6 and dataset.max_queue_size == 10
    assert np.array_equal(dataset[4][0], dataset.batch(1, 1)[0])
    assert {key: value for key, value in vars(dataset).items() if not key.startswith("_")} == state


def noise(images, labels, rng):
    return images + rng.random(images.shape, dtype="float32"), labels


@pytest.mark.parametrize("workers", [1, 3])
def test_items_are_a_pure_function_of_their_number(workers):
    dataset = SampledBatches(make_sampler(), load, noise, num_epochs=5, workers=workers, max_queue_size=2)
    reference = SampledBatches(make_sampler(), load, noise)
    assert len(reference) == 3 and len(dataset) == 15
    for number in (0, 1, 0, 14, 2, 14, 12):
        epoch, step = divmod(number, 3)
        images, labels = dataset[number]
        again, _ = reference.batch(epoch, step)
        assert np.array_equal(images, again)
        assert np.array_equal(labels, LABELS[dataset.sampler.batch(epoch, step)])
    draws = [reference.batch(epoch, step)[0] % 1 for epoch in (0, 1) for step in (0, 1)]
    assert len({draw.tobytes() for draw in draws}) == 4


def test_hosts_draw_different_noise():
    parts = [
        SampledBatches(make_sampler(shard_index=i, shard_count=2), np.zeros_like, uniform).batch(0, 0)[0]
        for i in (0, 1)
    ]
    assert not np.array_equal(*parts)


def uniform(images, labels, rng):
    return rng.random(images.shape), labels


class Cropping:
    """A transform that reads from the original images."""

    def reader(self, count, rng):
        numbers = rng.random(count)
        return lambda image, index: image + numbers[index]

    def __call__(self, images, labels, rng):
        return images * 2, labels


def test_a_reader_is_handed_to_load():
    def load_with(positions, read=None):
        return np.stack([read(float(position), index) for index, position in enumerate(positions)])

    dataset = SampledBatches(make_sampler(), load_with, Cropping())
    images, _ = dataset.batch(1, 0)
    offset = images / 2 - dataset.sampler.batch(1, 0)
    assert (offset >= 0).all() and (offset < 1).all() and len(set(offset)) == 16
    assert np.array_equal(images, dataset.batch(1, 0)[0])


def test_loading_errors_reach_the_caller():
    def broken(positions):
        raise OSError("no such image")

    for workers in (1, 2):
        with pytest.raises(OSError, match="no such image"):
            SampledBatches(make_sampler(), broken, workers=workers)[0]
    for wrong in ({"workers": -1}, {"first_epoch": -1}, {"num_epochs": 0}):
        (name, value), *_ = wrong.items()
        with pytest.raises(ValueError, match=f"Received: .*{name}={value}"):
            SampledBatches(make_sampler(), load, **wrong)


def test_tf_batches_are_the_same_batches():
    pytest.importorskip("tensorflow")
    dataset = tf_batches(make_sampler(), load, noise, first_epoch=1, num_epochs=2)
    reference = SampledBatches(make_sampler(), load, noise)
    assert int(dataset.cardinality()) == 6
    for number, (images, labels) in enumerate(dataset.as_numpy_iterator()):
        expected = reference.batch(1 + number // 3, number % 3)
        assert np.array_equal(images, expected[0]) and np.array_equal(labels, expected[1])
    assert number == 5
    assert dataset.element_spec[0].shape.as_list() == [None, 1]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("done", [1, 2, 3])
def test_batches_of_steps_that_are_done_are_not_loaded(workers, done):
    loaded = []

    def count(positions):
        loaded.append(len(positions))
        return load(positions)

    dataset = SampledBatches(make_sampler(), count, noise, 1, 2, workers=workers, first_step=done)
    reference = SampledBatches(make_sampler(), load, noise)
    found = [dataset[number] for number in range(6)]
    whole = len(reference.batch(1, min(done, 2))[0])
    assert [len(images) for images, _ in found[:done]] == [whole] + [1] * (done - 1)
    for number in range(done, 6):
        expected = reference.batch(1 + number // 3, number % 3)
        assert all(np.array_equal(a, b) for a, b in zip(found[number], expected, strict=True))
    assert len(loaded) <= 6 - done + workers


def test_tf_batches_pass_over_the_same_steps():
    pytest.importorskip("tensorflow")
    dataset = tf_batches(make_sampler(), load, noise, first_epoch=1, num_epochs=2, first_step=2)
    reference = SampledBatches(make_sampler(), load, noise, 1, 2, first_step=2)
    assert int(dataset.cardinality()) == 6
    for number, (images, labels) in enumerate(dataset.as_numpy_iterator()):
        assert np.array_equal(images, reference[number][0]) and np.array_equal(labels, reference[number][1])


@pytest.mark.parametrize("workers", [1, 3])
def test_an_index_outside_is_an_index_error(workers):
    dataset = SampledBatches(make_sampler(), load, num_epochs=2, workers=workers)
    for index in (-1, len(dataset), len(dataset) + 20):
        with pytest.raises(IndexError, match=f"Received: index={index}"):
            dataset[index]
    assert len(list(zip(range(100), dataset, strict=False))) == len(dataset)


@pytest.mark.parametrize(
    "argument, value",
    [("workers", 2.5), ("workers", -1), ("num_epochs", 1.5), ("max_queue_size", -1), ("first_step", -1)],
)
def test_numbers_are_checked(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be an? (positive )?integer"):
        SampledBatches(make_sampler(), load, **{argument: value})


class OwnError(OSError):
    pass


@pytest.mark.parametrize("workers, name", [(1, "été.png"), (3, "dark.png"), (2, "\udcff.png")])
def test_an_error_in_a_pipeline_comes_as_it_was_raised(workers, name):
    tf = pytest.importorskip("tensorflow")

    def passed():
        calls = []

        def broken(positions):
            calls.append(positions)
            if len(calls) > 1:  # The first batch is read while the pipeline is built.
                raise OwnError(f"no such image: {name}")
            return load(positions)

        dataset = tf_batches(make_sampler(), broken, first_epoch=1, workers=workers)
        with original_errors():
            return sum(1 for _ in dataset)

    for _ in range(2):
        with pytest.raises(OwnError) as caught:
            passed()
        assert str(caught.value) == f"no such image: {name}"
        assert isinstance(caught.value.__cause__, tf.errors.OpError)


def test_other_errors_pass():
    for error in (KeyboardInterrupt(), ValueError("wrong")):
        with pytest.raises(type(error)) as caught, original_errors():
            raise error
        assert caught.value is error
