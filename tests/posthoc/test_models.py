"""Corrections in classifiers and Keras models: outputs, files, exports and stored rules, on every backend."""

import json
import warnings

import keras
import numpy as np
import pytest

from ltzoo import models, posthoc
from ltzoo.heads.posthoc import PostHoc
from ltzoo.layers import LogitCorrection
from ltzoo.posthoc.classifiers import with_correction, without_correction
from ltzoo.posthoc.correction import Correction
from tests import tiny

pytestmark = pytest.mark.rotating(3)

SHIFT = np.array([0.5, -1.0, 0.25])
CORRECTION = Correction(1.6, 0.7, SHIFT)


def logits(model, images):
    return np.asarray(model.predict(images, verbose=0), "float64")


def softmax(values):
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def data():
    return tiny.dataset(seed=3)


@pytest.fixture(scope="module")
def images(data):
    return data.test.load(np.arange(len(data.test)))


@pytest.mark.parametrize("which", ["gcl", "cross_entropy", "camc"])
def test_a_corrected_classifier_computes_the_formula_and_stays_so_in_a_file(which, images, tmp_path):
    model = tiny.model(which)
    corrected = with_correction(model, CORRECTION)
    expected = logits(model, images) / 1.6 + SHIFT
    np.testing.assert_allclose(logits(corrected, images), expected, rtol=1e-5, atol=1e-5)
    assert isinstance(corrected.head, PostHoc) and corrected.backbone is model.backbone
    corrected.save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error", UserWarning
        )  # Of an optimizer whose variables are not those of the file.
        loaded = models.load(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.head.shift, SHIFT)
    np.testing.assert_allclose(logits(loaded, images), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        logits(without_correction(loaded), images), logits(model, images), rtol=1e-6, atol=1e-6
    )


def test_rebalancing_starts_from_the_model_as_it_was_trained(data):
    model = tiny.model("cross_entropy", epochs=(12,))
    model.fit(data, verbose=0)
    wrong = with_correction(model, Correction(0.3, 0.0, np.array([8.0, 0.0, -8.0])))
    held_out = tiny.dataset((40, 40, 40), seed=4).train
    result = posthoc.rebalance(without_correction(wrong), held_out)
    assert result.report.images == 120 and result.outputs == "logits"
    balanced = result.report.measures["balanced"]
    assert balanced["after"][1] <= balanced["after"][0] <= balanced["after"][2]
    expected = result.apply(logits(model, held_out.load(np.arange(120))))
    np.testing.assert_allclose(
        logits(result.model, held_out.load(np.arange(120))), expected, rtol=1e-4, atol=1e-4
    )
    # Once more changes nothing: the fit starts from the model as it was trained.
    again = posthoc.rebalance(result.model, held_out)
    np.testing.assert_allclose(again.correction.shift, result.correction.shift, atol=1e-4)
    assert len(again.model.recipe.stages) == len(result.model.recipe.stages)
    json.dumps(result.to_dict())
    assert "Balanced accuracy" in str(result.report)


def test_rules_are_stored_saved_and_described_in_exports(data, images, tmp_path):
    model = with_correction(tiny.model(), CORRECTION)
    calibration = tiny.dataset((30, 30, 30), seed=5).train
    sets = posthoc.prediction_sets(model, calibration, 0.2)
    unknown = posthoc.abstention(model, calibration, method="knn", bank=data.train, neighbors=3)
    stored = posthoc.with_decisions(model, sets, unknown)
    stored.save(tmp_path / "model.keras")
    loaded = models.load(tmp_path / "model.keras")
    rules = posthoc.decisions_of(loaded)
    assert rules.sets is not None and rules.sets.to_dict() == sets.to_dict()
    values = softmax(logits(loaded, images))
    for row, found in zip(rules.sets.contains(values), rules.sets_for(values), strict=True):
        assert sorted(found) == np.flatnonzero(row).tolist()
    features = loaded.extract_features_on_batch(images)
    np.testing.assert_array_equal(rules.is_unknown(features=features), unknown.is_unknown(features=features))
    np.testing.assert_allclose(logits(loaded, images), logits(model, images), rtol=1e-5, atol=1e-5)
    # A threshold on the logits replaces it, and the sets stay.
    other = posthoc.decisions_of(
        posthoc.with_decisions(loaded, unknown=posthoc.abstention(loaded, calibration))
    )
    assert other.unknown is not None and other.unknown.method == "energy" and other.sets is not None
    from ltzoo.models.exporting.describe import describe

    described = json.loads(describe(loaded).card)["decision"]
    again = posthoc.Decisions.from_dict(described)
    assert again.sets is not None and again.sets.to_dict() == sets.to_dict()
    with pytest.raises(ValueError, match="must have prediction sets"):
        posthoc.decisions_of(tiny.model()).sets_for(values)
    with pytest.raises(ValueError, match="must have a threshold"):
        posthoc.decisions_of(tiny.model()).is_unknown(values)


def test_new_classes_leave_the_correction_out():
    model = with_correction(tiny.model(), CORRECTION)
    new = models.with_new_classes(model, num_classes=4)
    assert not isinstance(new.head, PostHoc) and len(new.recipe.stages) == len(tiny.model().recipe.stages)


def test_a_saved_model_exports_what_it_computes(images, tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow writes SavedModels")
    model = with_correction(tiny.model(), CORRECTION)
    model.export(tmp_path / "served", verbose=False)
    served = models.served_outputs(tmp_path / "served", images)
    np.testing.assert_allclose(served, logits(model, images), rtol=1e-4, atol=1e-4)


def plain_keras_model(activation):
    inputs = keras.Input((8, 8, 1))
    features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(3, activation=activation)(features))


@pytest.mark.parametrize("activation, kind", [(None, "logits"), ("softmax", "probabilities")])
def test_any_keras_model_gets_a_layer(activation, kind, tmp_path):
    model = plain_keras_model(activation)
    held_out = tiny.dataset((60, 30, 20), seed=6).train
    pixels = held_out.load(np.arange(110)).astype("float32")
    result = posthoc.rebalance(model, (pixels, held_out.labels), [60, 30, 20])
    assert result.outputs == kind
    before, after = logits(model, pixels), logits(result.model, pixels)
    expected = result.apply(before)
    expected = softmax(expected) if kind == "probabilities" else expected
    np.testing.assert_allclose(after, expected, rtol=2e-4, atol=1e-5)
    sets = posthoc.prediction_sets(result.model, (pixels, held_out.labels), 0.2, outputs=kind)
    stored = posthoc.with_decisions(result.model, sets)
    stored.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(logits(loaded, pixels), after, rtol=1e-5, atol=1e-6)
    assert posthoc.decisions_of(loaded).sets.to_dict() == sets.to_dict()
    again = posthoc.rebalance(loaded, (pixels, held_out.labels), [60, 30, 20])
    assert sum(isinstance(layer, LogitCorrection) for layer in again.model.layers) == 1
    np.testing.assert_allclose(logits(again.model, pixels), after, rtol=1e-4, atol=1e-5)


def test_a_sequential_model_and_a_model_of_sigmoids():
    held_out = tiny.dataset((30, 20, 10), seed=7).train
    pixels = held_out.load(np.arange(60)).astype("float32")
    layers = [keras.layers.Flatten(), keras.layers.Rescaling(1 / 255), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    result = posthoc.rebalance(model, (pixels, held_out.labels), [30, 20, 10])
    np.testing.assert_allclose(
        logits(result.model, pixels), result.apply(logits(model, pixels)), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(ValueError, match="one sigmoid per class, percentages and counts are neither"):
        posthoc.rebalance(plain_keras_model("sigmoid"), (pixels, held_out.labels), [30, 20, 10])


def test_wrong_use(data):
    model = tiny.model()
    plain = plain_keras_model(None)
    pair = (data.test.load(np.arange(4)), data.test.labels[:4])
    with pytest.raises(ValueError, match="`class_counts` must be the training images per class"):
        posthoc.rebalance(plain, pair)
    with pytest.raises(ValueError, match="must be labeled images"):
        posthoc.rebalance(model, pair[0])
    with pytest.raises(ValueError, match="load other files first"):
        posthoc.rebalance("model.keras", pair)
    with pytest.raises(ValueError, match="`prior` must be one of 'train', 'uniform'"):
        posthoc.rebalance(model, pair, prior="unifrom")
    with pytest.raises(ValueError, match="no number for"):
        posthoc.rebalance(model, pair, prior={"vertical": 1, "diagonal": 2})
    with pytest.raises(ValueError, match="Did you mean 'diagonal'"):
        posthoc.rebalance(model, pair, classes=["vertical", "diagnal"])
    with pytest.raises(ValueError, match="two classes or more"):
        posthoc.rebalance(model, pair, classes=[0])
    with pytest.raises(ValueError, match="for the 3 classes of the model"):
        posthoc.with_decisions(model, posthoc.prediction_sets(np.full((9, 2), 0.5), np.zeros(9, int)))
    with pytest.raises(ValueError, match="a classifier of this library"):
        posthoc.abstention(plain, pair, method="knn", bank=pair)
    with pytest.raises(ValueError, match="`inner` must be the config of a head"):
        PostHoc(3, inner={"name": "posthoc"})
    with pytest.raises(ValueError, match="for each of the 3 classes"):
        PostHoc(3, inner={"name": "dense"}, shift=[1.0])


def test_a_region_of_classes(data):
    model = tiny.model()
    result = posthoc.rebalance(model, data.train, classes=["vertical", "diagonal"])
    predicted = logits(result.model, data.train.load(np.arange(40))).argmax(axis=1)
    assert set(predicted) <= {0, 2}
    assert any("excluded classes were left out" in note for note in result.report.notes)
