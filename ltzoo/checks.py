"""Checks of single values; each returns the value or raises a ValueError that names the argument and what was received.

The annotated types at the end state ranges in signatures: `ltzoo.arguments` checks them wherever a part is made.
"""

from __future__ import annotations

import difflib
import numbers
import operator
from collections.abc import Iterable
from typing import Annotated, Any, NoReturn

# Layers derive their seeds from that of the model by adding small numbers; PyTorch takes seeds up to 2^31 - 1.
MAX_SEED = 2_000_000_000
_SHOWN = 200
# Networks compute in float32, in which larger numbers are infinite.
_LARGEST = 3.4028234663852886e38


def shortened(value: Any, length: int = _SHOWN) -> str:
    """Return the `repr` of a value, cut to a length that fits an error of one line."""
    if isinstance(value, (str, bytes)) and len(value) > length:
        return repr(value[:length]) + "..."
    text = repr(value)
    return text if len(text) <= length else text[: length - 3] + "..."


def received(name: str, value: Any) -> str:
    """Return "Received: name=value" with a long value cut."""
    return f"Received: {name}={shortened(value)}"


def refuse(name: str, right: str, value: Any, hint: str = "") -> NoReturn:
    """Raise the ValueError for a wrong argument.

    Args:
        name: the argument.
        right: what it must be, such as "a positive integer".
        value: the value that was given.
        hint: a further sentence, with a space before it.
    """
    raise ValueError(f"`{name}` must be {right}.{hint} {received(name, value)}")


def did_you_mean(name: Any, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return " Did you mean 'x'?" with the known name most similar to `name`, or ""."""
    close = difflib.get_close_matches(str(name)[:100], list(known), n=1, cutoff=cutoff)
    return f" Did you mean {close[0]!r}?" if close else ""


def one_of(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """Return a value that is one of the allowed ones."""
    allowed = list(allowed)
    plain = isinstance(value, (str, int, type(None)))
    if not plain or not any(value == entry and is_flag(value) == is_flag(entry) for entry in allowed):
        names = [entry for entry in allowed if isinstance(entry, str)]
        refuse(name, f"one of {', '.join(map(repr, allowed))}", value, did_you_mean(value, names))
    return value


def flag(name: str, value: Any) -> bool:
    """Return True or False."""
    if not is_flag(value):
        refuse(name, "True or False", value)
    return bool(value)


def is_flag(value: Any) -> bool:
    """Return whether a value is a bool of Python or NumPy."""
    return type(value).__name__ in ("bool", "bool_")


def is_integer(value: Any) -> bool:
    """Return whether a value is an integer of Python or NumPy, and not a bool."""
    if is_flag(value):
        return False
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def is_number(value: Any) -> bool:
    """Return whether a value is a real number that is finite in float32, and not a bool."""
    if not is_integer(value) and (is_flag(value) or not isinstance(value, numbers.Real)):
        return False
    size: Any = abs(value)
    return bool(size <= _LARGEST)  # NaN fails the comparison.


def integer(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """Return an integer in least..most as an int; None is no limit."""
    return Range("", True, least, most).check(name, value)


def number(
    name: str,
    value: Any,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Return a finite number as a float. `least` and `most` are in the range, `above` and `below` are not."""
    return Range("", False, least, most, above, below).check(name, value)


class Range:
    """A range of integers or of finite numbers.

    Args:
        name: the name of the annotated type; its `repr`.
        whole: whether only integers are in it.
        least, most: limits that are in it; None is no limit.
        above, below: limits that are not in it.
    """

    def __init__(self, name, whole, least=None, most=None, above=None, below=None):
        self.name, self.whole = name, whole
        self.limits = [
            (words.format(limit), test, limit)
            for words, test, limit in (
                ("at least {}", operator.ge, least),
                ("above {}", operator.gt, above),
                ("at most {}", operator.le, most),
                ("below {}", operator.lt, below),
            )
            if limit is not None
        ]

    def __repr__(self):
        return self.name

    def __contains__(self, value: Any) -> bool:
        return (is_integer if self.whole else is_number)(value) and all(
            test(value, limit) for _, test, limit in self.limits
        )

    @property
    def words(self) -> str:
        """What is in the range, such as "a number at least 0 and below 1"."""
        kind = "an integer" if self.whole else "a finite number"
        if self.whole and [words for words, _, _ in self.limits] == ["at least 1"]:
            return "a positive integer"
        if [test for _, test, _ in self.limits] == [operator.ge, operator.le]:
            return f"{kind} in {self.limits[0][2]} .. {self.limits[1][2]}"
        limits = " and ".join(words for words, _, _ in self.limits)
        return f"{kind} {'of ' * limits.startswith('at')}{limits}".strip()

    def check(self, name: str, value: Any) -> Any:
        """Return a value of the range as an int or float; refuse any other."""
        if value not in self:
            refuse(name, self.words, value)
        return operator.index(value) if self.whole else float(value)


_RANGES = (
    Range("Positive", False, above=0),
    Range("NonNegative", False, least=0),
    Range("Fraction", False, least=0, most=1),
    Range("BelowOne", False, least=0, below=1),
    Range("Width", False, above=0, most=100),
    Range("Alpha", False, least=0, most=10**6),
    Range("MixingAlpha", False, above=0, most=10**6),
    Range("PositiveInt", True, least=1),
    Range("NonNegativeInt", True, least=0),
    Range("Few", True, least=1, most=100),
    Range("Size", True, least=1, most=2**16),
    Range("Padding", True, least=0, most=512),
    Range("Gray", True, least=0, most=255),
    Range("Epochs", True, least=0, most=10**6),
    Range("BatchSize", True, least=1, most=2**20),
    Range("Seed", True, least=0, most=2**31 - 1),
    Range("ModelSeed", True, least=0, most=MAX_SEED),
)
RANGES = {made.name: made for made in _RANGES}
Positive = Annotated[float, RANGES["Positive"]]
NonNegative = Annotated[float, RANGES["NonNegative"]]
Fraction = Annotated[float, RANGES["Fraction"]]
BelowOne = Annotated[float, RANGES["BelowOne"]]
Width = Annotated[float, RANGES["Width"]]
Alpha = Annotated[float, RANGES["Alpha"]]
MixingAlpha = Annotated[float, RANGES["MixingAlpha"]]
PositiveInt = Annotated[int, RANGES["PositiveInt"]]
NonNegativeInt = Annotated[int, RANGES["NonNegativeInt"]]
Few = Annotated[int, RANGES["Few"]]
Size = Annotated[int, RANGES["Size"]]
Padding = Annotated[int, RANGES["Padding"]]
Gray = Annotated[int, RANGES["Gray"]]
Epochs = Annotated[int, RANGES["Epochs"]]
BatchSize = Annotated[int, RANGES["BatchSize"]]
Seed = Annotated[int, RANGES["Seed"]]
ModelSeed = Annotated[int, RANGES["ModelSeed"]]
