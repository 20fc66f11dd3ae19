import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.parametric_contrastive import parametric_contrastive
from ltzoo.training import Recipe, Stage
from tests import tiny


def recipe(**technique):
    stage = Stage(
        epochs=2,
        loss={"name": "cross_entropy"},
        batch_size=8,
        sampler={"views": 2},
        augmentation=[{"name": "pad_crop_flip", "padding": 1, "flip": False}],
        technique={"name": "parametric_contrastive", "queue_size": 20, "units": 8, **technique},
    )
    return Recipe("test", {"name": "dense"}, (stage,))


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def test_a_fit_fills_the_queue_and_the_momentum_copy_follows(tmp_path):
    data, model = tiny.dataset(), tiny.model(recipe(momentum=0.9))
    technique = model.techniques[0]
    assert not {id(v) for v in technique.key_backbone.variables} & {id(v) for v in model.trainable_variables}
    start = [numpy(variable) for variable in model.backbone.weights]
    history = model.fit(data, verbose=0, validate=False)
    assert np.isfinite(history.history["loss"]).all()
    labels = numpy(technique.queue_labels)
    np.testing.assert_array_equal(np.bincount(labels, minlength=3).sum(), 20)
    np.testing.assert_allclose(np.linalg.norm(numpy(technique.queue), axis=1), 1.0, rtol=1e-4)
    for first, key, query in zip(start, technique.key_backbone.weights, model.backbone.weights, strict=True):
        if not key.path.split("/")[-1].startswith("moving"):
            assert np.abs(numpy(key) - first).max() > 0
            assert 0 < np.abs(numpy(key) - numpy(query)).max() < np.abs(numpy(query) - first).max()
    # Everything that a resumed training needs is among the model's variables; prediction needs none of it.
    images = data.test.load(np.arange(4))
    expected = model.predict(images, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, two in zip(loaded.techniques[0].weights, technique.weights, strict=True):
        np.testing.assert_array_equal(numpy(one), numpy(two))
    assert loaded.techniques[0].trainable_weights == []
    for variable in technique.weights:
        variable.assign(np.zeros(variable.shape))
    np.testing.assert_array_equal(model.predict(images, verbose=0), expected)


def test_a_step_by_hand():
    data, model = tiny.dataset(), tiny.model(recipe(momentum=0.75, queue_size=12, alpha=0.3))
    model.set_stage(0, 5)
    technique = model.techniques[0]
    technique.begin(model, None)
    kernel = model.backbone.get_layer("block0_conv").kernel
    key_kernel = technique.key_backbone.network.get_layer("block0_conv").kernel
    np.testing.assert_array_equal(numpy(key_kernel), numpy(kernel))
    old = numpy(kernel)
    kernel.assign(kernel + 1.0)
    images = data.train.load(np.repeat(np.arange(20, 28), 2)).astype("float32")
    images[1::2] = np.clip(images[1::2] * 0.8 + 10, 0, 255)
    labels = np.repeat(np.array([0, 0, 1, 1, 2, 0, 2, 1]), 2)
    earlier = np.zeros((0, 8)), np.zeros(0, int)
    for step in (1, 2):
        logits, (queries, keys) = technique.training_pass(model, images)
        targets = technique.targets(labels)
        loss = technique.loss(model, targets, logits, (queries, keys), None)
        expected = parametric_contrastive(
            targets,
            logits,
            queries,
            ops.convert_to_tensor(
                np.concatenate([numpy(keys), earlier[0], np.zeros((12 - 8 * step + 8, 8))])
            ),
            np.concatenate([targets, earlier[1], np.full(12 - 8 * step + 8, -1)]),
            class_counts=tiny.CLASS_COUNTS,
            alpha=0.3,
        )
        np.testing.assert_allclose(numpy(loss), numpy(expected).mean(), rtol=1e-5)
        earlier = numpy(keys), np.asarray(targets)
        np.testing.assert_array_equal(numpy(technique.queue)[:8], earlier[0])
        np.testing.assert_array_equal(numpy(technique.queue_labels)[:8], earlier[1])
        assert (numpy(technique.queue_labels) < 0).sum() == (4 if step == 1 else 0)
        np.testing.assert_allclose(numpy(key_kernel), old + 1.0 - 0.75**step, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        numpy(logits), numpy(model.head(model.features(images[::2], training=True))), rtol=1e-4, atol=1e-4
    )


def test_what_it_needs_is_said():
    stage = Stage(epochs=1, loss={"name": "cross_entropy"}, technique={"name": "parametric_contrastive"})
    with pytest.raises(ValueError, match="must draw 2 views"):
        tiny.model(Recipe("test", {"name": "dense"}, (stage,)))
    with pytest.raises(ValueError, match="queue_size=0"):
        tiny.model(recipe(queue_size=0))
