"""Parts by name."""

import pytest

from ltzoo.registry import Registry


def _registry():
    registry = Registry("fruit")

    @registry.register("apple")
    def apple(first, size=1, color="red"):
        return first, size, color

    return registry


def test_arguments_win_over_the_context_and_unknown_context_is_left_out():
    registry = _registry()
    made = registry.make({"name": "apple", "size": 3}, "x", size=2, color="green", weight=7)
    assert made == ("x", 3, "green")
    assert registry.names() == ["apple"]


@pytest.mark.parametrize(
    "config, text",
    [({"name": "aple"}, "Did you mean 'apple'"), ({}, "name=None"), ({"name": "apple", "taste": 1}, "taste")],
)
def test_errors_name_the_part(config, text):
    with pytest.raises(ValueError, match=text):
        _registry().make(config, "x")


def test_a_name_is_given_once():
    registry = _registry()
    with pytest.raises(ValueError, match="name='apple'"):
        registry.register("apple")(dict)
