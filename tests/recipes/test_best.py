import keras
import numpy as np

from ltzoo import recipes
from tests import tiny


class EndOfStages(keras.callbacks.Callback):
    """What the classifier says about some images at the end of each stage."""

    def __init__(self, images):
        super().__init__()
        self.images, self.logits = images, []

    def on_train_end(self, logs=None):
        self.logits.append(keras.ops.convert_to_numpy(self.model(self.images, training=False)))


def test_stage_2_changes_only_how_sure_the_classifier_is():
    data = tiny.dataset()
    crop = {"name": "pad_crop_flip", "padding": 1, "flip": False}
    stages = {
        "stage1": {"augmentation": [crop, {"name": "cmo"}]},
        "stage2": {"augmentation": [crop]},
    }
    recipe = recipes.get("best", epochs=(2, 2), batch_size=8, **stages)
    model = tiny.model(recipe)
    seen = EndOfStages(data.test.load(np.arange(len(data.test.labels))))
    model.fit(data, verbose=0, seed=0, callbacks=[seen])
    first, second = seen.logits
    (scale,) = keras.ops.convert_to_numpy(model.head.class_scale.value)
    assert scale > 0 and abs(scale - 1) > 0.01
    np.testing.assert_allclose(second, scale * first, rtol=1e-4, atol=1e-5)
