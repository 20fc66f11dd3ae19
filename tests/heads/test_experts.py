"""Heads with several experts, with and without a router."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.heads.routed_experts import mean_experts_used

FEATURES = np.random.default_rng(0).normal(size=(5, 12)).astype("float32")


def make(name="experts", scale=10.0, **arguments):
    head = heads.get({"name": name, **arguments}, 4, scale, name="head_2")
    head.build((None, 12))
    return head


def value(tensor):
    return ops.convert_to_numpy(tensor)


def cosines(x, kernel):
    return x @ (kernel / np.linalg.norm(kernel, axis=0)) / np.linalg.norm(x, axis=1, keepdims=True)


def test_every_expert_scores_its_own_part_of_the_features():
    head = make()
    expected = np.stack(
        [10 * cosines(FEATURES[:, 4 * i : 4 * i + 4], value(head.experts[i].kernel)) for i in range(3)], 1
    )
    np.testing.assert_allclose(value(head.expert_logits(FEATURES)), expected, atol=1e-4)
    np.testing.assert_allclose(value(head(FEATURES)), expected.mean(1), atol=1e-4)
    head.scale = 20.0
    np.testing.assert_allclose(value(head(FEATURES)), 2 * expected.mean(1), atol=1e-4)
    assert head.name == "head_2" and head.scale == 20.0
    assert head.compute_output_shape((None, 12)) == (None, 4)


def test_inner_heads_are_any_heads_and_take_over_from_earlier_experts():
    first = make(num_experts=2, head={"name": "dense", "kernel_initializer": "he_normal"}, scale=None)
    second = make(num_experts=2, head={"name": "dense"}, scale=None)
    heads.begin(second, first, context=None)
    for mine, theirs in zip(second.experts, first.experts, strict=True):
        np.testing.assert_array_equal(value(mine.kernel), value(theirs.kernel))
    before = value(second.experts[0].kernel)
    heads.begin(second, make(num_experts=3), context=None)
    np.testing.assert_array_equal(value(second.experts[0].kernel), before)
    half = value(first(ops.cast(FEATURES, "float16")))
    assert half.dtype == np.float32 and not hasattr(first, "scale")


def reference_route(head, features, threshold=0.5):
    """Expert after expert for each image, as a loop."""
    logits, results, numbers = value(head.expert_logits(features)), [], []
    w, c = (value(v) for v in head.decisions[0].weights)
    for x, z in zip(features, logits, strict=True):
        k = 1
        while k < 3:
            f = x[4 * k - 4 : 4 * k]
            weights, bias = (value(v) for v in head.hidden[k - 1].weights)
            hidden = np.maximum(f / np.linalg.norm(f) @ weights + bias, 0)
            largest = np.sort(z[:k].mean(0))[::-1][: head.top_choices]
            r = np.concatenate([largest, hidden]) @ w[:, 0] + c[0]
            if 1 / (1 + np.exp(-r)) <= threshold:
                break
            k += 1
        numbers.append(k)
        results.append(z[:k].mean(0))
    return np.array(results), np.array(numbers)


def test_the_router_asks_one_expert_after_the_other():
    features = np.random.default_rng(1).normal(size=(60, 12)).astype("float32")
    head = make("routed_experts", top_choices=2, hidden_units=6)
    generator = np.random.default_rng(2)
    for layer in (*head.hidden, *head.decisions):
        layer.kernel.assign(generator.normal(size=layer.kernel.shape))
        layer.bias.assign(generator.normal(size=layer.bias.shape) * 0.1)
    logits, numbers = reference_route(head, features)
    assert set(numbers) == {1, 2, 3}
    np.testing.assert_array_equal(value(head.experts_used(features)), numbers)
    np.testing.assert_allclose(value(head(features)), logits, atol=1e-4)
    np.testing.assert_allclose(mean_experts_used(head, features, batch_size=7), numbers.mean(), rtol=1e-6)
    whole = value(head.expert_logits(features)).mean(1)
    np.testing.assert_allclose(value(head(features, training=True)), whole, atol=1e-4)


def test_the_router_trains_alone():
    head = make("routed_experts", share_output=False)
    head.trainable = True
    paths = [variable.path for variable in head.trainable_variables]
    assert len(head.decisions) == 2 and len(paths) == 8
    assert all("hidden" in path or "decision" in path for path in paths)
    head.trainable = False
    assert head.trainable_variables == []
    together = make("routed_experts", freeze_experts=False)
    assert len(together.trainable_variables) == 3 + 4 + 2


@pytest.mark.parametrize("name", ["experts", "routed_experts"])
def test_heads_survive_keras_files(name, tmp_path):
    head = make(name, head={"name": "normalized_dense", "normalize_features": False})
    head.scale = 3.0
    inputs = keras.Input((12,))
    model = keras.Model(inputs, head(inputs))
    model.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras")
    assert loaded.layers[-1].get_config() == head.get_config() and loaded.layers[-1].scale == 3.0
    np.testing.assert_array_equal(value(loaded(FEATURES)), value(model(FEATURES)))


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="the backbone conversion 'experts'.*num_experts=5"):
        make(num_experts=5)
    with pytest.raises(
        ValueError, match="`num_experts` must be an integer in 1 .. 100.*Received: num_experts=0"
    ):
        make(num_experts=0)
    with pytest.raises(ValueError, match="2 or more to route"):
        make("routed_experts", num_experts=1)
    with pytest.raises(ValueError, match="threshold=1.0"):
        make("routed_experts", threshold=1.0)
    with pytest.raises(ValueError, match="head=ExpertsHead, 5 features"):
        mean_experts_used(make(), FEATURES)
