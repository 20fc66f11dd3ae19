"""Negative log-likelihood as a Keras metric."""

import keras
import numpy as np
import pytest

from ltzoo.metrics import NegativeLogLikelihood


def test_it_is_that_of_numpy_in_double_precision():
    rng = np.random.default_rng(0)
    logits, labels = 5 * rng.normal(size=(23, 7)), rng.integers(0, 7, 23)
    wanted = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(23), labels]
    metric = NegativeLogLikelihood()
    for part in np.array_split(np.arange(23), 3):
        metric.update_state(labels[part], logits[part].astype("float32"))
    assert float(metric.result()) == pytest.approx(wanted.mean(), rel=1e-5)
    metric.reset_state()
    weights = rng.uniform(size=23).astype("float32")
    metric.update_state(np.eye(7, dtype="float32")[labels], logits.astype("float32"), weights)
    assert float(metric.result()) == pytest.approx(np.average(wanted, weights=weights), rel=1e-5)


def test_it_is_saved_by_keras():
    metric = NegativeLogLikelihood(name="other")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is NegativeLogLikelihood and again.name == "other"
