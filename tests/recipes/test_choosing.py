"""The decision table: which rule is for which images, and which options go with it."""

import pytest

from ltzoo import recipes
from ltzoo.recipes.choosing import ADDITIONS, MANY_IMAGES, RULES, SMALL_SIDE, Facts, additions, choose


@pytest.mark.parametrize(
    "facts, recipe, options",
    [
        (Facts(train=500), "transfer", ()),
        (Facts(train=500, side=28, gray=True), "transfer", ()),
        (Facts(train=MANY_IMAGES - 1, side=SMALL_SIDE), "transfer", ()),
        (Facts(train=MANY_IMAGES, side=SMALL_SIDE), "fast", ()),
        (Facts(train=MANY_IMAGES, side=SMALL_SIDE + 1), "transfer", ("--time-limit", "2h")),
    ],
)
def test_the_first_rule_that_fits_is_chosen(facts, recipe, options):
    rule = choose(facts)
    assert (rule.recipe, rule.options) == (recipe, options)


def test_every_rule_names_a_recipe_and_the_last_that_looks_at_facts_fits_all():
    assert {rule.recipe for rule in RULES} <= set(recipes.names())
    looking = [rule for rule in RULES if rule.fits is not None]
    assert looking[-1].fits(Facts(train=1)) and all(rule.why.endswith(".") for rule in RULES)


def test_options_apply_to_what_they_are_for():
    def words(facts, recipe):
        return [word for _, more in additions(facts, recipe) for word in more]

    plain = Facts(train=500, test=50)
    assert words(plain, "transfer") == words(plain, "fast") == []
    faulty = Facts(train=500, test=0, gray=True, unreadable=2, groups="folder:1")
    assert words(faulty, "transfer") == ["--group-by", "folder:1", "--skip-unreadable"]
    assert words(faulty, "fast") == [
        "--group-by", "folder:1", "--folds", "5", "--channels", "1", "--skip-unreadable",
    ]  # fmt: skip
    assert "--group-by" not in words(faulty._replace(grouped=True), "fast")
    assert len({addition.shown for addition in ADDITIONS}) == len(ADDITIONS)
