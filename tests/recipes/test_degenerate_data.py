"""Recipes on gray, constant, tiny and single images learn something or raise an alarm.

A fresh handful of all cases is drawn each day, and its seed is in the names of the tests: LTZOO_DEGENERATE_SEED=N draws
the same ones again. LTZOO_ALL_RECIPES=1 trains them all.
"""

import datetime
import os
import random

import pytest

from tests.recipes import degenerate

SEED = int(os.environ.get("LTZOO_DEGENERATE_SEED", datetime.date.today().toordinal()))
HANDFUL = 6


def chosen():
    """Return the cases of this run: each kind of data and each precision comes up."""
    cases = degenerate.cases()
    if os.environ.get("LTZOO_ALL_RECIPES") == "1":
        return cases
    draw = random.Random(SEED)
    names = draw.sample(sorted({name for name, _, _ in cases}), HANDFUL)
    kinds = list(degenerate.DATA) * HANDFUL
    precisions = [draw.choice(degenerate.PRECISIONS)] + list(degenerate.PRECISIONS) * HANDFUL
    return list(zip(names, kinds[:HANDFUL], precisions[:HANDFUL], strict=True))


@pytest.mark.parametrize("name, kind, precision", chosen(), ids=lambda value: f"{value}".replace(" ", "_"))
@pytest.mark.parametrize("seed", [SEED], ids=lambda value: f"seed{value}")
def test_it_learns_or_raises_an_alarm(name, kind, precision, seed, tmp_path):
    balanced, learned, alarms = degenerate.train(name, kind, precision, tmp_path)
    assert learned or alarms, f"balanced accuracy {balanced} without an alarm"
    if kind == "constant":
        assert not learned and len(alarms) >= 3
