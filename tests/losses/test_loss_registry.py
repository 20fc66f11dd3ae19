import pytest

from ltzoo import losses


def test_names():
    assert {"angular_gaussian_clouded_logit", "cross_entropy", "gaussian_clouded_logit"} <= set(
        losses.names()
    )


def test_context_goes_only_where_it_is_known():
    context = {"class_counts": [5, 2], "scale": 16.0}
    assert losses.get("gaussian_clouded_logit", **context).scale == 16.0
    assert losses.get({"name": "gaussian_clouded_logit", "scale": 20.0}, **context).scale == 20.0
    loss = losses.get({"name": "cross_entropy", "label_smoothing": 0.1}, **context)
    assert isinstance(loss, losses.CrossEntropy) and loss.label_smoothing == 0.1


def test_ready_loss_and_untouched_config():
    loss = losses.CrossEntropy()
    assert losses.get(loss, scale=3.0) is loss
    config = {"name": "cross_entropy"}
    losses.get(config)
    assert config == {"name": "cross_entropy"}


@pytest.mark.parametrize(
    "config, message",
    [
        ("focl", "Did you mean 'focal'"),
        ({}, "must be a loss, one of .* Received: name=None"),
        ({"name": "cross_entropy", "margin": 1.0}, "no argument `margin`"),
    ],
)
def test_bad_config(config, message):
    with pytest.raises(ValueError, match=message):
        losses.get(config)
