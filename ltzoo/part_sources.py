"""Names and signatures of the built-in parts, read from their source without importing them.

Parts of most families import Keras. So that a misspelled name is refused before a framework is imported, `parts` finds
what each file of a family's folder decorates with `register`.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ltzoo import own_parts
from ltzoo.arguments import check
from ltzoo.checks import did_you_mean, received, refuse
from ltzoo.registry import check_names, family

PLACES = {
    "loss": ("losses",),
    "head": ("heads",),
    "backbone": ("backbones",),
    "conversion": ("backbones/conversions",),
    "library of backbones": ("backbones/libraries",),
    "augmentation step": ("data/augmentation",),
    "optimizer": ("training",),
    "sampling strategy": ("sampling/probabilities.py",),
    "technique": ("techniques", "models/distillation.py"),
}
_KINDS = inspect.Parameter


def names(what: str) -> list[str]:
    """Return the names of a family's parts, including those that users registered.

    Args:
        what: a key of `PLACES`.
    """
    own_parts.load()
    registered = family(what)
    return [*parts(what), *(name for name in registered or () if name not in parts(what))]


def check_name(what: str, name: Any, argument: str = "name", otherwise: str = "") -> None:
    """Refuse a name that no part of a family has.

    Raises:
        ValueError: the name is unknown; the message has all names and the most similar one.
    """
    if isinstance(name, str) and name in names(what):
        return
    article = "an" if what[0] in "aeiou" else "a"
    right = f"{article} {what}, one of {', '.join(names(what))}{otherwise}"
    refuse(argument, right, name, did_you_mean(name, names(what)))


def check_config(what: str, config: Any, argument: str) -> None:
    """Refuse plain data that names no part of a family, or that has arguments which do not fit the part.

    Whether required arguments are missing is known only where the part is made.

    Args:
        what: a key of `PLACES`.
        config: `{"name": ..., argument: value, ...}`.
        argument: what the caller calls it, for error messages.

    Raises:
        ValueError: `config` is no such dict, or a name or value in it is wrong.
    """
    if not isinstance(config, Mapping) or "name" not in config:
        refuse(argument, "a dict with the key 'name'", config)
    name = config["name"]
    if not isinstance(name, str) or name not in names(what):
        hint = did_you_mean(name, names(what))
        raise ValueError(
            f"`{argument}` must name one of {', '.join(names(what))}.{hint} {received(argument, dict(config))}"
        )
    registered = family(what)
    taken = parts(what).get(name)
    if registered is not None and name in registered:
        taken = inspect.signature(registered.part(name))
    if taken is not None:
        arguments = {key: value for key, value in config.items() if key != "name"}
        check_names(what, name, taken, arguments)
        check(taken, arguments, f" for the {what} {name!r}")


@functools.cache
def parts(what: str) -> dict[str, inspect.Signature | None]:
    """Return the signature of each built-in part by name; None where the source does not tell it."""
    files = [file for place in PLACES[what] for file in _files(Path(__file__).parent / place)]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    classes = {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}
    found = {}
    for tree in trees:
        for name, node in _registered(tree):
            found[name] = _signature(node, classes)
    return found


@functools.cache
def signature(file: str, name: str) -> inspect.Signature:
    """Return the signature of a function or of a class's constructor.

    Args:
        file: path in this package.
        name: name of the function or class.
    """
    tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
    found = _signature(next(node for node in tree.body if getattr(node, "name", "") == name), {})
    assert found is not None
    return found


def _files(place: Path) -> list[Path]:
    """Return the file, or the files of a folder without those of another family inside it."""
    if place.is_file():
        return [place]
    nested = {path.parent for path in place.rglob("registry.py")} - {place}
    return [path for path in sorted(place.rglob("*.py")) if not nested & set(path.parents)]


def _registered(tree: ast.Module) -> Iterator[tuple[str, ast.AST | None]]:
    """Yield the name and the definition of every part that a file registers."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for decorator in node.decorator_list:
                call = decorator if isinstance(decorator, ast.Call) else None
                if _name(call.func if call else decorator) == "register":
                    named = call.args[0].value if call and call.args else node.name  # pyright: ignore
                    yield named, node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            maker = functions.get(_name(node.value.func) or "")
            # A function of the file that defines a function and registers it under the name it gets.
            if maker is not None and maker.name == "_register":
                inner = next((part for part in maker.body if isinstance(part, ast.FunctionDef)), None)
                yield node.value.args[0].value, inner  # pyright: ignore[reportAttributeAccessIssue]


def _name(node) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _signature(node, classes) -> inspect.Signature | None:
    if isinstance(node, ast.ClassDef):
        functions = [part for part in node.body if isinstance(part, ast.FunctionDef)]
        made = next((part for part in functions if part.name == "__init__"), None)
        if made is None:
            bases = [classes[name] for name in map(_name, node.bases) if name in classes]
            return next(filter(None, (_signature(base, classes) for base in bases)), None)
        return _from_arguments(made.args, skip=1)
    return None if node is None else _from_arguments(node.args, skip=0)


def _from_arguments(arguments: ast.arguments, skip: int) -> inspect.Signature:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = [
        (arg, default, _KINDS.POSITIONAL_OR_KEYWORD)
        for arg, default in zip(positional, defaults, strict=True)
    ]
    pairs = pairs[skip:]
    if arguments.vararg:
        pairs.append((arguments.vararg, None, _KINDS.VAR_POSITIONAL))
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    pairs += [(arg, default, _KINDS.KEYWORD_ONLY) for arg, default in keywords]
    if arguments.kwarg:
        pairs.append((arguments.kwarg, None, _KINDS.VAR_KEYWORD))
    return inspect.Signature(
        [
            _KINDS(
                arg.arg,
                kind,
                default=_KINDS.empty if default is None else _value(default),
                annotation=_KINDS.empty if arg.annotation is None else ast.unparse(arg.annotation),
            )
            for arg, default, kind in pairs
        ]
    )


def _value(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ...
