"""Feature-space augmentation in a stage of training."""

import shutil

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo import recipes
from ltzoo.techniques.feature_space import class_score_matrix, confusing_classes
from ltzoo.techniques.feature_space_augmentation import FeatureSpaceAugmentation
from ltzoo.training import Recipe, Stage
from ltzoo.training.context import StageContext
from tests import tiny

COUNTS = (20, 12, 3, 3)
FSA = {"name": "feature_space_augmentation"}


def backbone():
    """Two stages: 8x8 positions with 4 channels, 4x4 with 6."""
    inputs = features = keras.Input((8, 8, 1))
    for index, width in enumerate((4, 6)):
        features = keras.layers.Conv2D(
            width, 3, index + 1, padding="same", use_bias=False, name=f"block{index}_conv"
        )(features)
        features = ltzoo.layers.BatchNormalization(name=f"block{index}_norm")(features)
        features = keras.layers.ReLU(name=f"block{index}_relu")(features)
    return keras.Model(inputs, features, name="two_stages")


def stage(technique=None, **settings):
    settings = {"epochs": 1, "loss": {"name": "cross_entropy"}, "batch_size": 16, **settings}
    if technique is not None:
        settings = {
            "trainable": "head",
            "batch_norm": "frozen",
            **settings,
            "technique": {**FSA, **technique},
        }
    return Stage(**settings)


def model(*stages, head="dense", network=None):
    keras.utils.set_random_seed(5)
    recipe = Recipe("test", {"name": head}, stages)
    return ltzoo.models.build(network or backbone(), recipe, tiny.dataset(COUNTS))


def entered(technique, **settings):
    """A classifier whose only stage has begun, and a batch of two groups with N_a = 2."""
    made, data = model(stage({"num_augmented": 2, **technique}, **settings)), tiny.dataset(COUNTS)
    made.enter_stage(0)
    made.begin_stage(StageContext(made, data, 0, seed=1))
    positions = np.array([33, 1, 22, 5, 24, 9, 36, 2, 21, 30, 8, 20])
    return made, data.train.load(positions).astype("float32"), data.train.labels[positions]


def passed(classifier, images, labels, monkeypatch):
    """Targets and logits of a step as NumPy arrays, with the uniform numbers that were drawn."""
    random, drawn, found = np.random.default_rng(8), [], []

    def uniform(shape, dtype="float32", seed=None):
        drawn.append(random.random(tuple(int(size) for size in shape)).astype("float32"))
        return ops.convert_to_tensor(drawn[-1], dtype)

    def classification_loss(targets, logits):
        found.extend([ops.convert_to_numpy(targets), ops.convert_to_numpy(logits)])
        return ops.mean(logits)

    with monkeypatch.context() as patch:
        patch.setattr(keras.random, "uniform", uniform)
        real, kept = classifier.technique.training_pass(classifier, images)
        classifier.technique.loss(classifier, labels, real, kept, classification_loss)
    return *found, ops.convert_to_numpy(real), drawn


def fused_in_loops(maps, labels, kernel, ratios, uniforms):
    """The pooled features of a batch by Algorithm 1: one group, sample and vector after the other."""
    rows = []
    for group in range(2):
        chosen = maps[6 * group : 6 * group + 6].reshape(6, 16, -1)
        activation = np.einsum("nld,nd->nl", chosen, kernel.T[labels[6 * group : 6 * group + 6]])
        activation -= activation.min(axis=1, keepdims=True)
        activation /= activation.max(axis=1, keepdims=True)
        pooled = list(chosen.mean(axis=1))
        own = [place for place in range(16) if activation[0, place] > 0.8 and chosen[0, place].any()]
        for number in (1, 2):
            pair = 2 * group + number - 1
            theirs = [p for p in range(16) if activation[number, p] < 0.2 and chosen[number, p].any()]
            count = int(ratios[pair] * 16) if theirs else 16
            draws = uniforms[pair]
            pooled[number] = np.mean(
                [chosen[0, own[int(u * len(own))]] for u in draws[:count]]
                + [chosen[number, theirs[int(u * len(theirs))]] for u in draws[count:]],
                axis=0,
            )
        rows += pooled
    return np.array(rows)


def test_a_step_is_algorithm_1(monkeypatch):
    classifier, images, labels = entered({})
    targets, logits, real, (ratios, uniforms) = passed(classifier, images, labels, monkeypatch)
    maps = classifier.extract_feature_maps_on_batch(images)
    kernel, bias = (ops.convert_to_numpy(weight.value) for weight in classifier.head.weights)
    assert targets.tolist() == [*[labels[0]] * 3, *labels[3:6], *[labels[6]] * 3, *labels[9:]]
    np.testing.assert_allclose(real, maps.mean(axis=(1, 2)) @ kernel + bias, rtol=1e-4, atol=1e-5)
    expected = fused_in_loops(maps, labels, kernel, ratios, uniforms) @ kernel + bias
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(logits - real).max(axis=1).astype(bool).tolist() == [False, True, True, *[False] * 3] * 2


@pytest.mark.parametrize("technique", [{"depth": "block0_relu"}, {"depth": 1, "fusion": "algorithm_1"}])
def test_augmentation_behind_an_earlier_stage(monkeypatch, technique):
    classifier, images, labels = entered(
        {"rectify_map": True, **technique}, trainable=["block1_*"], batch_norm="frozen"
    )
    _, logits, real, (ratios, uniforms) = passed(classifier, images, labels, monkeypatch)
    assert (ratios.shape, uniforms.shape) == ((4,), (4, 64))
    different = np.abs(logits - real).max(axis=1) > 1e-5
    assert different.tolist() == [False, True, True, False, False, False] * 2


def test_without_augmentation_and_with_another_head(monkeypatch):
    classifier, images, labels = entered({"num_augmented": 0})
    targets, logits, real, drawn = passed(classifier, images, labels, monkeypatch)
    assert targets.tolist() == labels.tolist() and not drawn
    np.testing.assert_allclose(logits, real, rtol=1e-6)
    cosine = model(stage({"confusing_among": "head"}), head="normalized_dense")
    cosine.enter_stage(0)
    cosine.begin_stage(StageContext(cosine, tiny.dataset(COUNTS), 0, seed=1))
    np.testing.assert_array_equal(
        ops.convert_to_numpy(cosine.technique.map_kernel.value),
        ops.convert_to_numpy(cosine.head.kernel.value),
    )
    # The head is classes 0, 1 and 2.
    confusing = ops.convert_to_numpy(cosine.technique.confusing.value)
    assert confusing.shape == (4, 3) and sorted(confusing[3].tolist()) == [0, 1, 2]


class Watch(keras.callbacks.Callback):
    """Keeps the weights at the beginning of the second stage and its checkpoint after one epoch."""

    def __init__(self, classifier, folder):
        super().__init__()
        self.classifier, self.folder, self.weights = classifier, folder, None

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.weights = [np.array(ops.convert_to_numpy(w.value)) for w in self.classifier.backbone.weights]
            self.head = np.array(ops.convert_to_numpy(self.classifier.head.kernel.value))
            self.logits = self.classifier.predict(self.images, verbose=0)
        if epoch == 2:
            shutil.copytree(self.folder, self.folder.parent / "after_one_epoch")


def test_fine_tuning_resumes_and_leaves_the_backbone(tmp_path):
    data = tiny.dataset(COUNTS)
    stages = (
        stage(schedule={"name": "constant", "learning_rate": 0.1}),
        stage({"num_augmented": 1, "num_confusing": 2, "steps_per_epoch": 3}, epochs=2),
    )
    classifier = model(*stages)
    watch = Watch(classifier, tmp_path / "run")
    watch.images = data.train.load(np.arange(len(data.train.labels)))
    history = classifier.fit(data, checkpoint=tmp_path / "run", callbacks=[watch], verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for weight, before in zip(classifier.backbone.weights, watch.weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight.value), before)
    assert (ops.convert_to_numpy(classifier.head.kernel.value) != watch.head).all()
    technique = classifier.techniques[1]
    np.testing.assert_array_equal(ops.convert_to_numpy(technique.map_kernel.value), watch.head)
    scores = class_score_matrix([(watch.logits, data.train.labels)], 4)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(technique.confusing.value), confusing_classes(scores, 2)
    )
    again = model(*stages)
    resumed = again.fit(data, checkpoint=tmp_path / "after_one_epoch", resume=True, verbose=0)
    assert resumed.history == history.history
    for a, b in zip(tiny.weights(classifier), tiny.weights(again), strict=True):
        np.testing.assert_array_equal(a, b)
    classifier.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for a, b in zip(tiny.weights(classifier), tiny.weights(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_behind_the_cut_train():
    technique = {"depth": 1, "num_augmented": 1, "steps_per_epoch": 2}
    classifier = model(stage(technique, trainable=["block1_*"], batch_norm="train"))
    before = [np.array(ops.convert_to_numpy(weight.value)) for weight in classifier.backbone.weights]
    classifier.fit(tiny.dataset(COUNTS), validate=False, verbose=0)
    for weight, value in zip(classifier.backbone.weights, before, strict=True):
        assert (ops.convert_to_numpy(weight.value) != value).any() == ("block1" in weight.path), weight.path


def test_stages_that_do_not_fit_are_refused():
    everything = model(stage({"depth": 1}, trainable="all", batch_norm="train"))
    everything.enter_stage(0)
    with pytest.raises(ValueError, match=r"only layers behind it \(block1_conv, block1_norm\).*block0_conv"):
        everything.begin_stage(StageContext(everything, tiny.dataset(COUNTS), 0, seed=1))
    with pytest.raises(ValueError, match="one weight vector per class.*Received: head=Experts"):
        model(stage({}, scale=10.0), head="experts")
    with pytest.raises(ValueError, match="mixup_alpha=1.0"):
        model(stage({}, mixup_alpha=1.0))
    with pytest.raises(ValueError, match="reinitialize_head=True"):
        model(stage({}, reinitialize_head=True))
    maps = backbone()
    pooled = keras.Model(maps.inputs, keras.layers.GlobalAveragePooling2D()(maps.outputs[0]), name="pooled")
    with pytest.raises(ValueError, match="without pooling. Received: backbone='pooled'"):
        model(stage({}), network=pooled)
    soft, images, labels = entered({})
    logits, kept = soft.technique.training_pass(soft, images)
    with pytest.raises(ValueError, match=r"one class per image.*\(12, 4\)"):
        soft.technique.loss(soft, np.eye(4)[labels], logits, kept, None)


@pytest.mark.parametrize(
    "argument", [{"fusion": "sum"}, {"threshold_generic": 0.0}, {"num_augmented": -1}, {"rounding": "up"}]
)
def test_arguments_out_of_range_are_named(argument):
    (name, value), *_ = argument.items()
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        FeatureSpaceAugmentation(**argument)


def test_the_recipe_has_the_papers_numbers_of_iterations_and_images():
    recipe = recipes.get("fsa")
    first, second = recipe.stages
    assert (
        first.schedule["milestones"] == [150] and recipes.get("fsa", epochs=(40, 10)).stages[0].epochs == 40
    )
    technique = dict(second.technique)
    assert technique["steps_per_epoch"] * second.epochs == 6400
    made = FeatureSpaceAugmentation(**{key: value for key, value in technique.items() if key != "name"})
    assert second.batch_size // (2 * (1 + made.num_augmented)) == 16
    assert FeatureSpaceAugmentation.from_config(made.get_config()).get_config() == made.get_config()
