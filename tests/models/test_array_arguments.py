"""Arrays that Keras's own methods get: labels and pixels are checked at every entrance, once, before training."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import losses, metrics
from ltzoo.training import InvalidLabelsError, NonFiniteLossError
from tests import tiny

X = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)).astype("uint8")
Y = np.repeat(np.arange(3), 4)
ROWS = np.eye(3, dtype="float32")[Y]
NO_LABELS = {
    "numbered_from_1": (Y + 1, r"numbered from 1, so subtract 1\. Received: label 3 at position 8"),
    "minus_1": (Y - 1, r"Received: label -1 at position 0"),
    "all_255": (np.full(12, 255), r"Received: label 255 at position 0"),
    "column": (Y[:, None] + 1, r"Received: label 3 at position 8"),
    "floats": (Y.astype("float32"), r"astype\('int64'\)\. Received: label 0 of type float32"),
    "nan": (np.where(Y == 1, np.nan, Y), r"Received: label nan of type float64 at position 4"),
    "bool": (Y > 0, r"Received: y of type bool"),
    "object": (Y.astype(object), r"Received: y of type object"),
    "names": (Y.astype(str), r"names of the 3 classes: 'vertical'.*Received: label '0' at position 0"),
    "multi_hot": (np.ones((12, 3)), r"several labels.*Received: row 0, which sums to 3"),
    "empty_rows": (0 * ROWS, r"Received: row 0, which sums to 0"),
    "wrong_width": (np.eye(4)[Y], r"3 classes\. Received: y of shape \(12, 4\)"),
    "none": (None, r"Received: y=None"),
    "too_few": (Y[:5], r"Received: 12 images, 5 labels"),
}
NO_IMAGES = {
    "none": (None, r"Received: x=None"),
    "text": ("abc", r"Received: x='abc'"),
    "list": (list(X), r"Received: x=list"),
    "strings": (np.array([["a"]]), r"Received: x of type <U1"),
    "nan": (np.full(X.shape, np.nan), r"NaN or infinite values in image 0"),
    "deep": (X.astype("int32") * 100, r"scale deeper images"),
    "empty": (X[:0], r"Received: x of shape \(0, 8, 8, 1\)"),
    "one_image": (X[0], r"images\[np\.newaxis\]"),
    "channels_first": (
        np.moveaxis(X, -1, 1),
        r"np\.moveaxis\(images, 1, -1\)\. Received: x of shape \(12, 1, 8, 8\)",
    ),
}


@pytest.fixture(scope="module")
def model():
    return tiny.model("cross_entropy")


def calls(model, x, y):
    """Every method of Keras that takes images and labels, by name."""
    return {
        "fit": lambda: model.fit(x, y, batch_size=12, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "train_on_batch": lambda: model.train_on_batch(x, y),
        "test_on_batch": lambda: model.test_on_batch(x, y=y),
    }


@pytest.mark.parametrize("which", NO_LABELS)
def test_labels_are_refused_by_every_method(model, which):
    labels, message = NO_LABELS[which]
    before = tiny.weights(model)
    for call in calls(model, X, labels).values():
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=r"`validation_data\[1\]` must .*Received: "):
        model.fit(X, Y, validation_data=(X, labels), verbose=0)
    for old, new in zip(before, tiny.weights(model), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("which", NO_IMAGES)
def test_images_are_refused_by_every_method(model, which):
    images, message = NO_IMAGES[which]
    predicting = {
        "predict": lambda: model.predict(images, verbose=0),
        "predict_on_batch": lambda: model.predict_on_batch(images),
    }
    for call in {**calls(model, images, Y), **predicting}.values():
        with pytest.raises((ValueError, TypeError), match=rf"^`x`.* must .*{message}"):
            call()


def test_right_labels_of_every_form_give_one_loss():
    names = np.array(tiny.dataset().class_names)[Y]
    indices = [Y, Y.astype("uint8"), Y.tolist(), names, list(names), keras.ops.convert_to_tensor(Y)]
    values = []
    # TensorFlow compiles for one rank of labels.
    for forms in (indices, [Y[:, None]], [ROWS, np.eye(3, dtype=int)[Y]]):
        model = tiny.model("cross_entropy")
        values += [model.evaluate(X, form, verbose=0)[0] for form in forms]
    assert np.ptp(values) < 1e-6 and np.isfinite(values).all()
    assert np.isfinite(model.evaluate(X, 0.9 * ROWS + 0.1 / 3, verbose=0)[0])


def test_pixels_in_0_to_1_are_warned_of(model):
    dark = (X / 255).astype("float32")
    for call in (
        lambda: model.fit(dark, Y, verbose=0),
        lambda: model.evaluate(dark, Y, verbose=0),
        lambda: model.predict(dark, verbose=0),
        lambda: metrics.evaluate(model, (dark, Y)),
        lambda: ltzoo.data.from_arrays((dark > 0.5).astype("uint8"), Y),
    ):
        with pytest.warns(UserWarning, match=r"only values in 0\.\.1.*multiply by 255"):
            call()


def test_a_split_is_no_array(model):
    dataset = tiny.dataset()
    for wrong in (dataset, dataset.test):
        for call in (lambda w=wrong: model.evaluate(w), lambda w=wrong: model.predict(w)):
            with pytest.raises(ValueError, match=r"ltzoo\.metrics\.evaluate\(model, dataset\.test\)"):
                call()


class Batches(keras.utils.PyDataset):
    """Three batches, of which the last may have other labels."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return X[:4], self.last if index == 2 else Y[:4]


def generator(last):
    yield from (Batches(last)[index] for index in range(3))


def loader(last):
    torch = pytest.importorskip("torch")
    batches = [tuple(map(torch.tensor, Batches(last)[index])) for index in range(3)]
    return torch.utils.data.DataLoader(batches, batch_size=None)


def pipeline(last):
    tf = pytest.importorskip("tensorflow")
    signature = (tf.TensorSpec((4, 8, 8, 1), "uint8"), tf.TensorSpec((4,), "int64"))
    return tf.data.Dataset.from_generator(lambda: generator(last), output_signature=signature)


@pytest.mark.parametrize("make", [Batches, generator, loader, pipeline])
def test_batches_with_other_labels_stop_the_training(make):
    model = tiny.model("cross_entropy")
    assert np.isfinite(model.fit(make(Y[:4]), verbose=0).history["loss"]).all()
    for callbacks in (None, keras.callbacks.TerminateOnNaN(), [keras.callbacks.History()]):
        model = tiny.model("cross_entropy")
        with pytest.raises(
            ValueError, match=r"Received: .*(label 3 at position 1|outside 0..2 .*in batch \d of epoch 1$)"
        ):
            model.fit(make(np.array([0, 3, 1, 2])), verbose=0, callbacks=callbacks)


@pytest.mark.parametrize("make", [Batches, generator])
def test_batches_with_other_labels_stop_the_evaluation(make):
    model = tiny.model("cross_entropy")
    wrong = np.array([0, -1, 1, 2])
    with pytest.raises(ValueError, match="Received: .*(label -1 at position 1|in the evaluated batches$)"):
        model.evaluate(make(wrong), verbose=0)
    with pytest.raises(ValueError, match="Received: .*(label -1 at position 1|in the evaluated batches$)"):
        model.fit(X, Y, validation_data=make(wrong), verbose=0)


def test_a_diverged_loss_is_no_label():
    model = tiny.model("cross_entropy")
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(NonFiniteLossError, match="loss=nan in batch 1 of epoch 1") as caught:
        model.fit(X, Y, batch_size=12, verbose=0)
    assert not isinstance(caught.value, InvalidLabelsError)
    # Keras's own callback stops without an error.
    history = model.fit(
        X, Y, batch_size=12, verbose=0, epochs=3, callbacks=[keras.callbacks.TerminateOnNaN()]
    )
    assert len(history.history["loss"]) == 1


def test_a_user_may_learn_several_labels_with_another_loss():
    model = tiny.model("cross_entropy")
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True), metrics=["binary_accuracy"])
    assert np.isfinite(model.fit(X, np.ones((12, 3)), verbose=0).history["loss"]).all()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="label 3 at position 8"):
        model.fit(X, Y + 1, verbose=0)
    model.compile("sgd", losses.Focal())
    with pytest.raises(ValueError, match="label 3 at position 8"):
        model.fit(X, Y + 1, verbose=0)


def test_one_line_says_that_the_recipe_is_skipped(capsys, tmp_path):
    model = tiny.model("gcl")
    model.fit(X, Y, batch_size=12, verbose=0)
    assert capsys.readouterr().out == ""
    for _ in range(2):
        model.fit(X, Y, batch_size=12, verbose=2)
    said = [line for line in capsys.readouterr().out.splitlines() if "recipe" in line]
    assert len(said) == 1 and "plain cross-entropy" in said[0] and "ltzoo.data.from_arrays" in said[0]
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    copy.set_trainable("head")
    copy.fit(Batches(Y[:4]), verbose=2)
    assert capsys.readouterr().out.count("by the recipe 'gcl'") == 1


@pytest.mark.parametrize(
    "loss", [losses.Focal(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)]
)
def test_nothing_is_said_of_a_compilation_by_the_user(loss, capsys):
    model = tiny.model("gcl")
    model.compile("sgd", loss)
    model.fit(X, Y, batch_size=12, verbose=2)
    assert "recipe" not in capsys.readouterr().out
