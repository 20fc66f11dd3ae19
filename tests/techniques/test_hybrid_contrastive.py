"""Hybrid networks: the loss of a batch in NumPy, its schedule, and what groups it needs."""

import keras
import numpy as np
import pytest
from keras import ops

from tests import tiny

GROUPS = {"strategy": "instance_balanced", "views": 2, "companion": {"strategy": "class_balanced"}}


def model_of(name, **technique):
    given = {"name": "hybrid_contrastive", "hidden_units": 64, "units": 5, **technique}
    return tiny.model(name, technique=given)


def log_softmax(values):
    values = values - values.max(1, keepdims=True)
    return values - np.log(np.exp(values).sum(1, keepdims=True))


@pytest.mark.parametrize("form", ["supervised", "prototypical"])
def test_the_loss_of_a_batch(form):
    model = model_of("hybrid_sc", form=form, temperature=0.5)
    model.set_stage(0, 4)
    part = model.technique
    part.on_epoch_begin(1, 4)
    images = np.random.default_rng(1).integers(0, 256, (18, 8, 8, 1)).astype("float32")
    labels = np.repeat([0, 1, 0, 2, 1, 0], 3)
    labels[2::3] = [2, 1, 0, 0, 1, 2]
    features = model.features(images, training=True)
    z = np.array(ops.convert_to_numpy(part.projection(features)), "float64")
    z = np.concatenate([z[0::3], z[1::3]])
    lengths = np.linalg.norm(z, axis=1)
    np.testing.assert_allclose(lengths[lengths > 0], 1, rtol=1e-5)
    classes = np.tile(labels[0::3], 2)
    if form == "supervised":
        shares = z @ z.T / 0.5 - 1e9 * np.eye(12)
        same = (classes[:, None] == classes) & ~np.eye(12, dtype=bool)
        contrast = -(log_softmax(shares) * same).sum(1) / np.maximum(same.sum(1), 1)
    else:
        p = np.array(ops.convert_to_numpy(part.prototypes), "float64")
        shares = np.exp(z @ (p / np.linalg.norm(p, axis=1, keepdims=True)).T / 0.5)
        own = shares[np.arange(12), classes]
        contrast = -np.log(own / (shares.sum(1) - own))
    logits = np.array(ops.convert_to_numpy(model.head(features[2::3])), "float64")
    classification = -log_softmax(logits)[np.arange(6), labels[2::3]]
    alpha = 1 - (1 / 4) ** 2
    found = model.compute_loss(images, ops.convert_to_tensor(labels), model(images, training=True))
    expected = alpha * contrast.mean() + (1 - alpha) * classification.mean()
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["hybrid_sc", "hybrid_psc"])
def test_a_fit_and_a_file(name, tmp_path):
    data, model = tiny.dataset(), tiny.model(name)
    history = model.fit(data, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    part = model.techniques[0]
    np.testing.assert_allclose(ops.convert_to_numpy(part.alpha), 1 - 0.5**2)
    assert (part.prototypes is None) == (name == "hybrid_sc")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))


def test_config_and_wrong_groups():
    part = model_of("hybrid_psc", form="prototypical", temperature=0.3, schedule="linear").techniques[0]
    assert type(part).from_config(part.get_config()).get_config() == part.get_config()
    with pytest.raises(ValueError, match="'hybrid_contrastive' must draw 2 views"):
        tiny.model("hybrid_sc", sampler={**GROUPS, "views": 1})
    with pytest.raises(ValueError, match="'hybrid_contrastive' must have a companion"):
        tiny.model("hybrid_sc", sampler={"views": 2})
    with pytest.raises(ValueError, match="'parametric_contrastive' must not have a companion"):
        tiny.model("paco", sampler=GROUPS)
    with pytest.raises(ValueError, match="`views` must be 1 with a companion, unless a technique"):
        tiny.model("cross_entropy", sampler=GROUPS)
    with pytest.raises(ValueError, match="and no views"):
        tiny.model("meta_weight_net", sampler=GROUPS)
