import hashlib
import json

import keras
import numpy as np
import pytest

from ltzoo import models, recipes
from tests import tiny


class EndOfStages(keras.callbacks.Callback):
    """What the classifier says about some images at the end of each stage."""

    def __init__(self, images):
        super().__init__()
        self.images, self.logits = images, []

    def on_train_end(self, logs=None):
        self.logits.append(keras.ops.convert_to_numpy(self.model(self.images, training=False)))


@pytest.mark.parametrize("augment_on", ["host", "device"])
def test_stage_2_learns_a_factor_and_a_share_of_the_prior_and_nothing_else(augment_on):
    data = tiny.dataset()
    crop = {"name": "pad_crop_flip", "padding": 1, "flip": False}
    stages = {
        "stage1": {"augmentation": [crop, {"name": "cmo"}]},
        "stage2": {"augmentation": [crop]},
    }
    recipe = recipes.get("best", epochs=(2, 2), batch_size=8, augment_on=augment_on, **stages)
    model = tiny.model(recipe)
    seen = EndOfStages(data.test.load(np.arange(len(data.test.labels))))
    model.fit(data, verbose=0, seed=0, callbacks=[seen])
    assert max(model.history.history["accuracy"]) > 0.3
    first, second = seen.logits
    head = model.head
    factor, share = (float(keras.ops.convert_to_numpy(w.value)) for w in (head.factor, head.prior_share))
    assert abs(factor - 1) > 0.01 and abs(share) > 0.01
    prior = np.array(tiny.CLASS_COUNTS) / sum(tiny.CLASS_COUNTS)
    np.testing.assert_allclose(second, factor * first + share * np.log(prior), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name, expected", [("best_sgd", "10ff1b8acd89"), ("best_distilled", "7439decd1d16")])
def test_recipes_around_best_keep_the_hash_of_their_results(name, expected):
    text = json.dumps(recipes.get(name).to_dict(), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == expected


def test_teachers_of_best_distilled_are_entries_of_best_sgd():
    for stage in recipes.get("best_distilled").stages[:2]:
        cards = [models.card(name) for name in stage.technique["teachers"]]
        assert [card.recipe for card in cards] == [recipes.get("best_sgd").to_dict()] * 3
        assert sorted(card.seed for card in cards) == [0, 1, 2]
        assert all(card.weights is None and card.measured["top1"] > 0.86 for card in cards)
