"""A classifier has what Keras users expect of any model, and predicts images as they are."""

import dataclasses

import keras
import numpy as np
import pytest
from PIL import Image

from ltzoo import posthoc
from ltzoo.data import UnreadableImageError
from ltzoo.data.pixels import resize_and_crop
from ltzoo.models.predict_images import Prediction
from tests import tiny


@pytest.fixture(scope="module")
def model():
    return tiny.model()


@pytest.fixture(scope="module")
def images():
    return tiny.dataset().test.load(np.arange(9))


def test_shapes_layers_and_summary(model):
    assert model.input_shape == (None, 8, 8, 1) and model.output_shape == (None, 3)
    assert model.get_layer("tiny_cnn") is model.backbone and model.get_layer(model.head.name) is model.head
    lines = []
    model.summary(expand_nested=True, print_fn=lambda line, **_: lines.append(line))
    assert "block0_conv" in "\n".join(lines)


def test_evaluate_has_the_metrics_of_training(model, images):
    found = model.evaluate(images, tiny.dataset().test.labels[:9], verbose=0, return_dict=True)
    assert set(found) == {"loss", "accuracy"}


def test_feature_extractor_is_a_keras_model_of_the_same_features(model, images, tmp_path):
    extractor = model.feature_extractor()
    expected = model.extract_features_on_batch(images)
    np.testing.assert_allclose(extractor.predict(images, verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert extractor.output_shape == (None, model.feature_size)
    assert extractor.get_layer("tiny_cnn") is model.backbone
    maps = model.feature_extractor(pooled=False)
    np.testing.assert_allclose(
        maps.predict(images, verbose=0), model.extract_feature_maps_on_batch(images), rtol=1e-4, atol=1e-5
    )
    extractor.save(tmp_path / "features.keras")
    loaded = keras.saving.load_model(tmp_path / "features.keras")
    np.testing.assert_allclose(loaded.predict(images, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_predict_images_agrees_with_predict(model, images):
    logits = model.predict(images, verbose=0)
    found = model.predict_images(images, top_k=3, batch_size=4)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    for row, prediction in zip(shares, found, strict=True):
        order = np.argsort(-row)
        assert prediction.names == tuple(model.class_names[n] for n in order)
        assert prediction.name == prediction.names[0] and prediction.error is None
        np.testing.assert_allclose(prediction.probabilities, row[order], rtol=1e-4, atol=1e-6)
    assert [prediction.source for prediction in found] == [f"image {n}" for n in range(9)]


@pytest.mark.parametrize("method", ["energy", "knn"])
def test_predict_images_decides_what_the_model_stores(model, images, method):
    data = tiny.dataset()
    sets = posthoc.prediction_sets(model, data.test, alpha=0.3, min_images=5)
    bank = data.train if method == "knn" else None
    unknown = posthoc.abstention(model, data.test, method=method, keep=0.7, bank=bank)
    # Thresholds that no image is on: rounding may differ with the size of the batch.
    sets = dataclasses.replace(sets, thresholds=np.array([0.9, 0.999, 0.9995]))
    scores = np.sort(unknown.scores(model.predict_on_batch(images), model.extract_features_on_batch(images)))
    gap = np.diff(scores).argmax()
    unknown = dataclasses.replace(unknown, threshold=float(scores[gap : gap + 2].mean()))
    deciding = posthoc.with_decisions(model, sets, unknown)
    found = deciding.predict_images(images, top_k=1, batch_size=4)
    rules = posthoc.decisions_of(deciding)
    logits = deciding.predict_on_batch(images)
    features = deciding.extract_features_on_batch(images) if method == "knn" else None
    expected = rules.sets_for(posthoc.decisions.probabilities_of(logits, "logits"))
    names = [tuple(model.class_names[label] for label in row) for row in expected]
    assert [entry.prediction_set for entry in found] == names and len(set(map(len, names))) > 1
    unknown_images = rules.is_unknown(logits, features).tolist()
    assert [entry.unknown for entry in found] == unknown_images and len(set(unknown_images)) == 2
    assert [entry.names for entry in found] == [
        entry.names for entry in model.predict_images(images, top_k=1)
    ]
    for entry in found:
        assert str(entry).endswith("; set: " + " | ".join(entry.prediction_set))
        assert (": unknown, most like" in str(entry)) == entry.unknown
    (plain,) = model.predict_images(images[:1])
    assert plain.prediction_set is None and plain.unknown is None and "set" not in str(plain)


def test_long_sets_are_cut_in_text_alone():
    entry = Prediction("a.png", ("0",), (0.5,), prediction_set=tuple(map(str, range(12))))
    assert str(entry) == "a.png: 0 50.0 %; set: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 and 2 more"


def test_predict_images_scales_any_size(model, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (31, 20), dtype="uint8")
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    expected = model.predict(resize_and_crop(Image.fromarray(pixels), (8, 8))[np.newaxis], verbose=0)[0]
    best = model.class_names[int(np.argmax(expected))]
    for source in (
        path,
        [str(path)],
        Image.fromarray(pixels),
        pixels,
        [pixels[..., None]],
        path.read_bytes(),
    ):
        (prediction,) = model.predict_images(source, top_k=1)
        assert prediction.names == (best,) and len(prediction.probabilities) == 1


def test_unreadable_images_stop_or_are_reported(model, images, tmp_path):
    sources = [images[0], tmp_path / "missing.png", images[1]]
    with pytest.raises(UnreadableImageError, match="missing.png"):
        model.predict_images(sources)
    found = model.predict_images(sources, skip_unreadable=True)
    assert [prediction.error for prediction in found] == [None, "no such file", None]
    assert found[1].name is None and "unreadable" in str(found[1])
    assert [entry.names for entry in found[::2]] == [
        entry.names for entry in model.predict_images(images[:2])
    ]


@pytest.mark.parametrize(
    "wrong", [{"top_k": 0}, {"batch_size": True}, {"workers": -1}, {"skip_unreadable": 1}]
)
def test_wrong_arguments_are_refused(model, images, wrong):
    with pytest.raises((ValueError, TypeError), match=f"`{next(iter(wrong))}`.*Received"):
        model.predict_images(images, **wrong)
