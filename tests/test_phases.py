"""Phases of long work and those who watch them."""

import pytest

from ltzoo import phases


class Watcher:
    def __init__(self):
        self.seen = []

    def began(self, phase):
        self.seen.append(("began", phase.name))

    def advanced(self, phase, count):
        self.seen.append((count, phase.done))

    def ended(self, phase):
        self.seen.append(("ended", phase.name))


def test_an_observer_sees_every_phase_in_order():
    watcher = Watcher()
    with phases.observed(watcher), phases.phase("outer"):
        assert list(phases.counted("ab", "inner", 2)) == ["a", "b"]
        assert phases.current().name == "outer"
    with phases.phase("unseen") as unseen:
        unseen.advance(3)
    assert unseen.done == 3
    assert watcher.seen == [
        ("began", "outer"), ("began", "inner"), (1, 1), (1, 2), ("ended", "inner"), ("ended", "outer"),
    ]  # fmt: skip


def test_a_phase_ends_with_its_error_and_only_once():
    with pytest.raises(KeyError), phases.phase("failing"):
        raise KeyError
    assert phases.current() is None
    watcher = Watcher()
    with phases.observed(watcher):
        begun = phases.begin("open")
        phases.end(begun)
        phases.end(begun)
    assert watcher.seen == [("began", "open"), ("ended", "open")]
