"""Converted networks compute what the published ones do, and turn back into the same tensors."""

import numpy as np
import pytest

from ltzoo import models
from ltzoo.models.convert.checkpoint import parts_of
from tests.published import REFERENCE, classifier, drawn, images, outputs, state_dicts, stored


def error(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


def assert_same_tensors(checkpoint, written):
    """Bit for bit, without the counters, which are not kept."""
    first, second = (
        {
            f"{part}/{name}": array
            for part, names in parts_of(tree).items()
            for name, array in names.items()
            if not name.endswith("num_batches_tracked")
        }
        for tree in (checkpoint, written)
    )
    assert set(first) == set(second)
    for name, array in first.items():
        assert second[name].dtype == array.dtype
        np.testing.assert_array_equal(second[name], array, err_msg=name)


@pytest.mark.parametrize(
    "case, backbone",
    [
        ("large_forward_decoupling_resnet10", "resnet10"),
        ("large_forward_decoupling_resnext50", "resnext50"),
    ],
)
def test_large_networks(case, backbone):
    expected = np.load(REFERENCE / f"{case}.npz")
    parts = state_dicts()[f"decoupling_{backbone}"]
    parts = {"feat_model": parts["feat_model"], "classifier": parts["classifier_lws"]}
    checkpoint = {"state_dict_best": drawn(parts), "epoch": 5, "best_acc": 0.5}
    model = classifier(backbone, "lws", 1000, checkpoint, input_shape=(224, 224, 3))
    found = outputs(model, images(expected))
    assert found["last_feature_map"].shape[2:] == (7, 7)
    assert error(found["feature"], expected["feature"]) < 1e-5
    assert error(found["logits"], expected["logits_lws"]) < 1e-5
    assert_same_tensors(checkpoint, models.torch_state(model, "decoupling"))


def test_cosine_classifier_on_resnet32():
    case = dict(np.load(REFERENCE / "resnet32_forward_gcl_cosine_10.npz"))
    checkpoint = {"state_dict": stored(case)[""]}
    model = classifier("resnet32", "gcl_published", 10, checkpoint)
    found = outputs(model, case["images"])
    for key, value in found.items():
        assert error(value, case[key]) < 1e-5, key
    assert model.head.scale == 20.0  # of the recipe's last stage; the authors' files do not hold it
    assert_same_tensors(checkpoint, models.torch_state(model, "gcl"))
    assert_same_tensors(checkpoint, models.torch_state(model, "ldam"))
