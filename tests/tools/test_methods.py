"""The methods reference covers every recipe and every part."""

import re

import pytest

from ltzoo import heads, losses, recipes, techniques
from ltzoo.backbones import conversions
from tools.methods import docstring_text
from tools.methods.pages import pages


@pytest.fixture(scope="module")
def made():
    return pages()


def sections(text):
    """The text below each heading of the second level, by heading."""
    return dict(section.split("\n", 1) for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:])


def test_every_recipe_has_a_section(made):
    found = {}
    for file, text in made.items():
        found |= sections(text) if file != "index.md" else {}
    for name in recipes.names():
        section = found[f"`{name}`"]
        assert "**Formula**" in section and "**Default values**" in section
        assert f"**Citation** {recipes.get(name).citation}." in section
        assert f"[`{name}`](" in made["index.md"]


@pytest.mark.parametrize(
    "page, kind, names",
    [
        ("part_losses.md", "loss", losses.names),
        ("part_heads.md", "head", heads.names),
        ("part_techniques.md", "technique", techniques.names),
        ("part_conversions.md", "conversion", conversions.names),
    ],
)
def test_every_registered_part_has_a_section(made, page, kind, names):
    found = sections(made[page])
    assert set(found) == {f"{kind} `{name}`" for name in names()}
    assert all("Arguments and defaults: " in section for section in found.values())


def test_every_link_leads_somewhere(made):
    anchors = {}
    for file, text in made.items():
        headings = [line.lstrip("# ").replace("`", "") for line in text.splitlines() if line.startswith("#")]
        anchors[file] = {heading.lower().replace(" ", "-") for heading in headings}
    targets = [target for text in made.values() for target in re.findall(r"\]\(([^)]+)\)", text)]
    assert len(targets) > 100
    for target in targets:
        file, _, anchor = target.partition("#")
        assert file in made and (not anchor or anchor in anchors[file]), target


@pytest.mark.parametrize(
    "docstring, formula",
    [
        ("One.\n\n    loss = a\n      + b\n\nArgs:\n    x: 1 + 1.", "loss = a\n  + b"),
        ("Softmax loss -log softmax(z)_y.\n\nMore = less.", "Softmax loss -log softmax(z)_y."),
        ("Loss.\n\na = 1 ; b = a + 1.", "a = 1\nb = a + 1."),
        ("Loss.\n\n- a = 1\n\nArgs:\n    x: 1 + 1.", None),
    ],
)
def test_formulas_are_found(docstring, formula):
    assert docstring_text.formula(docstring) == formula


def test_the_formula_of_a_function_that_a_class_refers_to(made):
    section = sections(made["part_losses.md"])["loss `gaussian_clouded_logit`"]
    assert "```text\nz_j = s (cosine_j - cloud_j)\n" in section
