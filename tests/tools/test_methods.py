"""docs/methods.md is what its generator prints."""

import pathlib
import sys

import pytest

from ltzoo import recipes

DOCS = pathlib.Path(__file__).parents[1] / "docs"


@pytest.fixture
def make_methods(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    path = list(sys.path)
    import make_methods

    yield make_methods
    sys.path[:] = path


def test_the_page_is_up_to_date_and_tells_of_every_recipe(make_methods):
    text = make_methods.page()
    assert make_methods.TARGET.read_text(encoding="utf-8") == text, (
        f"docs/methods.md differs from the docstrings and recipes. Write it again: {make_methods.COMMAND}"
    )
    for name in recipes.names():
        section = text.split(f"\n### `{name}`\n")[1].split("\n### ")[0]
        assert "**Formula**" in section and "**Default values**" in section
        assert f"**Citation** {recipes.get(name).citation}." in section


def test_every_link_leads_somewhere(make_methods):
    import re

    text = make_methods.page()
    headings = [line.lstrip("# ").replace("`", "") for line in text.splitlines() if line.startswith("#")]
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > 100
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (DOCS / target).exists()


@pytest.mark.parametrize(
    "docstring, formula",
    [
        ("One.\n\n    loss = a\n      + b\n\nArgs:\n    x: 1 + 1.", "loss = a\n  + b"),
        ("Softmax loss -log softmax(z)_y.\n\nMore = less.", "Softmax loss -log softmax(z)_y."),
        ("Loss.\n\na = 1 ; b = a + 1.", "a = 1\nb = a + 1."),
        ("Loss.\n\n- a = 1\n\nArgs:\n    x: 1 + 1.", None),
    ],
)
def test_formulas_are_found(make_methods, docstring, formula):
    import docstring_text

    assert docstring_text.formula(docstring) == formula
