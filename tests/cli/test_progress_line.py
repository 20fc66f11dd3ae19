"""The line that shows how far the reading of a folder is."""

import sys

import pytest

from ltzoo.cli import progress_line as module
from ltzoo.cli.progress_line import ProgressLine


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_lines_come_now_and_then_where_there_is_no_terminal(clock, capsys):
    line = ProgressLine("checking images")
    for second in range(60):
        clock[0] = 100.0 + second
        line(second * 1000, 437_513)
    line.close()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "checking images: 3,000 of 437,513, about 7 min left",
        "checking images: 23,000 of 437,513, about 7 min left",
        "checking images: 43,000 of 437,513, about 7 min left",
    ]


def test_one_line_changes_in_a_terminal(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    line = ProgressLine("checking images")
    line(1, 10)
    for second in (3, 3.1, 4):
        clock[0] = 100.0 + second
        line(5, 10)
    line.close()
    shown = capsys.readouterr().err
    assert shown.count("\r") == 3 and shown.count("\n") == 0  # Twice shown, once cleared.
    assert "5 of 10, about 3 s left" in shown and shown.endswith("\r\033[K")


def test_what_is_quick_shows_nothing(clock, capsys):
    line = ProgressLine("checking images")
    clock[0] += 2.9
    line(10, 10)
    line.close()
    assert capsys.readouterr().err == ""
