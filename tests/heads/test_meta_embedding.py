"""OLTR's head against NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo import heads, recipes
from tests import tiny
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(7, 6))


def make(shape=(None, 6), **arguments):
    head = heads.get({"name": "meta_embedding", **arguments}, 4, name="head")
    head.build(shape)
    for weight in head.weights:
        weight.assign(RANDOM.normal(size=weight.shape))
    return head


def as_numpy(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


def softmax(values):
    values = np.exp(values - values.max(axis=-1, keepdims=True))
    return values / values.sum(axis=-1, keepdims=True)


def expected(head, x):
    memory, kernel = as_numpy(head.memory), as_numpy(head.kernel)
    known = softmax(x @ as_numpy(head.query.kernel) + as_numpy(head.query.bias)) @ memory
    selector = np.tanh(x @ as_numpy(head.selector.kernel) + as_numpy(head.selector.bias))
    distances = np.sqrt(((x[:, None] - memory) ** 2).sum(-1)).min(1, keepdims=True)
    x = 10 / distances * (x + selector * known)
    x = x / (1 + np.linalg.norm(x, axis=1, keepdims=True))
    return 16 * x @ (kernel / np.linalg.norm(kernel, axis=0))


def test_logits_and_gradient_agree_with_the_released_formula():
    head = make(attention=False)
    np.testing.assert_allclose(as_numpy(head(X.astype("float32"))), expected(head, X), rtol=1e-4, atol=1e-4)
    weights = RANDOM.normal(size=(7, 4))
    factors = ops.convert_to_tensor(weights, "float32")
    _, gradient = value_and_gradient(lambda x: ops.sum(head(x) * factors), X)
    numeric = np.empty_like(X)
    for place in np.ndindex(*X.shape):
        step = np.zeros_like(X)
        step[place] = 1e-6
        numeric[place] = ((expected(head, X + step) - expected(head, X - step)) * weights).sum() / 2e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3)


def test_a_map_is_attended_pooled_and_embedded():
    head = make((None, 2, 3, 6), units=5)
    maps = RANDOM.normal(size=(3, 2, 3, 6)).astype("float32")
    pooled = as_numpy(head.attention(maps)).mean((1, 2))
    x = np.maximum(pooled @ as_numpy(head.embedding.kernel) + as_numpy(head.embedding.bias), 0)
    np.testing.assert_allclose(as_numpy(head.embed(maps)), x, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(as_numpy(head(maps)), expected(head, x), rtol=1e-3, atol=1e-3)


def test_a_feature_at_its_centroid_and_half_precision_are_finite():
    head = make(attention=False)
    head.memory.assign(X[:4])
    _, gradient = value_and_gradient(lambda x: ops.sum(head(x)), X)
    assert np.isfinite(gradient).all() and np.isfinite(as_numpy(head(X.astype("float32")))).all()
    half = head(X.astype("float16"))
    assert keras.backend.standardize_dtype(half.dtype) == "float32"


@pytest.mark.parametrize("units", [None, 4])
def test_it_begins_with_class_means_and_the_previous_classifier(units):
    data, model = (
        tiny.dataset(),
        tiny.model("oltr", stage2={"head": {"name": "meta_embedding", "units": units}}),
    )
    head, first = model.heads[1], model.heads[0]
    model.enter_stage(1)
    context = ltzoo.training.context.StageContext(model, data, 1, seed=0)
    model.begin_stage(context)
    features = as_numpy(model.features(data.train.load(np.arange(len(data.train.labels)))))
    if units:
        features = np.maximum(features @ as_numpy(head.embedding.kernel) + as_numpy(head.embedding.bias), 0)
    means = [features[data.train.labels == label].mean(0) for label in range(3)]
    np.testing.assert_allclose(as_numpy(head.memory), means, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(as_numpy(head.query.kernel), as_numpy(first.kernel))
    np.testing.assert_array_equal(as_numpy(head.query.bias), as_numpy(first.bias))
    head.memory.assign_add(np.ones(head.memory.shape))
    head.begin(head, context)
    np.testing.assert_allclose(as_numpy(head.memory), np.array(means) + 1, rtol=1e-4, atol=1e-5)


def test_a_later_head_continues():
    one, two = make((None, 2, 3, 6)), make((None, 2, 3, 6))
    two.begin(one, None)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(as_numpy(a), as_numpy(b))


def test_rates_reach_the_classifier_and_not_the_memory():
    model = tiny.model("oltr")
    model.set_stage(1, 4)
    factors = {
        v.path.partition("/")[2]: model.optimizer._variable_settings(v)[0] for v in model.trainable_variables
    }
    fast = {name for name, factor in factors.items() if factor == 10}
    parts = ("query/kernel", "query/bias", "selector/kernel", "selector/bias", "kernel")
    assert fast == {f"head_2/{part}" for part in parts}
    assert factors["head_2/memory"] == 1


def test_config_and_wrong_uses():
    head = make((None, 2, 3, 6), attention=True, units=3, reduction=3)
    copy = type(head).from_config(head.get_config())
    assert copy.get_config() == head.get_config()
    with pytest.raises(ValueError, match="`inputs` must be maps"):
        make((None, 6))
    with pytest.raises(ValueError, match="`technique` of a stage with the head 'meta_embedding'"):
        tiny.model("oltr", technique=None)
    assert recipes.get("oltr").stages[1].technique == {"name": "discriminative_centroids"}
