"""Optimizers from the entries of recipes."""

from collections.abc import Mapping
from typing import Any

import keras

from ltzoo.training.orthogonal_sgd import OrthogonalSGD
from ltzoo.training.sgd import SGD

OWN = {"sgd": SGD, "orthogonal_sgd": OrthogonalSGD}


def get(
    config: Mapping[str, Any], learning_rate: float | keras.optimizers.schedules.LearningRateSchedule
) -> keras.optimizers.Optimizer:
    """Make an optimizer from its recipe entry.

    Args:
        config: `{"name": name, argument: value, ...}`. The name is "sgd" for `SGD`, "orthogonal_sgd" for
            `OrthogonalSGD`, or the lower-case name of any Keras optimizer.
        learning_rate: a float or a schedule.

    Raises:
        ValueError: if the name or an argument is unknown.
    """
    arguments = dict(config)
    name = arguments.pop("name", "sgd")
    if name in OWN:
        return OWN[name](learning_rate, **arguments)
    try:
        optimizer = keras.optimizers.get({"class_name": name, "config": {**arguments, "learning_rate": 0.0}})
    except (ValueError, TypeError) as error:
        raise ValueError(
            "`optimizer` must name 'sgd', 'orthogonal_sgd' or a Keras optimizer, and only its arguments. "
            f"Received: optimizer={config!r} ({str(error).splitlines()[0]})"
        ) from None
    return type(optimizer).from_config({**optimizer.get_config(), "learning_rate": learning_rate})
