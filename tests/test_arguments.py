"""Arguments against annotations: given as types, as text, and as annotated ranges."""

import inspect
import math
from collections.abc import Mapping, Sequence

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
