import keras
import numpy as np
import pytest

from ltzoo.metrics import BalancedAccuracy, ShotAccuracy, Top1Accuracy

COUNTS = [500, 101, 100, 20, 19, 1]


def batches(seed=0, samples=60, labels=None):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(COUNTS), samples) if labels is None else labels
    logits = rng.standard_normal((len(y), len(COUNTS))) + 1.5 * np.eye(len(COUNTS))[y]
    return y, logits.astype("float32")


def per_class(y, logits, classes):
    right = logits.argmax(1) == y
    return [right[y == c].mean() for c in classes if (y == c).any()]


def updated(metric, y, logits, **kwargs):
    for part in np.array_split(np.arange(len(y)), 4):
        metric.update_state(y[part], logits[part], **kwargs)
    return float(metric.result())


def test_top1_on_integer_and_soft_labels():
    y, logits = batches()
    expected = (logits.argmax(1) == y).mean()
    soft = 0.7 * np.eye(6)[y] + 0.3 * np.eye(6)[::-1][y]
    for labels in (y, y[:, None], soft.astype("float32")):
        np.testing.assert_allclose(updated(Top1Accuracy(), labels, logits), expected, rtol=1e-6)
    weighted = Top1Accuracy()
    weighted.update_state([0, 1], [[1.0, 0.0], [1.0, 0.0]], sample_weight=[3.0, 1.0])
    assert float(weighted.result()) == 0.75


@pytest.mark.parametrize("group, classes", [("many", [0, 1]), ("medium", [2, 3]), ("few", [4, 5])])
def test_shot_groups(group, classes):
    y, logits = batches()
    metric = ShotAccuracy(group, COUNTS)
    assert metric.name == f"{group}_accuracy"
    np.testing.assert_allclose(updated(metric, y, logits), np.mean(per_class(y, logits, classes)), rtol=1e-6)


def test_balanced_accuracy_leaves_out_absent_classes():
    y, logits = batches(labels=np.array([0, 0, 0, 0, 1, 1, 5]))
    metric = BalancedAccuracy(6)
    np.testing.assert_allclose(updated(metric, y, logits), np.mean(per_class(y, logits, range(6))), rtol=1e-6)
    of_classes = keras.ops.convert_to_numpy(metric.per_class())
    np.testing.assert_array_equal(np.isnan(of_classes), [False, False, True, True, True, False])


def test_sample_weights():
    metric = BalancedAccuracy(2)
    metric.update_state([0, 0, 1], [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], sample_weight=[3.0, 1.0, 5.0])
    assert float(metric.result()) == pytest.approx((0.75 + 1.0) / 2)


def test_empty_group_is_nan():
    y, logits = batches()
    assert np.isnan(float(BalancedAccuracy(6).result()))
    assert np.isnan(updated(ShotAccuracy("few", [200] * 6), y, logits))
    metric = ShotAccuracy("few", COUNTS)
    assert np.isnan(updated(metric, np.zeros(8, int), logits[:8]))
    metric.update_state([4], logits[:1])
    assert float(metric.result()) in (0.0, 1.0)
    metric.reset_state()
    assert np.isnan(float(metric.result()))


def test_compiled_in_fit_and_evaluate():
    y, logits = batches()
    model = keras.Sequential([keras.Input((6,)), keras.layers.Activation("linear"), keras.layers.Dense(6)])
    model.layers[-1].set_weights([np.eye(6), np.zeros(6)])
    metrics = [Top1Accuracy(), BalancedAccuracy(6), *(ShotAccuracy(g, COUNTS) for g in ("many", "few"))]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), loss, metrics=metrics)
    history = model.fit(logits, y, batch_size=16, verbose=0).history
    result = model.evaluate(logits, y, batch_size=16, verbose=0, return_dict=True)
    for name, classes in {
        "balanced_accuracy": range(6),
        "many_accuracy": [0, 1],
        "few_accuracy": [4, 5],
    }.items():
        expected = np.mean(per_class(y, logits, classes))
        np.testing.assert_allclose([history[name][0], result[name]], expected, rtol=1e-5)
    np.testing.assert_allclose(result["accuracy"], (logits.argmax(1) == y).mean(), rtol=1e-5)


@pytest.mark.parametrize("metric", [Top1Accuracy(), BalancedAccuracy(6), ShotAccuracy("few", COUNTS)])
def test_config(metric):
    copy = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert type(copy) is type(metric)
    assert copy.get_config() == metric.get_config()
    y, logits = batches()
    assert updated(copy, y, logits) == updated(metric, y, logits)


def test_bad_arguments():
    with pytest.raises(ValueError, match="group='head'"):
        ShotAccuracy("head", COUNTS)
    with pytest.raises(ValueError, match="num_classes=0"):
        BalancedAccuracy(0)
    with pytest.raises(ValueError, match="must have 5 classes"):
        BalancedAccuracy(5).update_state([0], np.zeros((1, 6)))
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        Top1Accuracy().update_state(np.zeros((2, 3)), np.zeros((2, 6)))
    with pytest.raises(ValueError, match="`y_pred` must be"):
        Top1Accuracy().update_state([0], [1.0])
    with pytest.raises(ValueError, match="one weight per sample"):
        BalancedAccuracy(6).update_state([0], np.zeros((1, 6)), sample_weight=np.ones((1, 6)))
