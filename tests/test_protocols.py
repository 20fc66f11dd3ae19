"""The classifier and the context of a stage have what the protocols say."""

import pytest

from ltzoo.protocols import Classifier, StagedClassifier, StageView
from ltzoo.training.context import StageContext
from tests import tiny


def members(protocol):
    """Public names of a protocol and of the protocols it extends."""
    names = set()
    for part in protocol.__mro__:
        if getattr(part, "_is_protocol", False):
            names |= {*vars(part), *vars(part).get("__annotations__", {})}
    return {name for name in names if not name.startswith("_")}


@pytest.fixture(scope="module")
def entered():
    model, data = tiny.model(), tiny.dataset()
    model.set_stage(0, 5)
    return model, StageContext(model, data, 0, seed=1)


@pytest.mark.parametrize("protocol", [Classifier, StagedClassifier])
def test_the_classifier_implements(entered, protocol):
    model, _ = entered
    assert len(members(protocol)) > 20
    assert not {name for name in members(protocol) - {"history"} if not hasattr(model, name)}


def test_the_context_implements(entered):
    _, context = entered
    assert {"features", "logits", "seed"} < members(StageView)
    assert not {name for name in members(StageView) if not hasattr(context, name)}


def test_whatever_fits_the_protocol_is_enough(entered):
    """A stand-in with the protocol's members only can be looked at by a `StageContext`."""
    model, context = entered

    class Stand:
        def __getattr__(self, name):
            if name not in members(Classifier):
                raise AttributeError(name)
            return getattr(model, name)

    seen = StageContext(Stand(), context.dataset, 0, seed=1)
    assert seen.features()[0].shape == (len(context.dataset.train.labels), model.feature_size)
    assert seen.val_features()[0].shape[1] == model.feature_size
    assert seen.feature_maps([0, 1]).shape[0] == 2
    assert seen.logits().shape[1] == seen.num_classes == model.num_classes
