"""What figures measure about a network is what the network computes."""

import keras
import numpy as np
import pytest

from benchmarks.papers import attention, measures, runs
from benchmarks.papers.figure import Reading, rounded
from benchmarks.papers.figures import camc, fsa, fsa_features, gcl, mislas, mislas_smoothing, nbn
from benchmarks.papers.registry import Options
from benchmarks.papers.stand_in import Network
from ltzoo import data, metrics, recipes
from ltzoo.backbones.registry import register
from ltzoo.layers import BatchNormalization

DIGITS = Network("tiny_map/digits_lt/50")


@register
def tiny_map(input_shape, width=6):
    """One convolution with batch norm and a map of four by four."""
    inputs = keras.Input(input_shape)
    features = keras.layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(inputs)
    features = keras.layers.ReLU()(BatchNormalization(name="norm")(features))
    return keras.Model(inputs, features, name="tiny_map")


@pytest.fixture
def read(tmp_path):
    """A function that trains a recipe on digits for an epoch per stage and returns its reading."""

    def made(name, watch=None, first=None, **changes):
        recipe = recipes.get(name, batch_size=64, **changes)
        options = Options(root=tmp_path)
        watch = None if watch is None else watch(lambda: data.load("digits_lt"))
        given = {"root": tmp_path, "epochs_share": 1e-9, "imbalance_factor": 50, "watch": watch}
        run = runs.trained(recipe, "tiny_map", "digits_lt", **given)
        return Reading(DIGITS, options, run, first)

    return made


def logits_of(reading):
    split = reading.data.test
    return reading.run.model.predict(split.load(np.arange(len(split.labels))), verbose=0), np.asarray(
        split.labels
    )


def test_probabilities_and_calibration(read):
    reading = read("lws")
    logits, labels = logits_of(reading)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    own = (shares / shares.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]
    found = measures.probabilities(reading)
    for name, members in (("many", [0]), ("medium", [1, 2, 3, 4]), ("few", [5, 6, 7, 8, 9])):
        part = own[np.isin(labels, members)]
        assert found[f"mean {name}"] == pytest.approx(100 * part.mean(), rel=1e-4)
        assert sum(found[name]) == pytest.approx(1) and len(found[name]) == 25
    top1 = 100 * (logits.argmax(axis=1) == labels).mean()
    assert measures.accuracy(reading)["top1"] == measures.calibration(reading)["top1"] == pytest.approx(top1)
    matrix = measures.confusion(reading)["confusion"]
    assert matrix.sum() == len(labels) and 100 * np.trace(matrix) / len(labels) == pytest.approx(top1)
    assert len(measures.norms(reading)["norms"]) == 10
    assert sum(camc._groups(reading)["groups"]) / 10 == pytest.approx(
        top1
    )  # A class each; as many images each.


def test_the_accuracy_that_was_watched_last_is_the_trained_networks(read):
    reading = read("fsa", watch=measures.watch_accuracy)
    found = measures.course(reading)
    assert found["stage"] == [1, 2] and len(found["loss"]) == len(found["many"]) == 2
    assert found["all"][-1] == pytest.approx(found["top1"])
    assert found["few"][-1] == pytest.approx(100 * metrics.evaluate(reading.run.model, reading.data.test).few)


def test_magnitudes_over_training_and_weights_of_the_last_batch_norm(read):
    conversion = {"name": "nbn", "placement": ["norm"]}
    changes = {"head": {"name": "dense"}, "augmentation": []}
    shared = read("nbn", watch=nbn._watch, conversions=[conversion], **changes)
    (values,) = nbn._growth(shared)["magnitude"].values()
    assert len(values) == 1 and values[0] != 1
    weights = nbn._last_weights(shared)["weights"]
    assert np.all(np.diff(weights) <= 0) and np.linalg.norm(weights) == pytest.approx(
        abs(values[-1]), rel=1e-3
    )
    own = read("nbn", watch=nbn._watch, conversions=[{**conversion, "separate_bias": True}], **changes)
    assert list(nbn._growth(own)["magnitude"]) == ["g of γ", "g of β"]
    strength = nbn._strength(shared)
    assert strength["Var(μ)"] == pytest.approx(np.var(strength["mean"], ddof=1))


def test_batch_norm_statistics_and_smoothing(read):
    found = mislas._statistics(read("mislas"))
    assert found["first"]["mean"].shape == (6,) and np.all(found["last"]["variance"] > 0)
    curve = mislas_smoothing._course(read("mislas"))
    assert (curve["smoothing"][0], curve["smoothing"][-1]) == (0.0, 0.3) and curve["images"][-1] == 124


def test_points_of_classes(read):
    reading = read("cross_entropy")
    found = gcl._four_classes(reading)["training"]
    # 124, 80, 51, 33, 21, 14, 9, ... images: those nearest to 124 times 1, 0.4, 0.2 and 0.1.
    assert found["numbers"] == [0, 2, 4, 5] and found["classes"] == ["0", "2", "4", "5"]
    assert np.shape(found["points"]) == (124 + 51 + 21 + 14, 2) and len(found["labels"]) == 210
    assert set(found["labels"].tolist()) == {0, 2, 4, 5}


def test_specific_and_generic_features(read):
    reading = read("fsa")
    found = fsa_features.decomposed(reading, [0, 1, 2, 8])
    for part in found.values():
        assert len(part["points"]) == len(part["labels"]) > 100 and np.isfinite(part["points"]).all()
    assert found["class-specific"]["points"] != found["class-generic"]["points"]


def test_attention_of_unique_channels(read):
    kernel = np.array([[3.0, 0], [2, 2], [0, 3], [0, 0]])
    assert attention.unique_channels(kernel, 0, 1, share=0.5).tolist() == [0]
    assert attention.unique_channels(kernel[:, [0, 0]], 0, 1, share=0.5).tolist() == [0]
    reading = read("cross_entropy")
    found = attention.attention(reading, images=2)
    assert found["rare"].tolist() == [9, 8] and np.all(np.asarray(found["frequent"]) < found["rare"])
    model, split = reading.run.model, reading.data.test
    assert np.asarray(split.labels)[found["positions"]].tolist() == [9, 8]
    maps = model.extract_feature_maps_on_batch(split.load(found["positions"]))
    np.testing.assert_allclose(found["maps"]["all"], maps.mean(axis=-1), rtol=1e-4, atol=1e-5)
    mean, spread = found["strength"]["all"][0]
    features = measures.in_batches(model.extract_features_on_batch, split, np.arange(500), 64)
    assert mean == pytest.approx(features.mean(), rel=1e-3)
    assert spread == pytest.approx(features.std(axis=0).mean(), rel=1e-3)


def test_positions_of_activation_maps(read):
    reading = read("camc")
    found = camc._maps(7)(reading)
    labels = np.asarray(reading.data.test.labels)[found["positions"]]
    assert labels.tolist() == found["labels"].tolist() and len(set(found["positions"])) == 7
    assert np.shape(found["calibrated"]) == (7, 4, 4)


def test_augmentation_in_front_of_the_last_blocks():
    network = Network("resnet8/digits_lt/50")
    recipe = recipes.get("fsa")
    last, earlier = fsa.behind(1)(recipe, network).stages[1], fsa.behind(2)(recipe, network).stages[1]
    assert (last.technique["depth"], earlier.technique["depth"]) == (2, 1)
    assert all(name.startswith("stage3") for name in last.trainable)
    assert {name[:6] for name in earlier.trainable} == {"stage2", "stage3"}


def test_records_have_four_digits():
    found = rounded({"a": np.array([1 / 3, np.inf]), "b": (np.int64(12345), 123456.0), "c": "text"})
    assert found == {"a": [0.3333, None], "b": [12345, 123500.0], "c": "text"}
