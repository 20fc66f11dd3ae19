"""LFME against NumPy: what the experts see, and what the student learns from them."""

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo import recipes
from ltzoo.techniques.group_experts.base import confidence_ranges
from ltzoo.techniques.group_experts.student import expert_weights
from tests import tiny

COUNTS = (24, 12, 6, 4)
GROUPS = ([0, 1], [2], [3])


def model_of(name="lfme", counts=COUNTS, **changes):
    return tiny.model(tiny.recipe(name, epochs=(1, 1, 1, 2), **changes), counts=counts)


def as_numpy(tensor):
    return np.array(ops.convert_to_numpy(tensor), "float64")


def softmax(values):
    values = np.exp(values - values.max(-1, keepdims=True))
    return values / values.sum(-1, keepdims=True)


def test_an_expert_sees_its_classes_alone():
    model = model_of()
    data = tiny.dataset(COUNTS)
    for stage, classes in enumerate(GROUPS):
        model.set_stage(stage, 4)
        sampler = model.technique.make_sampler(model, data.train.labels, 8, seed=1)
        drawn = np.concatenate([sampler.batch(0, step) for step in range(sampler.steps_per_epoch)])
        assert set(data.train.labels[drawn]) == set(classes)
        images = data.train.load(drawn[:4]).astype("float32")
        labels = data.train.labels[drawn[:4]]
        logits = as_numpy(model.classify(images, training=True))[:, classes]
        expected = -np.log(softmax(logits)[np.arange(4), np.searchsorted(classes, labels)]).mean()
        found = model.compute_loss(images, ops.convert_to_tensor(labels), model(images, training=True))
        np.testing.assert_allclose(as_numpy(found), expected, rtol=1e-4, atol=1e-6)


def test_ranges_of_confidence():
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(20, 4)), np.arange(20) % 4
    found = confidence_ranges(logits, labels, np.array([1, 3]))
    own = softmax(logits[:, [1, 3]])
    np.testing.assert_allclose(found[1], [own[labels == 1, 0].min(), own[labels == 1, 0].max()])
    np.testing.assert_allclose(found[3], [own[labels == 3, 1].min(), own[labels == 3, 1].max()])
    assert (found[[0, 2]] == 0).all()


def test_an_expert_counts_until_the_student_catches_up():
    own, theirs = np.array([0.1, 0.5, 0.9, 0.2]), np.array([0.8, 0.8, 0.8, 0.0])
    np.testing.assert_allclose(expert_weights(own, theirs), [1, (1 - 0.5 / 0.8) / 0.7, 0, 0])


def test_each_stage_starts_from_the_first_network_and_keeps_an_expert(tmp_path):
    data, model = tiny.dataset(COUNTS), model_of()
    images = data.test.load(np.arange(6))
    first = [as_numpy(variable) for variable in model.backbone.weights]
    ends = []

    class Keep(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            for variable, value in zip(self.model.backbone.weights, first, strict=True):
                np.testing.assert_array_equal(as_numpy(variable), value)

        def on_train_end(self, logs=None):
            ends.append(as_numpy(self.model.classify(images, training=False)))

    history = model.fit(data, verbose=0, callbacks=[Keep()])
    assert np.isfinite(history.history["loss"]).all() and len(ends) == 4
    for technique, expected in zip(model.techniques[1:], ends[:3], strict=True):
        found = as_numpy(technique.teacher(model.normalize_images(images)))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(as_numpy(one), as_numpy(other))


def test_the_loss_of_the_student():
    data, model = tiny.dataset(COUNTS), model_of()
    random = np.random.default_rng(7)
    model.set_stage(3, 4)
    part = model.technique
    teachers = [technique.teacher for technique in model.techniques[1:]]
    ranges = np.sort(random.uniform(0, 1, (4, 2)), axis=1)
    for technique, teacher, classes in zip(model.techniques[1:], teachers, GROUPS, strict=True):
        teacher.backbone.reset(model.backbone)
        teacher.head.network.kernel.assign(random.normal(size=(4, 4)))
        own = np.zeros((4, 2))
        own[classes] = ranges[classes]
        technique.confidence.assign(own)
    part.on_epoch_begin(0, 8)
    part.weights_of_experts.assign([0.5, 0.0, 1.0])
    positions = np.arange(0, 46, 3)
    images, labels = data.train.load(positions).astype("float32"), data.train.labels[positions]
    z = as_numpy(model.classify(images, training=True))
    answers = [as_numpy(teacher(model.normalize_images(images))) for teacher in teachers]
    floors = np.array([4 / 18, 4 / 18, 4 / 6, 1])
    weights = np.empty(len(labels))
    for i, label in enumerate(labels):
        expert = next(e for e, classes in enumerate(GROUPS) if label in classes)
        sure = softmax(answers[expert][i, GROUPS[expert]])[GROUPS[expert].index(label)]
        share = np.clip((sure - ranges[label, 0]) / (ranges[label, 1] - ranges[label, 0]), 0, 1)
        first = floors[label] + (1 - floors[label]) * share
        weights[i] = first + (1 - first) * 2 / 8
    scaled = z * weights[:, None]
    expected = -np.log(softmax(scaled)[np.arange(len(labels)), labels]).mean()
    for weight, classes, answer in zip([0.5, 0.0, 1.0], GROUPS, answers, strict=True):
        wanted, found = softmax(answer[:, classes] / 2), softmax(scaled[:, classes] / 2)
        expected += weight * (wanted * np.log(wanted / found)).sum(1).mean()
    found = model.compute_loss(images, ops.convert_to_tensor(labels), model(images, training=True))
    np.testing.assert_allclose(as_numpy(found), expected, rtol=1e-4)
    np.testing.assert_allclose(as_numpy(part.seen), [np.isin(labels, classes).sum() for classes in GROUPS])
    right = z.argmax(1) == labels
    np.testing.assert_allclose(
        as_numpy(part.right), [right[np.isin(labels, classes)].sum() for classes in GROUPS]
    )
    hits = [
        (np.array(classes)[answer[:, classes].argmax(1)] == labels).sum()
        for classes, answer in zip(GROUPS, answers, strict=True)
    ]
    np.testing.assert_allclose(as_numpy(part.right_of_experts), hits)
    counts = [as_numpy(value) for value in (part.right, part.right_of_experts, part.seen)]
    part.on_epoch_begin(1, 8)
    wanted = expert_weights(counts[0] / counts[2], counts[1] / counts[2])
    np.testing.assert_allclose(as_numpy(part.weights_of_experts), wanted, rtol=1e-5)
    assert as_numpy(part.seen).sum() == 0 and as_numpy(part.progress) == 0.5


def test_config_and_wrong_uses():
    model = model_of()
    for part in model.techniques:
        assert type(part).from_config(part.get_config()).get_config() == part.get_config()
    with pytest.raises(ValueError, match="'learning_from_experts' must come after stages"):
        tiny.model("cross_entropy", technique={"name": "learning_from_experts"})
    with pytest.raises(ValueError, match="three classes or more"):
        ltzoo.models.build("tiny_cnn", "lfme", tiny.dataset((5, 4)))
    with pytest.raises(ValueError, match="must be 'group_expert'"):
        model_of(stage2={"technique": {"name": "max_norm"}})


@pytest.mark.parametrize(
    "change",
    [
        {"sampler": {"strategy": "instance_balanced", "views": 2}},
        {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}},
    ],
)
def test_an_expert_refuses_what_asks_for_other_groups(change):
    with pytest.raises(ValueError, match="'group_expert' must have neither views nor a companion.*Received"):
        tiny.model(recipes.get("lfme", stage1=change))
