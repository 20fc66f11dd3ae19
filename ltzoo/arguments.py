"""Checks of the arguments of a call against the annotations of its function.

An annotation such as `Positive | None` states what an argument may be. `checked` holds a function or a constructor to
its annotations; `check` does so for arguments that are given as plain data, from a signature or from source text.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ltzoo import checks

_Function = TypeVar("_Function", bound=Callable[..., Any])
_LISTS = ("Sequence", "Iterable", "Collection", "list", "tuple", "List", "Tuple")
_DICTS = ("Mapping", "dict", "Dict")
# Classes that no plain value stands for. Other names may be aliases or protocols, so they are not checked.
_OBJECTS = (
    "Callback", "Card", "ClassCounts", "ClassSampler", "Classifier", "DTypePolicy", "Generator", "Layer",
    "LearningRateSchedule", "LongTailedClassifier", "LongTailedDataset", "Loss", "Model", "Optimizer", "Recipe",
    "Split", "Variable",
)  # fmt: skip
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))


def checked(function: _Function) -> _Function:
    """Decorate a function or constructor to refuse arguments that do not fit their annotations.

    Numbers must be finite, a bool is not a number, and the annotated types of `ltzoo.checks` have ranges.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        # A call that does not bind raises Python's own TypeError below.
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return function(*args, **kwargs)
        check(signature, bound.arguments)
        return function(*args, **kwargs)

    # Keras asks `inspect.getfullargspec`, which looks here and not behind the wrapper.
    call.__signature__ = signature  # pyright: ignore[reportAttributeAccessIssue]
    return call  # pyright: ignore[reportReturnType]


def check(signature: inspect.Signature, arguments: Mapping[str, Any], of: str = "") -> None:
    """Refuse arguments that do not fit the annotations of a signature.

    Args:
        signature: a signature; its annotations are types or their text.
        arguments: values by name; names that the signature lacks are ignored.
        of: what the arguments belong to, such as " for the loss 'ldam'", for error messages.

    Raises:
        ValueError: a value does not fit.
    """
    for name, value in arguments.items():
        parameter = signature.parameters.get(name)
        if parameter is None or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if parameter.annotation is parameter.empty or (value is None and parameter.default is None):
            continue
        alternatives = _alternatives(_text(parameter.annotation))
        if not any(fits(value) for _, fits in alternatives):
            right = " or ".join(dict.fromkeys(words for words, _ in alternatives))
            raise ValueError(f"`{name}` must be {right}{of}. {checks.received(name, value)}")


def _text(annotation):
    if isinstance(annotation, str):
        return annotation
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, type) and not getattr(annotation, "__args__", None):
        return annotation.__name__
    return re.sub(r"[A-Za-z_][\w.]*\.(?=[A-Za-z_])", "", str(annotation))


@functools.lru_cache(maxsize=1024)
def _alternatives(text: str) -> list[tuple[str, Callable[[Any], bool]]]:
    """Return (words, test) for each type that an annotation allows."""
    try:
        return list(_parsed(ast.parse(text, mode="eval").body)) or [_ANYTHING]
    except SyntaxError:  # The `repr` of an object that is no type.
        return [_ANYTHING]


def _parsed(node):
    if isinstance(node, ast.BinOp):
        yield from _parsed(node.left)
        yield from _parsed(node.right)
        return
    if isinstance(node, ast.Constant) and node.value is ...:  # Of `tuple[int, ...]`.
        return
    if isinstance(node, ast.Constant) and node.value is None:
        yield "None", lambda value: value is None
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _alternatives(node.value)
        return
    inner = []
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        node = node.value
    yield from _named(getattr(node, "attr", getattr(node, "id", "Any")), inner)


def _named(name, inner):
    """Yield (words, test) for each type of an annotation `name[inner]`."""
    if name in ("Optional", "Union"):
        for part in inner:
            yield from _parsed(part)
        if name == "Optional":
            yield "None", lambda value: value is None
    elif name == "Annotated":
        ranges = getattr(inner[-1], "id", None) in checks.RANGES
        yield from _parsed(inner[-1] if ranges else inner[0])
    elif name == "Literal":
        yield from map(_literal, inner)
    elif name in checks.RANGES:
        yield checks.RANGES[name].words, checks.RANGES[name].__contains__
    elif name in _LISTS or name in _DICTS:
        yield _container(name in _DICTS, inner)
    elif name in _OBJECTS:
        yield f"a {name}", _is_object
    else:
        yield _SIMPLE.get(name, _ANYTHING)


def _container(is_dict, inner):
    """Return (words, test) for `Sequence[int]`, `tuple[int, ...]`, `Mapping[str, int]`."""
    entries = inner[-1:] if is_dict else inner
    found = dict(entry for part in entries for entry in _parsed(part)) or dict([_ANYTHING])
    words, tests = " or ".join(found), tuple(found.values())
    if is_dict:
        more = "" if "anything" in found else f" with {words} for each key"
        return f"a dict{more}", functools.partial(_is_dict, tests=tests)
    return f"a list with {words} each", functools.partial(_is_list, tests=tests)


def _literal(node):
    try:
        allowed = ast.literal_eval(node)
    except ValueError:  # A member of an enumeration.
        return _ANYTHING
    return repr(allowed), lambda value: type(value) is type(allowed) and value == allowed


def _is_list(value, tests):
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        return False
    # Arrays are checked by those who use them.
    return not isinstance(value, (list, tuple)) or all(any(test(entry) for test in tests) for entry in value)


def _is_dict(value, tests):
    return isinstance(value, Mapping) and all(any(test(entry) for test in tests) for entry in value.values())


def _is_object(value):
    # A dict may be an object of Keras in its serialized form.
    return not isinstance(value, _PLAIN) or isinstance(value, dict)


def _is_array(value):
    return hasattr(value, "__array__") or (
        isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    )


_ANYTHING = ("anything", lambda value: True)
_SIMPLE = {
    "int": ("an integer", checks.is_integer),
    "float": ("a finite number", checks.is_number),
    "bool": ("True or False", checks.is_flag),
    "str": ("a string", lambda value: isinstance(value, str)),
    "ndarray": ("an array", _is_array),
    "PathLike": ("a path", lambda value: isinstance(value, str) or hasattr(value, "__fspath__")),
}  # fmt: skip
