"""Streams of tf.data as datasets: what they may hold, and that they are never read by position."""

import numpy as np
import pytest

from ltzoo.data import from_tf_data
from ltzoo.data.streams import StreamSplit, sample_of

tf = pytest.importorskip("tensorflow")

COUNTS = [20, 8, 4]


def images_and_labels(counts=COUNTS, seed=0):
    """Images whose first pixel is their number, shuffled."""
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    images = np.full((len(labels), 6, 5, 3), 90, np.uint8)
    images[:, 0, 0, 0], images[:, 1] = np.arange(len(labels)), 10 * labels[:, None, None]
    return images, labels


def stream(images, labels, batch=None):
    made = tf.data.Dataset.from_tensor_slices((images, labels))
    return made if batch is None else made.batch(batch)


def read(split):
    images, labels = zip(*split.batches(7), strict=True)
    return np.concatenate(images), np.concatenate(labels)


@pytest.mark.parametrize("batch", [None, 5])
@pytest.mark.parametrize("kind", ["int32", "column", "one-hot", "float column", "names"])
def test_labels_of_any_kind_and_batched_or_not(batch, kind):
    images, labels = images_and_labels()
    given = {
        "int32": labels.astype(np.int32),
        "column": labels[:, None],
        "one-hot": np.eye(3, dtype=np.float32)[labels],
        "float column": labels[:, None].astype(np.float32),
        "names": np.array(["ant", "bee", "cow"])[labels],
    }[kind]
    dataset = from_tf_data(stream(images, given, batch), COUNTS, class_names=["ant", "bee", "cow"])
    assert dataset.image_shape == (6, 5, 3) and dataset.class_counts.tolist() == COUNTS
    found, own = read(dataset.train)
    assert own.dtype == np.int64 and found.dtype == np.uint8
    np.testing.assert_array_equal(own, labels)
    np.testing.assert_array_equal(found, images)
    assert len(dataset.train) == 32 and dataset.val is None


def test_counts_are_counted_where_they_are_not_given():
    images, labels = images_and_labels()
    assert from_tf_data(stream(images, labels, 4)).class_counts.tolist() == COUNTS
    with pytest.raises(ValueError, match="must hold images of every class. Received: none of 'dog'"):
        from_tf_data(stream(images, labels), class_names=["ant", "bee", "cow", "dog"])


def test_float_pixels_are_rounded_and_the_folder_reader_of_keras_works(tmp_path):
    import keras
    from PIL import Image

    for name, count in (("ant", 5), ("bee", 3)):
        (tmp_path / name).mkdir()
        for number in range(count):
            Image.new("RGB", (9, 9), (10 * number, 200, 0)).save(tmp_path / name / f"{number}.png")
    made = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(8, 8), batch_size=3, verbose=False, label_mode="categorical"
    )
    dataset = from_tf_data(made, [5, 3], val=made)
    assert dataset.class_names == ("ant", "bee") and dataset.val.argument == "val"
    images, labels = read(dataset.train)
    assert images.dtype == np.uint8 and sorted(images[:, 4, 4, 0].tolist()) == [0, 0, 10, 10, 20, 20, 30, 40]
    assert np.bincount(labels).tolist() == [5, 3]


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda x, y: (x / 255, y), "raw pixels 0..255, .* leave out rescaling, .* from 0 to 0.3"),
        (lambda x, y: (x.astype("float32") - 127, y), "Received: a batch of values from -127"),
        (lambda x, y: (np.where(np.arange(32)[:, None, None, None] == 9, np.nan, x), y), "NaN or infinite"),
        (lambda x, y: (x, np.where(np.arange(32) == 20, 3, y)), "labels of train` must .* Received: .*3"),
        (lambda x, y: (x, y - 1), "labels of train"),
        (lambda x, y: (x, np.eye(3)[y] * 0.8 + 0.2 / 3), "class indices or one-hot rows; mix images after"),
        (lambda x, y: (x, np.eye(4)[y]), "labels of train"),
        (lambda x, y: (x.astype("int32") * 9, y), "scale deeper images"),
    ],
)
def test_wrong_pixels_and_labels_are_refused_in_the_words_of_the_contracts(change, message):
    images, labels = change(*images_and_labels())
    with pytest.raises(ValueError, match=message):
        read(from_tf_data(stream(images, labels), COUNTS).train)


@pytest.mark.parametrize(
    "change, error, message",
    [
        (lambda d: d.repeat(), ValueError, "`train` must end, .* leave out .repeat()"),
        (lambda d: d.map(lambda x, y: x), ValueError, "pairs \\(images, labels\\)"),
        (lambda d: d.map(lambda x, y: (x, y, 1.0)), ValueError, "pairs \\(images, labels\\)"),
        (lambda d: d.map(lambda x, y: {"x": x, "y": y}), ValueError, "pairs \\(images, labels\\)"),
        (lambda d: d.map(lambda x, y: (x[..., :2], y)), ValueError, "one known shape"),
        (lambda d: d.map(lambda x, y: (tf.transpose(x, (2, 0, 1)), y)), ValueError, "one known shape"),
        (
            lambda d: d.map(lambda x, y: (tf.image.decode_png(b"x"), y)),
            ValueError,
            "ensure_shape",
        ),
        (lambda d: d.map(lambda x, y: (tf.as_string(x), y)), ValueError, "images of type string"),
        (lambda d: d.map(lambda x, y: (x, tf.zeros((2, 2)))), ValueError, "one class index or one-hot row"),
        (lambda d: [d], TypeError, "`train` must be a tf.data.Dataset"),
    ],
)
def test_streams_that_cannot_be_read_are_refused_at_once(change, error, message):
    with pytest.raises(error, match=message):
        from_tf_data(change(stream(*images_and_labels())), COUNTS)


def test_arguments_are_checked():
    made = stream(*images_and_labels())
    with pytest.raises(ValueError, match="one name per entry of `class_counts`"):
        from_tf_data(made, COUNTS, class_names=["a", "b"])
    with pytest.raises(ValueError, match="`class_counts`"):
        from_tf_data(made, [20, 8, 0])
    with pytest.raises(ValueError, match="`cache_images`"):
        from_tf_data(made, COUNTS, cache_images=-1)
    other = made.map(lambda x, y: (x[:4], y))
    with pytest.raises(ValueError, match="`val` must have images of the shape of `train`"):
        from_tf_data(made, COUNTS, val=other)


def test_a_sorted_stream_is_said():
    images, labels = images_and_labels([300, 300])
    order = np.argsort(labels, kind="stable")
    made = stream(images[order], labels[order])
    with pytest.warns(UserWarning, match="all of class '0', so it seems to be sorted by class"):
        from_tf_data(made, [300, 300], shuffle_images=32)


def test_positions_are_refused_with_what_to_use():
    dataset = from_tf_data(stream(*images_and_labels()), COUNTS, test=stream(*images_and_labels()))
    split = dataset.train
    for call in (lambda: split.labels, lambda: split.load([0]), lambda: split.subset([0])):
        with pytest.raises(ValueError, match="a stream of tf.data does not give .*from_directory"):
            call()
    assert isinstance(split, StreamSplit) and "test streamed too" in repr(dataset)
    sample = sample_of(split)
    assert len(sample) == 32 and np.bincount(sample.labels).tolist() == COUNTS
    assert len(split.in_memory()) == 32 and sample_of(sample) is sample
