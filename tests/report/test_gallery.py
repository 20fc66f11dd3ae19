"""The pictures of a report: the right ones, of the right images, computed by the right network."""

import base64
import io

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

import ltzoo
from ltzoo.data import ArraySplit
from ltzoo.metrics import measure
from ltzoo.metrics.predictions import predictions_from_probabilities
from ltzoo.metrics.result import result_from_probabilities
from ltzoo.report import (
    EvidenceMaps,
    FeatureMap,
    Gallery,
    evidence_maps,
    feature_map,
    gather,
    plots,
    write_report,
)
from ltzoo.report.feature_map import project
from ltzoo.report.gallery import class_sheets, confident_mistakes, worst_confusions
from ltzoo.report.thumbnails import Sheets, load_pictures
from tests import tiny
from tests.report.test_html import Page


def plain(values, labels, channels=3, size=(20, 30)):
    """Images of one gray value each, so that a thumbnail says which image it is of."""
    images = np.empty((len(labels), *size, channels), "uint8")
    images[:] = np.asarray(values, "uint8")[:, None, None, None]
    return ArraySplit(images, labels)


def opened(address):
    assert address.startswith("data:image/jpeg;base64,")
    return Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))


def gray(picture):
    return round(float(np.asarray(picture.convert("L"), float).mean()))


def model_with_map(name="cross_entropy"):
    inputs = keras.Input((8, 8, 1))
    layer = keras.layers.Conv2D(4, 3, strides=3, activation="sigmoid")
    backbone = keras.Model(inputs, layer(inputs))
    return ltzoo.models.build(backbone, tiny.recipe(name, epochs=1), tiny.dataset())


def test_pictures_keep_their_shape_and_are_read_once():
    split = plain([10, 200, 90], [0, 1, 0], size=(100, 50))
    found = load_pictures(split, [2, 0, 2], side=24)
    assert sorted(found) == [0, 2] and found[0].size == (12, 24) and gray(found[2]) == 90
    assert load_pictures(plain([7], [0], channels=1), [0], side=64)[0].mode == "L"  # Never enlarged.


def test_a_sheet_shows_each_class_in_its_row(monkeypatch):
    monkeypatch.setattr("ltzoo.report.thumbnails._SHEET_HEIGHT", 40)  # Two rows of 20 in a file.
    labels = [0, 0, 1, 2, 2, 2, 2]
    split = plain([10, 30, 90, 130, 160, 190, 250], labels, size=(20, 20))
    members = load_pictures(split, range(7), side=20)
    sheets = Sheets([[members[0], members[1]], [members[2]], [members[3], members[4], members[5]]], 20)
    assert len(sheets.addresses) == 2 and sheets.columns == 3 and sheets.numbers == [2, 1, 3]
    assert [sheets.place(label) for label in range(3)] == [(0, 0), (0, 20), (1, 0)]
    first, second = (np.asarray(opened(address).convert("L"), int) for address in sheets.addresses)
    assert abs(first[10, 10] - 10) < 6 and abs(first[10, 30] - 30) < 6 and abs(first[30, 10] - 90) < 6
    assert first[10, 50] > 245 and abs(second[10, 50] - 190) < 6


@pytest.mark.parametrize(
    "classes, each, side", [(10, 3, 48), (500, 3, 40), (1500, 2, 32), (3000, 1, 32), (9000, 1, 32)]
)
def test_many_classes_have_fewer_and_smaller_pictures(classes, each, side):
    labels = np.repeat(np.arange(classes), 3)
    sheets = class_sheets(plain(labels % 250, labels, channels=1, size=(4, 4)), classes)
    assert sheets.numbers == [each] * classes and sheets.side == side


def test_the_worst_confusions_and_their_pictures():
    labels = np.repeat([0, 1, 2], [6, 4, 5])
    guesses = np.array([0, 1, 1, 1, 1, 2] + [1, 0, 0, 1] + [2, 2, 0, 0, 2])
    sure = np.linspace(0.5, 0.9, 15)
    probabilities = np.full((15, 3), 0.0)
    probabilities[np.arange(15), guesses] = sure
    probabilities[np.arange(15), (guesses + 1) % 3] = 1 - sure
    predictions = predictions_from_probabilities(probabilities, labels)
    result = result_from_probabilities(probabilities, labels, resamples=0)
    test = plain(10 * np.arange(15) + 40, labels)
    train = plain([200, 210, 220], [0, 1, 2])
    found = worst_confusions(train, test, predictions, result)
    pairs = [(pair.label, pair.predicted, pair.images, pair.total) for pair in found]
    # Two of four before two of five.
    assert pairs == [(0, 1, 4, 6), (1, 0, 2, 4), (2, 0, 2, 5), (0, 2, 1, 6)]
    values = [gray(opened(picture)) for picture in found[0].examples]
    np.testing.assert_allclose(values, [80, 70, 60], atol=2)  # Images 4, 3 and 2, the surest first.
    assert [gray(opened(picture)) for picture in found[0].typical] == [pytest.approx(210, abs=2)]


def test_the_most_confident_mistakes_come_first():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 100)
    probabilities = rng.dirichlet(np.ones(4), 100)
    names = [f"{number}.png" for number in range(100)]
    predictions = predictions_from_probabilities(probabilities, labels, names)
    found = confident_mistakes(plain(np.arange(100) * 2, labels), predictions)
    assert len(found) == 24
    shown = [int(mistake.name.removesuffix(".png")) for mistake in found]
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    assert shown == wrong[np.argsort(-probabilities.max(axis=1)[wrong])][:24].tolist()
    for mistake, number in zip(found, shown, strict=True):
        assert mistake.label == labels[number] and mistake.predicted == probabilities[number].argmax()
        assert gray(opened(mistake.picture)) == pytest.approx(2 * number, abs=2)
    right = predictions_from_probabilities(np.eye(4)[labels], labels)
    assert confident_mistakes(plain(labels, labels), right) == []


def test_evidence_of_a_linear_head_averages_to_its_logits():
    model, data = model_with_map(), tiny.dataset()
    generator = np.random.default_rng(1)
    for weight in model.head.weights:
        weight.assign(generator.normal(size=weight.shape))
    maps = evidence_maps(model, data.test, np.array([0, 7, 13]))
    logits = model.predict(maps.images, verbose=0)
    np.testing.assert_array_equal(maps.labels, [0, 1, 2])
    np.testing.assert_array_equal(maps.predictions, logits.argmax(axis=1))
    centered = logits - logits.mean(axis=1, keepdims=True)
    rows = np.arange(3)
    np.testing.assert_allclose(maps.of_label.mean(axis=(1, 2)), centered[rows, maps.labels], atol=1e-5)
    np.testing.assert_allclose(maps.of_prediction.mean(axis=(1, 2)), centered.max(axis=1), atol=1e-5)
    features = model.extract_feature_maps_on_batch(maps.images)
    kernel = ops.convert_to_numpy(model.head.kernel)
    difference = maps.of_label - maps.of_label.mean(axis=(1, 2), keepdims=True)
    plain_map = np.stack(
        [features[row] @ (kernel - kernel.mean(axis=1, keepdims=True))[:, row] for row in rows]
    )
    np.testing.assert_allclose(difference, plain_map - plain_map.mean(axis=(1, 2), keepdims=True), atol=1e-5)


@pytest.mark.parametrize("name", ["gcl", "ncm", "tau_norm", "lws", "camc"])
def test_evidence_of_other_heads_is_finite_or_explained(name):
    model, data = model_with_map(name), tiny.dataset()
    model.enter_stage(len(model.recipe.stages) - 1)
    maps = evidence_maps(model, data.test, np.array([0, 7]))
    assert isinstance(maps, str) == (name == "camc")
    if isinstance(maps, str):
        assert "takes the map of features as a whole" in maps
    else:
        assert maps.of_label.shape == (2, 2, 2) and np.isfinite(maps.of_label).all()


def test_without_a_map_of_features_the_page_says_why(tmp_path, synthetic):
    vectors = keras.Input((8, 8, 1))
    backbone = keras.Model(vectors, keras.layers.Flatten()(vectors))
    model = ltzoo.models.build(backbone, tiny.recipe("cross_entropy"), tiny.dataset())
    reason = evidence_maps(model, tiny.dataset().test, np.array([0]))
    assert "returns no map of features" in reason
    one = evidence_maps(tiny.model("cross_entropy"), tiny.dataset().test, np.array([0]))
    assert "single position" in one
    assert "no image" in evidence_maps(model, tiny.dataset().test, np.zeros(0, int))
    counts = synthetic.counts(3, 50, 2)
    path = write_report(
        tmp_path, title="x", class_counts=counts, class_names=None, results={"m": synthetic.result(counts, 3)},
        gallery=Gallery(evidence=reason),
    )  # fmt: skip
    assert f"There are no class activation maps. {reason}" in Page(path.read_text(encoding="utf-8")).text


def test_features_of_few_images_are_projected_by_principal_components():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(20, 6))
    points, method = project(features)
    assert method == "PCA" and points.shape == (20, 2)
    centered = features - features.mean(axis=0)
    singular = np.linalg.svd(centered, compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(points, axis=0), singular[:2])
    assert project(np.ones((3, 1)))[0].shape == (3, 2)


def test_alike_features_lie_together(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    rng = np.random.default_rng(0)
    kinds = np.repeat([0, 1, 2], 40)
    points, method = project(8 * rng.normal(size=(3, 10))[kinds] + rng.normal(size=(120, 10)))
    assert method == "t-SNE"
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1) + 1e9 * np.eye(120)
    assert (kinds[distances.argmin(axis=1)] == kinds).mean() > 0.95
    np.testing.assert_array_equal(points, project(8 * np.random.default_rng(0).normal(size=(3, 10))[kinds]
        + _later(0, 30, (120, 10)))[0])  # fmt: skip


def _later(seed, used, shape):
    """Return the normal numbers that a generator gives after `used` of them."""
    rng = np.random.default_rng(seed)
    rng.normal(size=used)
    return rng.normal(size=shape)


def test_a_part_of_many_images_is_drawn():
    model, data = model_with_map(), tiny.dataset()
    found = feature_map(model, data.test, most=10)
    assert found.points.shape == (10, 2) and found.images == 18 and set(found.labels) <= {0, 1, 2}
    assert feature_map(model, data.test.subset([0, 1])) is None
    with np.errstate(all="ignore"):
        model.backbone.weights[0].assign(np.full(model.backbone.weights[0].shape, np.nan))
        assert feature_map(model, data.test) is None


def test_all_pictures_of_a_classifier_come_into_the_page(tmp_path):
    model, data = model_with_map(), tiny.dataset()
    result, predictions = measure(model, data.test)
    gallery = gather(model, data.train, data.test, predictions, result)
    assert isinstance(gallery.evidence, EvidenceMaps) and isinstance(gallery.features, FeatureMap)
    path = write_report(
        tmp_path, title="x", class_counts=data.class_counts, class_names=["a_b", "c_<i>", "d"], results={"m": result},
        gallery=gallery,
    )  # fmt: skip
    page = Page(path.read_text(encoding="utf-8"))
    assert "Where the classifier finds evidence" in page.text and "Map of the features" in page.text
    assert "made by PCA" in page.text and "The most confident mistakes" in page.text
    assert (
        not page.all("i")
        and (tmp_path / "feature_map.png").is_file()
        and (tmp_path / "evidence.png").is_file()
    )
    nothing = gather(model, data.train, None, None, None)
    assert nothing.classes is not None and nothing.features is None and not nothing.mistakes


def test_plots_of_features_and_evidence():
    points = np.random.default_rng(0).normal(size=(30, 2))
    figure = plots.feature_map(FeatureMap(points, np.repeat([0, 1, 2], 10), "t-SNE", 30), [300, 40, 3])
    assert "t-SNE" in figure.axes[0].get_xlabel() and "training images" in figure.axes[1].get_ylabel()
    plots.feature_map(FeatureMap(points, np.zeros(30, int), "PCA", 30), [5, 5])  # Equal counts.
    maps = EvidenceMaps(
        np.zeros((2, 8, 8, 3), "uint8"),
        np.array([0, 1]),
        np.array([0, 0]),
        np.zeros((2, 2, 2)),
        np.ones((2, 2, 2)),
    )
    figure = plots.evidence_maps(maps, [3, 1], ["$x", "y"])
    assert [axes.get_ylabel() for axes in figure.axes[:3]] == ["image", "true class", "prediction"]
    assert figure.axes[2].get_xlabel() == "as above" and "1 training image" in figure.axes[3].get_title()
