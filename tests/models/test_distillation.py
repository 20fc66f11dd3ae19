from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo import techniques
from ltzoo.models import load
from ltzoo.models import weights_errors as load_errors
from ltzoo.training import Recipe, Stage
from tests import tiny

pytestmark = pytest.mark.rotating(3)


def recipe(teachers, epochs=2, conversions=(), **technique):
    stage = Stage(
        epochs=epochs,
        loss={"name": "cross_entropy"},
        batch_size=8,
        schedule={"learning_rate": 0.1},
        technique={"name": "distillation", "teachers": teachers, **technique},
    )
    return Recipe("test", {"name": "dense"}, (stage,), conversions=conversions)


@pytest.fixture
def teachers(tmp_path):
    """Two saved classifiers, one of which averages over views in prediction."""
    paths = []
    for seed, conversions in enumerate([(), ({"name": "flip_average", "shift": 1},)]):
        plain = Recipe(
            "test", {"name": "dense"}, (Stage(1, {"name": "cross_entropy"}),), conversions=conversions
        )
        model = tiny.model(plain, seed=seed)
        model.head.kernel.assign(40.0 * np.asarray(ops.convert_to_numpy(model.head.kernel)))
        model.save(tmp_path / f"{seed}.keras")
        paths.append(str(tmp_path / f"{seed}.keras"))
    return paths


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def alone(path, images):
    """Logits of a saved model for the images as they are."""
    model = load(path)
    for layer in model._flatten_layers():
        if isinstance(layer, ltzoo.layers.FlipAverage):
            layer.averages = False
    return ops.convert_to_numpy(model(images, training=False)).astype("float64")


@pytest.mark.parametrize("ask", ["all", "one"])
def test_loss_is_the_formula(teachers, ask):
    model = tiny.model(recipe(teachers, weight=0.7, temperature=3.0, ask=ask))
    model.enter_stage(0)
    model.technique.load_files()
    images = tiny.dataset().train.load(np.arange(9))
    logits, kept = model(images, training=True)
    loss = model.technique.loss(model, None, logits, kept, lambda labels, logits: 5.0 * ops.ones(()))
    answers = [softmax(alone(path, images) / 3.0) for path in teachers]
    p = np.mean(answers, axis=0) if ask == "all" else np.where(np.arange(9)[:, None] % 2, *answers[::-1])
    q = softmax(ops.convert_to_numpy(logits).astype("float64") / 3.0)
    expected = 0.3 * 5.0 + 0.7 * 9.0 * np.mean(np.sum(p * (np.log(p) - np.log(q)), axis=-1))
    np.testing.assert_allclose(float(ops.convert_to_numpy(loss)), expected, rtol=1e-5)


def test_a_student_comes_near_its_teacher_and_is_saved_without_it(teachers, tmp_path):
    teacher = tiny.model("class_balanced_sampling", epochs=(6,))
    teacher.fit(tiny.dataset(), verbose=0)
    teacher.save(teachers[0])
    images = tiny.dataset(val=False).test.load(np.arange(18))
    wanted = softmax(teacher.predict(images, verbose=0))
    model = tiny.model(recipe(teachers[0], epochs=12, weight=1.0, temperature=1.0), seed=5)
    before = np.abs(softmax(model.predict(images, verbose=0)) - wanted).mean()
    number = len(model.weights)
    model.fit(tiny.dataset(), verbose=0)
    found = model.predict(images, verbose=0)
    assert np.abs(softmax(found) - wanted).mean() < 0.5 * before
    assert len(model.weights) == number == len(tiny.model("cross_entropy").weights)
    model.save(tmp_path / "student.keras")
    Path(teachers[0]).unlink()
    np.testing.assert_allclose(load(tmp_path / "student.keras").predict(images, verbose=0), found, atol=1e-5)


def test_teachers_see_what_the_device_made_of_the_images(teachers):
    """A student with the teacher's weights has no loss, whatever crop it is given."""
    stage = recipe(teachers[0], weight=1.0).stages[0]
    stage = Stage(
        **{
            **vars(stage),
            "augmentation": ({"name": "pad_crop_flip", "padding": 2},),
            "augment_on": "device",
        }
    )
    model = tiny.model(Recipe("test", {"name": "dense"}, (stage,)))
    teacher = load(teachers[0])
    for mine, other in zip(model.backbone.weights, teacher.backbone.weights, strict=True):
        mine.assign(other)
    for mine, other in zip(model.head.weights, teacher.head.weights, strict=True):
        mine.assign(other)
    model.enter_stage(0)
    for layer in model.backbone._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # Moving statistics, as the teacher's.
    model.technique.load_files()
    logits, kept = model(tiny.dataset().train.load(np.arange(10)), training=True)
    loss = model.technique.loss(model, None, logits, kept, None)
    np.testing.assert_allclose(ops.convert_to_numpy(loss), 0.0, atol=1e-6)


def test_resumed_training_is_the_same(teachers, tmp_path):
    whole = tiny.model(recipe(teachers))
    whole.fit(tiny.dataset(), verbose=0)

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    interrupted = tiny.model(recipe(teachers))
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(tiny.dataset(), verbose=0, checkpoint=tmp_path / "c", callbacks=[Stop()])
    resumed = tiny.model(recipe(teachers))
    resumed.fit(tiny.dataset(), verbose=0, checkpoint=tmp_path / "c", resume=True)
    for a, b in zip(tiny.weights(whole), tiny.weights(resumed), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_configuration_and_errors(teachers):
    layer = techniques.get({"name": "distillation", "teachers": teachers[0], "weight": 0.5})
    assert keras.saving.get_registered_name(type(layer)) == "ltzoo>Distillation"
    assert layer.teachers == [teachers[0]]
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
    for arguments, said in (
        ({"teachers": []}, r"teachers=\[\]"),
        ({"teachers": [load(teachers[0])]}, "in memory"),
        ({"teachers": "a", "weight": 1.5}, "weight=1.5"),
        ({"teachers": "a", "temperature": 0}, "temperature=0"),
        ({"teachers": "a", "ask": "two"}, "ask='two'"),
    ):
        with pytest.raises(ValueError, match=said):
            techniques.get({"name": "distillation", **arguments})
    model = tiny.model(recipe(teachers), counts=(24, 12, 4, 3))
    with pytest.raises(ValueError, match=r"4 classes \(vertical, horizontal, diagonal, fourth\)"):
        model.fit(tiny.dataset((24, 12, 4, 3)), verbose=0)


def test_a_batch_with_fewer_images_than_teachers(teachers):
    """Of 41 images in batches of 8 the last one has a batch of its own."""
    model = tiny.model(recipe(teachers, ask="one", epochs=1, weight=1.0, temperature=2.0), counts=(25, 12, 4))
    history = model.fit(tiny.dataset((25, 12, 4)), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    model.enter_stage(0)
    images = tiny.dataset().train.load(np.arange(1))
    logits, kept = model(images, training=True)
    loss = model.technique.loss(model, None, logits, kept, None)
    q = softmax(ops.convert_to_numpy(logits).astype("float64") / 2.0)
    answers = [softmax(alone(path, images) / 2.0) for path in teachers]
    expected = 4.0 * np.mean([np.sum(p * (np.log(p) - np.log(q))) for p in answers])
    np.testing.assert_allclose(float(ops.convert_to_numpy(loss)), expected, rtol=1e-5)


def test_teachers_compute_in_the_precision_of_the_training(teachers):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny.model(recipe(teachers[1]))
    finally:
        keras.config.set_dtype_policy("float32")
    model.enter_stage(0)
    model.technique.load_files()
    images = tiny.dataset().train.load(np.arange(10))
    (teacher,) = model.technique._teachers.models
    types = {
        layer.compute_dtype
        for layer in teacher.backbone._flatten_layers()
        if isinstance(layer, keras.layers.Conv2D)
    }
    assert types == {"bfloat16"}
    found = ops.convert_to_numpy(model.technique._answers(images))
    np.testing.assert_allclose(found, softmax(alone(teachers[1], images) / 2.0), atol=0.05)


def test_a_missing_teacher_of_stage_2_is_missed_before_stage_1(tmp_path):
    first = Stage(epochs=1, loss={"name": "cross_entropy"}, batch_size=8)
    model = tiny.model(Recipe("test", {"name": "dense"}, (first, recipe("nowhere/model.keras").stages[0])))
    before = tiny.weights(model)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        model.fit(tiny.dataset(), verbose=0, checkpoint=tmp_path / "checkpoint")
    for old, new in zip(before, tiny.weights(model), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_teacher_without_weights_says_how_to_train_it():
    name = "best_sgd_seed0_fastnet_cifar10_lt"
    model = tiny.model(recipe([name]))
    said = rf"ltzoo train {name} --data-dir FOLDER --out DIR.*run folder DIR.*teachers=\['{name}'\]"
    with pytest.raises(load_errors.NoWeightsError, match=said):
        model.fit(tiny.dataset(), verbose=0)
