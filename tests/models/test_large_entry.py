"""A large entry of the zoo, from the card to predictions: its network is built, its weights are found and verified."""

import json

import numpy as np
import pytest

from ltzoo import models, shipped
from ltzoo.models import weights_file
from ltzoo.models.hashes import sha256
from ltzoo.training import Recipe

ENTRY = "gcl_resnet50_imagenet_lt"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A copy of the zoo in which the entry has weights: every convolution takes means."""
    folder, weights = tmp_path_factory.mktemp("zoo"), tmp_path_factory.mktemp("weights")
    card = models.card(ENTRY)
    model = models.build(
        dict(card.backbone),
        Recipe.from_dict(card.recipe),
        card.class_counts,
        input_shape=card.input_shape,
        compile=False,
        initialize=False,
    )
    for weight in model.backbone.weights:
        if weight.name == "kernel":
            weight.assign(np.full(weight.shape, 1 / np.prod(weight.shape[:3]), "float32"))
    model.head.kernel.assign(np.random.default_rng(0).normal(size=(2048, 1000)).astype("float32"))
    path = weights / f"{ENTRY}.weights.h5"
    weights_file.save_weights(model, path)
    values = json.loads(card.to_json())
    values["weights"] = {"file": path.name, "size": path.stat().st_size, "sha256": sha256(path)}
    (folder / f"{ENTRY}.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped, "folder", lambda: folder)
        patch.setenv("LTZOO_WEIGHTS", str(weights))
        yield model, path


def test_it_is_built_found_verified_and_predicts(published):
    saved, path = published
    assert path.stat().st_size > 4 * 23_500_000
    model = models.load(ENTRY, input_shape=(32, 32, 3))
    assert (model.num_classes, model.feature_size) == (1000, 2048)
    assert model.backbone.count_params() == saved.backbone.count_params() == 23_561_152
    assert tuple(model.class_counts)[:3] == (50, 250, 516)
    np.testing.assert_array_equal(np.array(model.head.get_weights()[0]), saved.head.get_weights()[0])
    logits = np.asarray(model.predict_on_batch(np.full((1, 32, 32, 3), 99, "uint8")))
    assert logits.shape == (1, 1000) and np.isfinite(logits).all() and np.abs(logits).max() <= 30.01
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(models.WeightsError, match="damaged or changed"):
        models.load(ENTRY)


def test_without_weights_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("LTZOO_WEIGHTS", str(tmp_path))
    with pytest.raises(models.WeightsError, match=f"ltzoo train {ENTRY}.*ltzoo convert.*weights=None"):
        models.load(ENTRY)
