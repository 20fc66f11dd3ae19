"""Parts by name: what recipes, as plain data, refer to.

Every family of parts (losses, heads, backbones, conversions, datasets, augmentation steps, techniques, recipes, export
formats) has one `Registry`. A part is one file that decorates its class or function; `import_modules` finds the file.

Your own parts use the same decorators, such as `ltzoo.losses.register("my_loss")`, in a file of your own:

- `import` it before you use its names, or
- name it on the command line: `ltzoo --parts my_parts.py train ...`, or
- list such files in the environment variable `LTZOO_PARTS`, separated like the folders in `PATH`, or
- install it as a package with an entry point in the group `ltzoo.parts` that names its module.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from ltzoo import own_parts
from ltzoo.arguments import check
from ltzoo.checks import did_you_mean as did_you_mean
from ltzoo.checks import received, refuse


@dataclasses.dataclass(frozen=True)
class Entry:
    """A registered part; each family may add facts about it in a subclass.

    Attributes:
        name: the name it is looked up by.
        part: the class or function.
    """

    name: str
    part: Callable[..., Any]


_Entry = TypeVar("_Entry", bound=Entry)
_Part = TypeVar("_Part", bound=Callable[..., Any])


_PACKAGE = str(Path(__file__).resolve().parent) + os.sep
_FAMILIES: dict[str, Registry[Any]] = {}


class Registry(Generic[_Entry]):
    """The parts of one family, by name.

    Args:
        what: the word for one part in error messages, such as "head".
        entry: the class of its entries.
        otherwise: what else can be given instead of a name, for error messages.
        order: sort key of the names.
    """

    def __init__(
        self,
        what: str,
        entry: type[_Entry] = Entry,  # pyright: ignore[reportArgumentType]
        otherwise: str = "",
        order: Callable[[str], Any] | None = None,
    ) -> None:
        self.what = what
        self._entry, self._otherwise, self._order = entry, otherwise, order
        self._parts: dict[str, _Entry] = {}
        _FAMILIES[what] = self
        self._sources: dict[str, str] = {}

    @overload
    def register(self, name: str | None = None, **facts: Any) -> Callable[[_Part], _Part]: ...

    @overload
    def register(self, name: _Part) -> _Part: ...

    def register(self, name=None, **facts):
        """Register a function or class; use it as a decorator, with or without arguments.

        Args:
            name: the part's name; its own `__name__` by default.
            **facts: the other fields of its entry.

        Raises:
            ValueError: `name` is not a string, or another part has taken it.
        """

        if callable(name):
            return self.register()(name)

        def decorate(part):
            key, source = name or part.__name__, _source(part)
            if not isinstance(key, str):
                raise ValueError(f"`name` must be a string. Received: name={key!r} for {source}")
            if self._sources.get(key, source) != source:
                raise ValueError(
                    f"`name` is taken by the {self.what} {self._sources[key]}; choose another one. "
                    f"Received: name={key!r} for {source}"
                )
            self._parts[key] = self._entry(name=key, part=part, **facts)
            self._sources[key] = source
            return part

        return decorate

    def export(self, namespace: dict[str, Any]) -> None:
        """Make all parts attributes of a package, under the names of their classes or functions.

        Args:
            namespace: the package's `globals()`.
        """
        namespace.update({entry.part.__name__: entry.part for entry in self._parts.values()})

    def remove(self, name: str) -> None:
        """Forget a part, if there is one of this name."""
        self._parts.pop(name, None)
        self._sources.pop(name, None)

    def names(self) -> list[str]:
        """Return all names, sorted."""
        own_parts.load()
        return sorted(self._parts, key=self._order)

    def check(self, name: Any, argument: str = "name") -> None:
        """Refuse an unknown name.

        Args:
            name: the name.
            argument: what the caller calls it, for the error message.

        Raises:
            ValueError: there is no part of this name; the message has all names and the most similar one.
        """
        if name in self:
            return
        article = "an" if self.what[0] in "aeiou" else "a"
        raise ValueError(
            f"`{argument}` must be {article} {self.what}, one of {', '.join(self.names())}{self._otherwise}."
            f"{did_you_mean(name, self._parts)} Received: {argument}={name!r}"
        )

    def find(self, name: str) -> _Entry | None:
        """Return the entry of a name, or None."""
        return self._parts[name] if name in self else None

    def part(self, name: str) -> Callable[..., Any]:
        """Return the class or function of a name.

        Raises:
            ValueError: an unknown name.
        """
        return self[name].part

    def make(self, config: Mapping[str, Any], *positional: Any, **context: Any) -> Any:
        """Call the part that `config` names with its arguments.

        Args:
            config: `{"name": ..., argument: value, ...}`.
            *positional: handed over first.
            **context: what the surroundings know; handed over where the part has a parameter of that name, unless
                `config` sets it.

        Raises:
            ValueError: an unknown name or argument, a missing argument, or a value that does not fit its annotation.
        """
        if not isinstance(config, Mapping):
            refuse("config", f"a dict with the name of a {self.what}", config)
        arguments = dict(config)
        part = self.part(arguments.pop("name", None))
        signature = inspect.signature(part)
        check_names(self.what, config["name"], signature, arguments)
        check(signature, arguments, f" for the {self.what} {config['name']!r}")
        known = {key: value for key, value in context.items() if key in signature.parameters}
        try:
            signature.bind(*positional, **{**known, **arguments})
        except TypeError as error:
            raise ValueError(
                f"The {self.what} {config['name']!r}: {error}. Received: {dict(config)!r}"
            ) from None
        try:
            return part(*positional, **{**known, **arguments})
        except (ValueError, TypeError) as error:
            # Keras and NumPy name neither the part nor what it received.
            if raised_here(error):
                raise
            names = ", ".join(f"`{key}`" for key in arguments) or "no arguments"
            raise ValueError(
                f"The {self.what} {config['name']!r} cannot be made from {names}: {' '.join(str(error).split())[:300]} "
                f"{received('config', dict(config))}"
            ) from error

    def __getitem__(self, name: str) -> _Entry:
        self.check(name)
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        own_parts.load()
        return isinstance(name, str) and name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())


def family(what: str) -> Registry[Any] | None:
    """Return the registry of a family from any floor; None before the package that makes it is imported.

    Args:
        what: the word for one of its parts, such as "conversion".
    """
    return _FAMILIES.get(what)


def check_names(what: str, name: str, signature: inspect.Signature, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that the signature of a part does not have.

    Args:
        what: the word for the part, such as "loss".
        name: the part's name.
        signature: its signature.
        arguments: values by name.

    Raises:
        ValueError: there is no such argument.
    """
    parameters = signature.parameters
    unknown = sorted(set(arguments) - set(parameters))
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    if unknown and not takes_any:
        raise ValueError(
            f"The {what} {name!r} has no argument {', '.join(f'`{key}`' for key in unknown)}; it has "
            f"{', '.join(parameters) or 'none'}."
            f"{did_you_mean(unknown[0], parameters)} "
            f"Received: {', '.join(f'{key}={arguments[key]!r}' for key in unknown)}"
        )


def import_modules(package: str, path: Iterable[str]) -> None:
    """Import every module in a package's folder and its subfolders, so that each registers what it holds.

    A subfolder with a `registry.py` holds another family, which finds its own modules.
    """
    for folder in path:
        for module in pkgutil.iter_modules([folder]):
            if module.ispkg and Path(folder, module.name, "registry.py").is_file():
                continue
            imported = importlib.import_module(f"{package}.{module.name}")
            if module.ispkg:
                import_modules(imported.__name__, imported.__path__)


def raised_here(error: BaseException) -> bool:
    """Return whether a module of this package raised the error."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and os.path.realpath(frames[-1].filename).startswith(_PACKAGE)


def _source(part):
    """Return the name of a part and of its file, or its module where there is no file; reloading changes neither."""
    file = getattr(sys.modules.get(part.__module__), "__file__", None)
    where = os.path.realpath(file) if file else part.__module__
    return f"{getattr(part, '__qualname__', type(part).__name__)} in {where}"
