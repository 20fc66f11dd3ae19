import json
import types

import keras
import numpy as np
import pytest

from ltzoo.metrics import Result, evaluate


class Split:
    """A split that hands out its images by position and records the batches."""

    def __init__(self, images, labels, **attributes):
        self.images, self.labels, self.loaded = images, labels, []
        self.__dict__.update(attributes)

    def load(self, positions):
        self.loaded.append(len(positions))
        return self.images[positions]


def logits_model(num_classes=3):
    """A model whose logits are its three input pixels."""
    images = keras.Input((1, num_classes, 1))
    return keras.Model(images, keras.layers.Reshape((num_classes,))(images))


def data(samples=50, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, (samples, 1, 3, 1)).astype("uint8"), rng.integers(0, 3, samples)


def test_all_figures_by_hand():
    images, labels = data()
    result = evaluate(logits_model(), Split(images, labels), class_counts=[200, 50, 3], batch_size=16)
    logits = images[:, 0, :, 0].astype("float64")
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    predicted = p.argmax(1)
    of_class = [(predicted == labels)[labels == c].mean() for c in range(3)]
    assert result.top1 == pytest.approx((predicted == labels).mean(), abs=1e-12)
    assert [result.many, result.medium, result.few] == pytest.approx(of_class, abs=1e-12)
    assert result.balanced == pytest.approx(np.mean(of_class), abs=1e-12)
    assert result.nll == pytest.approx(-np.log(p[np.arange(50), labels]).mean(), abs=1e-12)
    for true in range(3):
        for guess in range(3):
            assert result.confusion[true, guess] == ((labels == true) & (predicted == guess)).sum()
    np.testing.assert_allclose(result.per_class, of_class)
    assert result.bin_count.sum() == 50 and len(result.bin_count) == 15
    gap = np.abs(result.bin_accuracy - result.bin_confidence)
    assert result.ece == pytest.approx((gap * result.bin_count).sum() / 50)
    assert result.mce == pytest.approx(gap.max())


def test_pairs_soft_labels_and_probabilities_give_the_same():
    images, labels = data()
    expected = evaluate(logits_model(), Split(images, labels)).to_dict()
    assert expected["many"] is expected["few"] is None
    soft = (0.8 * np.eye(3)[labels] + 0.2 / 3).astype("float32")
    for y in (labels, labels[:, None], soft):
        assert evaluate(logits_model(), (images, y)).to_dict() == expected
    inputs = keras.Input((1, 3, 1))
    outputs = keras.layers.Softmax()(keras.layers.Reshape((3,))(inputs))
    result = evaluate(keras.Model(inputs, outputs), (images, labels), from_logits=False)
    assert result.top1 == expected["top1"]
    assert result.nll == pytest.approx(expected["nll"], rel=1e-6)


def test_counts_of_the_model_absent_classes_and_batches():
    images, labels = data(20)
    model = logits_model()
    model.class_counts = [500, 30, 400]
    split = Split(images, np.where(labels == 1, 0, labels))
    result = evaluate(model, split, batch_size=8)
    assert np.isnan(result.medium) and np.isnan(result.few) and np.isnan(result.per_class[1])
    assert result.many == pytest.approx(result.balanced)
    assert split.loaded == [8, 8, 4]
    assert result.confusion.sum() == 20


def test_result_survives_json_and_prints_a_table():
    images, labels = data()
    result = evaluate(logits_model(), (images, labels), class_counts=[200, 50, 30])
    text = str(result)
    assert "50 images, 3 classes" in text and f"{100 * result.top1:.2f} %" in text
    few = next(line for line in text.splitlines() if line.startswith("Few-shot"))
    assert few.split()[-1] == "-"
    copy = Result.from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False)))
    assert copy.to_dict() == result.to_dict()
    assert copy.confusion.dtype == np.int64 and np.isnan(copy.few)
    with pytest.raises(ValueError, match="entries"):
        Result.from_dict({"top1": 1.0})


def named(model, split_names):
    images, labels = data(4)
    model = types.SimpleNamespace(class_names=model, predict_on_batch=lambda x: np.zeros((len(x), 3)))
    return model, Split(images, labels, class_names=split_names)


def test_class_names():
    assert evaluate(*named(["a", "b", "c"], ("a", "b", "c"))).confusion.sum() == 4
    with pytest.raises(ValueError, match="class 1 is 'c', the model's is 'b'"):
        evaluate(*named(["a", "b", "c"], ["a", "c", "b"]))
    with pytest.raises(ValueError, match="must have the model's 3 classes"):
        evaluate(*named(["a", "b", "c"], ["a", "b", "x"]))


def nan_model():
    inputs = keras.Input((1, 3, 1))
    outputs = keras.layers.Reshape((3,))(inputs)
    return keras.Model(inputs, keras.layers.Rescaling(float("nan"))(outputs))


@pytest.mark.parametrize(
    "model, change, options, message",
    [
        (logits_model, {"images": np.zeros((5, 2, 3, 1))}, {}, r"model's size \(1, 3, 1\).*\(2, 3, 1\)"),
        (logits_model, {"labels": np.array([0, 1, 2, 3, 0])}, {}, "labels from 0 to 3"),
        (logits_model, {"labels": np.array([0, 1, 2, -1, 0])}, {}, "labels from -1 to 2"),
        (logits_model, {"labels": np.zeros((5, 4))}, {}, r"shape \(5, 4\)"),
        (logits_model, {"labels": np.zeros(4, int)}, {}, "5 images, 4 labels"),
        (
            logits_model,
            {"labels": np.array([0, 1, 2.5, 1, 0])},
            {},
            r"label 2\.5 of type float64 at position 2",
        ),
        (
            logits_model,
            {"labels": np.array([0, 1, np.nan, 1, 0])},
            {},
            "label nan of type float64 at position 2",
        ),
        (logits_model, {"labels": np.array([0, 1, 2, 1, 0.0])}, {}, r"whole numbers.*astype\('int64'\)"),
        (logits_model, {"labels": np.ones((5, 3))}, {}, "several labels.*row 0, which sums to 3"),
        (logits_model, {"labels": np.array(list("abcab"))}, {}, "no class names are known.*label 'a'"),
        (logits_model, {"labels": None}, {}, "labels None"),
        (logits_model, {"images": np.full((5, 1, 3, 1), np.nan)}, {}, "NaN or infinite values in image 0"),
        (logits_model, {"images": "abc"}, {}, "images of type str"),
        (logits_model, {}, {"batch_size": 0}, "Received: batch_size=0"),
        (logits_model, {}, {"batch_size": -1}, "Received: batch_size=-1"),
        (logits_model, {}, {"batch_size": 2.0}, r"Received: batch_size=2\.0"),
        (logits_model, {"images": np.zeros((0, 1, 3, 1)), "labels": np.zeros(0, int)}, {}, "0 images"),
        (logits_model, {}, {"class_counts": [3, 2]}, "class_counts of length 2"),
        (logits_model, {"images": np.full((5, 1, 3, 1), 7.0)}, {"from_logits": False}, "from 7 to 7"),
        (nan_model, {}, {}, "5 of 5 images"),
    ],
)
def test_errors(model, change, options, message):
    values = {"images": np.zeros((5, 1, 3, 1)), "labels": np.array([0, 1, 2, 0, 1]), **change}
    with pytest.raises(ValueError, match=message):
        evaluate(model(), (values["images"], values["labels"]), **options)


def test_split_of_unknown_kind():
    with pytest.raises(ValueError, match="type int"):
        evaluate(logits_model(), 3)
