"""Parts by name: what recipes, as plain data, refer to."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

_Part = TypeVar("_Part", bound=Callable[..., Any])


class Registry:
    """Functions or classes under names, made from `{"name": ..., arguments}`.

    Args:
        what: the word for one part in error messages, such as "head".
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._parts = {}

    def register(self, name: str) -> Callable[[_Part], _Part]:
        """Decorator that puts a function or class under a name.

        Raises:
            ValueError: the name is taken.
        """

        def decorate(part):
            if name in self._parts and self._parts[name].__module__ != part.__module__:
                raise ValueError(f"There is a {self.what} of this name already. Received: name={name!r}")
            self._parts[name] = part
            return part

        return decorate

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._parts)

    def part(self, name: str) -> Callable[..., Any]:
        """What is registered under a name.

        Raises:
            ValueError: an unknown name.
        """
        if name not in self._parts:
            close = difflib.get_close_matches(str(name), self._parts, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"A {self.what}'s name must be one of {', '.join(self.names())}.{hint} Received: name={name!r}"
            )
        return self._parts[name]

    def make(self, config: Mapping[str, Any], *positional: Any, **context: Any) -> Any:
        """Calls the part that `config` names with its arguments.

        Args:
            config: `{"name": ..., argument: value, ...}`.
            *positional: handed over first.
            **context: what the surroundings know; handed over where the part has a parameter of that name, unless
                `config` sets it.

        Raises:
            ValueError: an unknown name or argument.
        """
        arguments = dict(config)
        part = self.part(arguments.pop("name", None))
        parameters = inspect.signature(part).parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        unknown = sorted(set(arguments) - set(parameters))
        if unknown and not takes_any:
            raise ValueError(
                f"The {self.what} {config['name']!r} has no argument {', '.join(unknown)}. It has "
                f"{', '.join(parameters)}. Received: {dict(config)!r}"
            )
        known = {key: value for key, value in context.items() if key in parameters}
        return part(*positional, **{**known, **arguments})


def import_modules(package: str, path: list[str]) -> None:
    """Imports every module of a package's folder, so that each registers what it holds."""
    for module in pkgutil.iter_modules(path):
        importlib.import_module(f"{package}.{module.name}")
