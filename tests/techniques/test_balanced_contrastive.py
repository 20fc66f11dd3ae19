import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.balanced_contrastive import balanced_contrastive
from ltzoo.training import Recipe, Stage
from tests import tiny


def recipe(views=3, head="normalized_dense", sampler=None, mixup_alpha=0.0, **technique):
    stage = Stage(
        epochs=2,
        loss={"name": "cross_entropy"},
        batch_size=8,
        sampler={"views": views} if sampler is None else sampler,
        augmentation=[{"name": "pad_crop_flip", "padding": 1, "flip": False}],
        mixup_alpha=mixup_alpha,
        scale=None if head == "dense" else 8.0,
        technique={
            "name": "balanced_contrastive",
            "views": views,
            "hidden_units": 16,
            "units": 8,
            **technique,
        },
    )
    return Recipe("test", {"name": head}, (stage,))


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def test_a_fit_moves_the_projections_and_prediction_knows_nothing_of_them(tmp_path):
    data, model = tiny.dataset(), tiny.model(recipe(views=2, head="dense"))
    technique = model.techniques[0]
    parts = (technique.projection, technique.prototype_projection)
    kernels = [layer.kernel for part in parts for layer in (part.hidden, part.output_layer)]
    before = [numpy(kernel) for kernel in kernels]
    history = model.fit(data, verbose=0, validate=False)
    assert np.isfinite(history.history["loss"]).all()
    for kernel, old in zip(kernels, before, strict=True):
        assert np.abs(numpy(kernel) - old).max() > 1e-4
    images = data.test.load(np.arange(4))
    expected = model.predict(images, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), expected)
    np.testing.assert_array_equal(
        numpy(loaded.techniques[0].projection.hidden.kernel), numpy(technique.projection.hidden.kernel)
    )
    assert len(loaded.trainable_variables) == len(model.trainable_variables) == 8
    # Without the training-only parts the answers are the same.
    for variable in technique.weights:
        variable.assign(np.zeros(variable.shape))
    np.testing.assert_array_equal(model.predict(images, verbose=0), expected)


def test_the_loss_is_that_of_the_parts():
    views = 3
    data, model = tiny.dataset(), tiny.model(recipe(views, temperature=0.3))
    model.set_stage(0, 5)
    technique = model.techniques[0]
    images = np.concatenate([data.train.load(np.arange(20, 26))] * views)  # views of one image are 6 apart
    labels = np.array([0, 0, 1, 1, 2, 0])
    order = np.arange(6 * views).reshape(views, 6).T.reshape(-1)
    images = np.clip(images + np.random.default_rng(0).normal(0, 20, images.shape), 0, 255)[order]
    labels = np.tile(labels, views)[order]

    features = model.features(images, training=True)
    embeddings = numpy(technique.projection(features, training=True))
    prototypes = technique.prototype_projection(ops.transpose(model.head.kernel), training=True)
    expected_logits = numpy(model.head(features))[::views]
    contrast = np.concatenate([embeddings[1::views], embeddings[2::views]])
    expected = 0.6 * np.mean(
        numpy(
            balanced_contrastive(
                np.tile(labels[::views], 2), ops.convert_to_tensor(contrast), prototypes, temperature=0.3
            )
        )
    )
    expected += 2.0 * numpy(model._classification_loss(labels[::views], expected_logits))

    logits, kept = technique.training_pass(model, images)
    np.testing.assert_allclose(numpy(logits), expected_logits, rtol=1e-4, atol=1e-4)
    targets = technique.targets(labels)
    np.testing.assert_array_equal(targets, labels[::views])
    loss = technique.loss(model, targets, logits, kept, model._classification_loss)
    np.testing.assert_allclose(numpy(loss), expected, rtol=1e-4)
    with pytest.raises(ValueError, match=r"integer labels.*Received: labels of shape \(6, 3\)"):
        technique.loss(model, np.eye(3)[targets], logits, kept, model._classification_loss)


def test_what_it_needs_is_said():
    for arguments, message in (
        ({"sampler": {"strategy": "class_balanced"}}, "must draw 3 views.*class_balanced"),
        ({"mixup_alpha": 1.0}, "mixup_alpha=1.0"),
        ({"head": "headless", "views": 3}, "headless"),
        ({"views": 4}, "views=4"),
    ):
        with pytest.raises(ValueError, match=message):
            tiny.model(recipe(**arguments))
