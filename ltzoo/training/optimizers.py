"""Optimizers from the entries of recipes."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from ltzoo.arguments import check as check_arguments
from ltzoo.checks import did_you_mean, is_number, received, refuse
from ltzoo.registry import check_names
from ltzoo.training.optimizer_registry import make, part
from ltzoo.training.optimizer_registry import names as names
from ltzoo.training.orthogonal_sgd import OrthogonalSGD as OrthogonalSGD
from ltzoo.training.sgd import SGD as SGD


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
    check(config)
    arguments = {"name": "sgd", **config}
    if arguments["name"] in names():
        return make(arguments, learning_rate)
    name = arguments.pop("name")
    try:
        optimizer = keras.optimizers.get({"class_name": name, "config": {**arguments, "learning_rate": 0.0}})
    except (ValueError, TypeError) as error:
        raise ValueError(
            "`optimizer` must name 'sgd', 'orthogonal_sgd' or a Keras optimizer, and only its arguments "
            f"({str(error).splitlines()[0]}). {received('optimizer', dict(config))}"
        ) from None
    return type(optimizer).from_config({**optimizer.get_config(), "learning_rate": learning_rate})


def check(config: Mapping[str, Any]) -> None:
    """Refuse an optimizer that does not exist, or lacks one of the arguments, without making it.

    Raises:
        ValueError: the name or an argument is unknown, or a number is not one.
    """
    if not isinstance(config, Mapping):
        refuse("optimizer", "a dict with the name of an optimizer", config)
    name = config.get("name", "sgd")
    arguments = {key: value for key, value in config.items() if key != "name"}
    own = {key: part(key) for key in names()}
    known = {key.lower(): made for key, made in vars(keras.optimizers).items() if isinstance(made, type)}
    found = {**known, **own}.get(str(name).lower())
    if found is None:
        # A class that the user registered with Keras, such as "mine>Lookahead".
        if keras.saving.get_registered_object(str(name)) is None:
            right = f"the name of an optimizer, one of {', '.join([*own, *known])}"
            refuse("optimizer", right, dict(config), did_you_mean(name, [*own, *known]))
        return
    signature = _signature(found)
    check_names("optimizer", str(name), signature, arguments)
    check_arguments(signature, arguments, f" for the optimizer {name!r}")
    for key, value in arguments.items():
        default = signature.parameters[key].default
        if type(default) in (int, float) and not is_number(value):
            refuse(key, f"a finite number for the optimizer {name!r}", value)


def _signature(optimizer):
    """Return the named arguments of an optimizer and of the classes that it hands the others on to."""
    parameters = {}
    for made in reversed(optimizer.__mro__):
        if "__init__" in vars(made) and issubclass(made, keras.optimizers.Optimizer):
            parameters.update(inspect.signature(made.__init__).parameters)
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return inspect.Signature(
        [
            parameter.replace(kind=parameter.KEYWORD_ONLY)
            for key, parameter in parameters.items()
            if parameter.kind not in kinds and key not in ("self", "learning_rate")
        ]
    )
