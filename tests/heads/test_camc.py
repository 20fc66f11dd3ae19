"""CAMC's head at the beginning of its stage, and its recipes."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads, recipes
from ltzoo.layers.prototypes import prototype_positions
from ltzoo.training import Recipe, Stage
from tests import tiny


class Context:
    """A stage context of made-up features."""

    seed = 5

    def __init__(self, labels, shape=(3, 2, 6)):
        generator = np.random.default_rng(0)
        self.labels = np.asarray(labels)
        self.dataset = SimpleNamespace(train=SimpleNamespace(labels=self.labels))
        self.maps = np.maximum(generator.normal(1, 1, (len(labels), *shape)), 0).astype("float32")

    def features(self):
        return self.maps.mean((1, 2)), self.labels

    def features_at(self, positions):
        return self.features()[0][positions]

    def feature_maps(self, positions):
        return self.maps[positions]


def begun(previous=None, **arguments):
    counts = (30, 8, 3)
    context = Context(np.repeat([0, 1, 2], counts))
    head = heads.get(
        {"name": "camc", "threshold": 20, "num_prototypes": 4, **arguments}, 3, class_counts=counts
    )
    head.build((None, 3, 2, 6))
    heads.begin(head, previous, context)
    return head, context


def test_the_head_takes_class_vectors_prototypes_and_fusion_from_the_stage_before():
    previous = heads.get({"name": "normalized_dense", "normalize_features": False}, 3, 0.5)
    previous.build((None, 6))
    head, context = begun(previous)
    np.testing.assert_array_equal(head.kernel, previous.kernel)
    features, labels = context.features()
    chosen = prototype_positions(labels, (1, 2), 4, seed=5)
    assert set(labels[chosen[1]]) == {2} and chosen[1][3] == chosen[1][0]
    np.testing.assert_array_equal(head.prototypes, features[chosen])
    prototypes, fusion, bias = (ops.convert_to_numpy(w) for w in head.weights[1:])
    fused = np.einsum("nyxd,tkd,tk->nyxt", context.maps, prototypes, fusion[:, 0, 0]) + bias
    np.testing.assert_allclose(fused.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(fused.std((0, 1, 2)), 1, atol=1e-4)
    assert head.scale == 16.0


def test_the_first_stage_and_a_plain_fusion():
    head, _ = begun(None, fusion_images=0)
    np.testing.assert_allclose(head.fusion_kernel, np.full((2, 1, 1, 4), 0.25))
    other = heads.get({"name": "dense"}, 3)
    other.build((None, 5))
    before = ops.convert_to_numpy(head.kernel)
    heads.begin(head, other, Context([0, 1, 2]))
    np.testing.assert_array_equal(head.kernel, before)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="`class_counts` must be a non-empty"):
        heads.get({"name": "camc"}, 3)
    with pytest.raises(ValueError, match="fusion_images=-1"):
        heads.get({"name": "camc", "fusion_images": -1}, 3, class_counts=(3, 2, 1))


def test_a_classifier_with_the_head_survives_a_file(tmp_path):
    """The head alone, without an epoch of training: prototypes and fusion still are of the data."""
    head = {"name": "camc", "threshold": 20, "kernel_size": 3}
    stage = Stage(epochs=0, loss={"name": "cross_entropy"}, head=head, scale=16.0)
    model, data = tiny.model(Recipe("test", head, [stage])), tiny.dataset()
    model.fit(data, verbose=0)
    assert model.head.tail_classes == (1, 2) and model.head.prototypes.shape == (2, 5, 4)
    assert np.abs(ops.convert_to_numpy(model.head.prototypes)).max() > 0
    images = data.test.load(np.arange(6))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(*(ops.convert_to_numpy(m(images)) for m in (copy, model)))


def test_the_scales_of_the_recipe():
    for name in ("camc", "camc_plus_plus"):
        first, second = recipes.get(name).stages
        assert (first.scale, second.scale, first.epochs, second.epochs) == (0.5, 16.0, 200, 10)
        assert recipes.get(name).head["normalize_features"] is False
        assert second.trainable == "head" and second.head == {"name": "camc"}
