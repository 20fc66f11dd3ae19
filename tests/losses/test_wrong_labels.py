"""No loss learns from what is no label: refused where it is known, NaN in a compiled program."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import losses
from ltzoo.losses.balanced_contrastive import balanced_contrastive
from ltzoo.losses.expert_routing import more_experts_help, positive_weighted_binary_cross_entropy
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.parametric_contrastive import parametric_contrastive
from tests.compiled import compiled

COUNTS = [12, 6, 3, 3]
LOGITS = np.linspace(-1, 1, 8).reshape(2, 4).astype("float32")
NO_LABELS = {
    "numbered_from_1": [1, 4],
    "minus_1": [-1, 0],
    "ignored": [255, 255],
    "wraps_around": [2**32 + 1, 0],
    "fraction": [0.5, 1.0],
    "nan": [np.nan, 0.0],
    "multi_hot": [[1, 1, 0, 0], [0, 1, 0, 0]],
    "empty_row": [[0, 0, 0, 0], [0, 1, 0, 0]],
    "negative_row": [[1.5, -0.5, 0, 0], [0, 1, 0, 0]],
    "nan_row": [[np.nan, 0, 0, 0], [0, 1, 0, 0]],
}
LABELS = {
    "indices": [1, 3],
    "column": [[1], [3]],
    "floats": [1.0, 3.0],
    "one_hot": [[0, 1, 0, 0], [0, 0, 0, 1]],
    "soft": [[0.5, 0.5, 0, 0], [0, 0, 0, 1]],
}


def make(name):
    return losses.get({"name": name}, class_counts=COUNTS, scale=1.0, from_cosine=False)


def hidden(labels):
    """Labels as floats, as Keras gives them to a compiled loss."""
    return np.asarray(labels, "float32")


@pytest.fixture
def unread(monkeypatch):
    """Nothing is known on the host, as for tensors on an accelerator."""
    for module in ("ltzoo.contracts.label_tensors", "ltzoo.losses.function_loss"):
        monkeypatch.setattr(f"{module}.host_array", lambda value: None)


@pytest.mark.parametrize("name", losses.names())
def test_every_loss_refuses(name):
    loss = make(name)
    assert isinstance(loss, FunctionLoss)
    for labels in (*NO_LABELS.values(), [[1, 0, 0], [0, 1, 0]], [True, False], ["a", "b"], [0, 1, 2]):
        with pytest.raises(ValueError, match=r"^`y_true` must .*Received: "):
            loss(np.array(labels), LOGITS)
    with pytest.raises(ValueError, match=r"`y_true` must .*Received: label 4 at position 1"):
        loss(ops.convert_to_tensor([0, 4]), ops.convert_to_tensor(LOGITS))


@pytest.mark.parametrize("name", losses.names())
def test_every_loss_is_nan_in_a_compiled_program(name, unread):
    # One program per rank of the labels.
    runs = {rank: compiled(make(name), xla=False) for rank in (1, 2)}
    for wrong, forms in ((True, NO_LABELS), (False, LABELS)):
        for labels in map(hidden, forms.values()):
            run = compiled(make(name), xla=False) if labels.shape == (2, 1) else runs[labels.ndim]
            assert np.isnan(float(run(labels, LOGITS))) == wrong


@pytest.mark.parametrize("name", losses.names())
def test_every_pure_function_refuses(name):
    loss = make(name)
    function = type(loss).function
    assert "y_true" in inspect.signature(function).parameters
    with pytest.raises(ValueError, match="Received: label 4 at position 0"):
        function(np.array([4, 0]), ops.convert_to_tensor(LOGITS), **loss.function_arguments())


def contrasts(labels):
    features = ops.convert_to_tensor(LOGITS)
    return balanced_contrastive(labels, features, features[:1] + np.eye(4, dtype="float32"))


def parametric(labels):
    q = ops.convert_to_tensor(LOGITS)
    return parametric_contrastive(
        labels, q, q, ops.concatenate([q, q], axis=0), ops.concatenate([labels, np.array([-1, -1], "int32")])
    )


def routing(labels):
    ensembles = ops.convert_to_tensor(np.stack([LOGITS, -LOGITS], axis=1))
    return positive_weighted_binary_cross_entropy(
        more_experts_help(labels, ensembles), np.zeros((2, 1), "float32")
    )


@pytest.mark.parametrize("loss", [contrasts, parametric, routing])
def test_losses_of_techniques(loss, unread):
    run = compiled(lambda labels: loss(ops.cast(labels, "int32")), xla=False)
    for labels in ([1, 4], [-1, 0], [255, 255]):
        assert np.isnan(ops.convert_to_numpy(run(np.array(labels, "int32")))).any()
    assert np.isfinite(ops.convert_to_numpy(run(np.array([1, 3], "int32")))).all()


@pytest.mark.parametrize(
    "metric", ["Top1Accuracy", "BalancedAccuracy", "ShotAccuracy", "ExpectedCalibrationError"]
)
def test_keras_sees_the_same_shapes(metric):
    """Keras makes up labels to compute shapes; they are not checked."""
    from ltzoo import metrics

    arguments = {"BalancedAccuracy": [4], "ShotAccuracy": ["few", COUNTS]}.get(metric, [])
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss=make("cross_entropy"), metrics=[getattr(metrics, metric)(*arguments)])
    assert np.isfinite(model.test_on_batch(LOGITS, np.array([0, 3]))[0])
