"""Arguments against annotations: given as types, as text, and as annotated ranges."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from ltzoo.arguments import check, checked
from ltzoo.checks import Few, Fraction, Positive, did_you_mean, integer, number, one_of, refuse


@checked
def function(
    count: int = 1,
    rate: Positive | None = 0.5,
    share: Fraction = 0.5,
    flag: bool = False,
    sizes: Sequence[Few] = (1,),
    factors: Mapping[str, float] | None = None,
    where: "str | None" = None,
    anything=None,
    **more,
):
    return count, rate, share


RIGHT = {
    "count": [0, -3, np.int32(4)],
    "rate": [1, 0.5, np.float32(2), None],
    "share": [0, 1, 0.5],
    "flag": [True, np.bool_(False)],
    "sizes": [[1, 2], (), np.array([1])],
    "factors": [{}, {"a": 1}, None],
    "where": ["", "x", None],
    "anything": [object(), math.nan],
    "extra": [math.nan],
}
WRONG = {
    "count": [1.0, True, "1", None, math.nan, []],
    "rate": [0, -1, True, "1", math.nan, math.inf, [1]],
    "share": [-0.1, 1.1, None, math.nan],
    "flag": [0, 1, "x", None],
    "sizes": ["1", 5, [0], [1.5], [101], {1: 1}, None],
    "factors": [[], {"a": "x"}, {"a": math.nan}, 5],
    "where": [5, b"x", []],
}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in RIGHT.items() for value in values])
def test_right_values_are_handed_on(name, value):
    assert len(function(**{name: value})) == 3


@pytest.mark.parametrize("name, value", [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_values_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^`{name}` must be .*Received: {name}="):
        function(**{name: value})


def test_the_signature_stays():
    assert list(inspect.signature(function).parameters)[:2] == ["count", "rate"]
    assert inspect.getfullargspec(function).args[:2] == ["count", "rate"]
    with pytest.raises(TypeError, match="takes from"):
        function(1, 2, 0.5, True, (), None, None, None, None)


def test_annotations_as_text():
    signature = inspect.Signature(
        [inspect.Parameter("a", inspect.Parameter.KEYWORD_ONLY, annotation="Positive | keras.Model")]
    )
    check(signature, {"a": 1.0, "other": None})
    check(signature, {"a": object()})
    with pytest.raises(
        ValueError, match="`a` must be a finite number above 0 or a Model for b. Received: a=-1"
    ):
        check(signature, {"a": -1}, " for b")


def test_single_values():
    assert integer("n", np.int64(3), 1) == 3 and number("x", 2, most=2) == 2.0
    assert one_of("x", "a", ("a", "b")) == "a" and one_of("x", 2, (2, 3)) == 2
    for wrong in (
        lambda: integer("n", 0, 1),
        lambda: number("n", math.nan),
        lambda: one_of("n", True, (1, 2)),
    ):
        with pytest.raises(ValueError, match="`n` must be .*Received: n="):
            wrong()
    with pytest.raises(ValueError, match="Did you mean 'published'"):
        one_of("form", "publishd", ("published", "paper"))
    with pytest.raises(ValueError) as raised:
        refuse("x", "short", "y" * 10_000)
    assert len(str(raised.value)) < 300
    assert did_you_mean("x" * 10_000, ["abc"]) == ""


# What people write in their own parts. Unknown names may be aliases, so whatever they stand for is accepted.
ACCEPTED = {
    "Literal['a', 'b']": ["a", "b"],
    "typing.Literal[1, None]": [1, None],
    "Literal[Mode.FAST]": ["fast"],
    "Callable | str": ["relu", len],
    "Callable[[int], str]": [str],
    "'int | None'": [3, None],
    "np.int64": [3, np.int64(3)],
    "np.floating": [0.5],
    "Alias": [3, "x", [1.0]],
    "Annotated[int, 'documented']": [3],
    "Annotated[float, None]": [0.5],
    "Tuple[int, str]": [(1, "a"), [1, "a"]],
    "tuple[int, ...]": [(1, 2, 3)],
    "List[float]": [[1, 0.5]],
    "Dict[str, int]": [{"a": np.int64(1)}],
    "set[int]": [{1}],
    "os.PathLike": ["x", Path("x")],
    "keras.initializers.Initializer": ["zeros"],
    "Final[int]": [3],
    "Self": [3],
    "[int]": [3],
    "<not a type>": [3],
}
REFUSED = {
    "Literal['a', 'b']": ["c", 1, None],
    "Literal[1]": [True, 2],
    "'int'": ["x", True],
    "Annotated[int, 'documented']": ["x"],
    "tuple[int, str]": [(1.5, "a")],
    "os.PathLike": [5],
    "List[float]": [["x"], 5],
    "keras.Model": [5, "x"],
}


def _signature(annotation):
    return inspect.Signature([inspect.Parameter("a", inspect.Parameter.KEYWORD_ONLY, annotation=annotation)])


@pytest.mark.parametrize("annotation", ACCEPTED)
def test_annotations_of_own_parts_are_not_refused(annotation):
    for value in ACCEPTED[annotation]:
        check(_signature(annotation), {"a": value})


@pytest.mark.parametrize("annotation", REFUSED)
def test_annotations_that_are_known_are_checked(annotation):
    for value in REFUSED[annotation]:
        with pytest.raises(ValueError, match="^`a` must be .*Received: a="):
            check(_signature(annotation), {"a": value})


def test_annotations_that_are_objects():
    for annotation, value in ((Literal["a"], "a"), (Callable, "relu"), (list[tuple[int, str]], [(1, "a")])):
        check(_signature(annotation), {"a": value})
    with pytest.raises(ValueError, match="`a` must be 'a'. Received: a='b'"):
        check(_signature(Literal["a"]), {"a": "b"})


def test_numbers_beyond_float32_are_refused():
    for value in (1e300, -1e39, 10**400):
        with pytest.raises(ValueError, match="^`rate` must be .*Received: rate="):
            function(rate=value)
    assert number("x", 3e38) == 3e38
