"""The head that validation images calibrate, and the recipe that ends with it."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo import heads, recipes
from ltzoo.heads.calibration_fit import fit_calibration
from ltzoo.heads.signed_root import signed_root
from ltzoo.losses import log_prior
from ltzoo.training import Stage
from tests import tiny

COUNTS = [6, 3, 1]
RANDOM = np.random.default_rng(3)
LABELS = np.repeat([0, 1, 2], [8, 6, 4])
FEATURES = np.abs(RANDOM.normal(size=(18, 4))).astype("float32")
FEATURES[:, :3] += 2 * np.eye(3, dtype="float32")[LABELS]


class Context:
    def __init__(self, held_out=(FEATURES, LABELS)):
        self.held_out = held_out

    def features(self):
        return FEATURES, LABELS

    def val_features(self):
        return self.held_out


def built(config, scale=None, **context):
    head = heads.get(config, 3, scale, name="head", **context)
    head.build((None, 4))
    return head


def trained(square_root):
    previous = built({"name": "standardized", "square_root": square_root})
    heads.begin(previous, None, Context())
    previous.kernel.assign(RANDOM.normal(size=(4, 3)))
    previous.bias.assign([0.5, -0.5, 0.0])
    return previous


def numbers(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


@pytest.mark.parametrize("target", ["uniform", "data"])
@pytest.mark.parametrize("square_root, scale", [(True, None), (False, 4.0)])
def test_factor_and_share_are_those_of_the_validation_images(square_root, scale, target):
    previous = trained(square_root)
    config = {"name": "calibrated", "square_root": square_root, "target": target}
    head = built(config, scale, class_counts=COUNTS)
    heads.begin(head, previous, Context())
    before = numbers(previous(FEATURES))
    factor, share = fit_calibration(before, LABELS, log_prior(COUNTS), target)
    assert abs(factor - 1) > 0.05 and abs(share) > 0.01
    np.testing.assert_allclose(numbers(head.calibration), [factor, share], rtol=1e-3)
    expected = factor * before + share * np.log(np.array(COUNTS) / 10)
    np.testing.assert_allclose(numbers(head(FEATURES)), expected, rtol=1e-3, atol=1e-4)
    roots = signed_root(FEATURES) if square_root else FEATURES
    by_hand = roots @ numbers(head.kernel) * head.scale + numbers(head.bias) * head.scale
    np.testing.assert_allclose(by_hand, expected, rtol=1e-3, atol=1e-4)


def test_without_validation_images_it_warns_and_changes_nothing():
    previous = trained(False)
    head = built({"name": "calibrated"}, class_counts=COUNTS)
    with pytest.warns(UserWarning, match="no validation images to calibrate with.*validation_fraction"):
        heads.begin(head, previous, Context(None))
    assert numbers(head.calibration).tolist() == [1.0, 0.0]
    np.testing.assert_allclose(numbers(head(FEATURES)), numbers(previous(FEATURES)), rtol=1e-4, atol=1e-5)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="`target` must be one of .*Received: target='odd'"):
        built({"name": "calibrated", "target": "odd"}, class_counts=COUNTS)
    head = built({"name": "calibrated"}, class_counts=COUNTS)
    with pytest.raises(ValueError, match="`square_root` must be the same.*Received: square_root=False"):
        heads.begin(head, trained(True), Context())
    assert type(head).from_config(head.get_config()).get_config() == head.get_config()


def test_fine_tuning_moves_all_layers_and_saves_what_it_computes(tmp_path):
    dataset = tiny.dataset()
    recipe = recipes.for_dataset(recipes.get("fine_tuning", epochs=(4, 2, 0)), dataset)
    first = dataclasses.replace(recipe, stages=recipe.stages[:1])
    frozen, model = (ltzoo.models.build("tiny_cnn", made, dataset, seed=0) for made in (first, recipe))
    with pytest.warns(UserWarning, match="random"):  # The tiny network has no pretrained weights.
        frozen.fit(dataset, verbose=0)
        model.fit(dataset, verbose=0)
    pairs = list(zip(frozen.backbone.weights, model.backbone.weights, strict=True))
    moved = {new.path: bool(np.any(numbers(old) != numbers(new))) for old, new in pairs}
    assert moved == {path: path.endswith("kernel") for path in moved} and any(moved.values())
    assert numbers(model.head.calibration)[0] > 0
    model.save(tmp_path / "model.keras")
    images = dataset.test.load(np.arange(8))
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-4, atol=1e-5
    )


def test_it_has_a_bias_and_merges_into_a_dense_layer():
    head = built({"name": "calibrated", "use_bias": False}, class_counts=COUNTS)
    heads.begin(head, trained(False), Context())
    assert head.bias is not None and numbers(head.calibration)[1] != 0
    kernel, bias = head.merged_weights()
    np.testing.assert_allclose(FEATURES @ kernel + bias, numbers(head(FEATURES)), rtol=1e-4, atol=1e-5)
    again = built({"name": "calibrated"}, class_counts=COUNTS)
    heads.begin(again, head, Context())
    np.testing.assert_allclose(numbers(again.calibration), [1.0, 0.0], atol=0.05)
    rooted = built({"name": "calibrated", "square_root": True}, class_counts=COUNTS)
    heads.begin(rooted, trained(True), Context())
    heads.begin(built({"name": "calibrated", "square_root": True}, class_counts=COUNTS), rooted, Context())


@pytest.mark.parametrize("stages", [("calibrated",), ("dense", "calibrated")])
def test_stages_that_it_cannot_begin_are_refused(stages):
    made = [Stage(epochs=1, loss={"name": "cross_entropy"}, head={"name": name}) for name in stages]
    recipe = recipes.Recipe("wrong", {"name": stages[0]}, made)
    with pytest.raises(ValueError, match="must follow a trained stage.*Received: the head of stage"):
        ltzoo.models.build("tiny_cnn", recipe, tiny.dataset())
