"""Slow tests in rotation."""

from tests.rotation import is_due


def test_each_case_runs_once_in_a_rotation():
    for parts in (1, 3, 4):
        days = [
            [day for day in range(100, 100 + parts) if is_due(f"test[{i}]", parts, day)] for i in range(40)
        ]
        assert all(len(due) == 1 for due in days)
        assert len({due[0] for due in days}) == parts
