"""An error in the first step leaves a trained model as it was, wherever the backend keeps the weights meanwhile."""

import keras
import numpy as np
import pytest

from tests import tiny

X = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)).astype("uint8")
Y = np.repeat(np.arange(3), 4)
WRONG = np.zeros((12, 7), "float32")


class Batches(keras.utils.PyDataset):
    """Right batches, and then one whose labels have another width."""

    def __init__(self, right):
        super().__init__()
        self.right = right

    def __len__(self):
        return self.right + 1

    def __getitem__(self, index):
        return X, Y if index < self.right else WRONG


class Broken(keras.losses.Loss):
    def call(self, y_true, y_pred):
        raise ValueError("this loss is broken")


def generator(x, y):
    yield x, y


def recompiled(model):
    model.compile("sgd", Broken())
    model.fit(X, Y, verbose=0)


ERRORS = {
    "fit": lambda model: model.fit(Batches(0), verbose=0),
    "generator": lambda model: model.fit(generator(X, WRONG), verbose=0),
    "validation": lambda model: model.fit(generator(X, WRONG), validation_data=Batches(0), verbose=0),
    "evaluate": lambda model: model.evaluate(Batches(0), verbose=0),
    "predict": lambda model: model.predict(((X[:, :4],) for _ in range(1)), verbose=0),
    "loss": recompiled,
}


@pytest.fixture(scope="module")
def trained():
    model = tiny.model("cross_entropy", epochs=(1,))
    model.fit(tiny.dataset(), verbose=0, validate=False)
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", ERRORS)
def test_an_error_in_the_first_step_keeps_the_weights(trained, which):
    before, outputs = tiny.weights(trained), trained.predict(X, verbose=0)
    with pytest.raises((ValueError, RuntimeError, TypeError)):
        ERRORS[which](trained)
    for a, b in zip(tiny.weights(trained), before, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(trained.predict(X, verbose=0), outputs)
    trained.finish_training()


@pytest.mark.filterwarnings("ignore")
def test_an_error_in_a_later_step_keeps_what_was_learned(trained):
    before = tiny.weights(trained)
    # `tf.data` refuses the wrong batch before the model sees it.
    with pytest.raises(Exception, match="Received|was expected"):
        trained.fit(Batches(2), shuffle=False, verbose=0)
    after = tiny.weights(trained)
    assert all(np.isfinite(a).all() for a in after)
    assert any((a != b).any() for a, b in zip(after, before, strict=True))


@pytest.mark.filterwarnings("ignore")
def test_weights_that_were_set_meanwhile_are_kept(trained):
    trained.train_on_batch(X, Y)
    trained.set_weights([np.zeros_like(weight) for weight in trained.get_weights()])
    with pytest.raises(ValueError, match="Received"):
        trained.evaluate(Batches(0), verbose=0)
    assert not any(np.any(weight) for weight in trained.get_weights())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cached", [False, True], ids=["images", "cached features"])
def test_an_error_in_a_stage_keeps_the_weights_before_it(cached):
    model = tiny.model(
        epochs=(1, 1),
        augmentation=[],
        stage1={"cloud": None},
        stage2={
            "cloud": None,
            "cache_features": cached,
            "loss": {"name": "focal"},
            "reinitialize_head": False,
        },
    )
    at_the_end = []

    class Broke(keras.callbacks.Callback):
        """Keeps the weights of the first stage, and breaks the loss of the second."""

        def on_train_begin(self, logs=None):
            if model.stage == 1:
                at_the_end.extend(tiny.weights(model))
                self.model.compute_loss = None

    with pytest.raises(TypeError):
        model.fit(tiny.dataset(), callbacks=Broke(), verbose=0, validate=False)
    for a, b in zip(tiny.weights(model), at_the_end, strict=True):
        np.testing.assert_array_equal(a, b)
