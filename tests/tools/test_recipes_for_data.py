"""docs/recipes_for_data.md has the rules of `ltzoo advise` and the measurements that are stored."""

import json
from pathlib import Path

from ltzoo.recipes.choosing import ADDITIONS, RULES
from tools.recipes_for_data.__main__ import NONE, measured, tables, written

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "recipes_for_data.md"


def test_the_document_is_current():
    text = DOCUMENT.read_text("utf-8")
    assert written(text) == text, (
        "write it again: python -m tools.recipes_for_data --write docs/recipes_for_data.md"
    )


def test_every_rule_and_option_is_a_row():
    found = tables()
    assert len(found["rules"].splitlines()) == len(RULES) + 2
    assert len(found["options"].splitlines()) == len(ADDITIONS) + 2
    assert "`ltzoo train --data photos/ --out RUN`" in found["rules"]
    assert "`ltzoo train fast --data photos/ --out RUN`" in found["rules"]


def test_measurements_are_sorted_by_balanced_accuracy(tmp_path):
    assert measured(tmp_path) == NONE
    for row, dataset, balanced, few in (
        ("fast", "a", 0.3, None),
        ("transfer", "a", 0.5, 0.4),
        ("fast", "b", 0.2, 0.1),
    ):
        record = {
            "row": row,
            "dataset": dataset,
            "measures": {
                "balanced": [balanced, balanced - 0.01, balanced + 0.02],
                "few": [few, few and few - 0.05, few and few + 0.05],
            },
            "usage": {"processor": 90.0},
        }
        (tmp_path / f"{dataset}-{row}.json").write_text(json.dumps(record))
    title, _, first, second = measured(tmp_path).splitlines()
    assert title == (
        "| Trained | a: balanced | a: few-shot | a: processor minutes "
        "| b: balanced | b: few-shot | b: processor minutes |"
    )
    assert first == "| `transfer` | 50.0 (49.0 .. 52.0) | 40.0 (35.0 .. 45.0) | 1.5 | – | – | – |"
    assert (
        second
        == "| `fast` | 30.0 (29.0 .. 32.0) | – | 1.5 | 20.0 (19.0 .. 22.0) | 10.0 (5.0 .. 15.0) | 1.5 |"
    )
