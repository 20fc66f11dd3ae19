"""A command that never falls silent."""

import io
import threading
import time

import pytest
from rich.console import Console

from ltzoo import phases
from ltzoo.cli.estimate import Estimate, StagePlan
from ltzoo.cli.listeners import printed
from ltzoo.cli.talk import Talk, talking
from tests.cli.test_estimate import Clock


@pytest.fixture
def quiet(monkeypatch):
    """No thread: the test calls `beat`."""
    monkeypatch.setattr(Talk, "_run", lambda self: None)


def lines(talk):
    return talk.console.file.getvalue().splitlines()


def test_silence_is_broken_every_half_minute(quiet):
    clock = Clock()
    with Talk(Console(file=io.StringIO(), width=40), clock) as talk:
        with phases.phase("checking images", 500) as checking:
            for _ in range(60):
                clock.now += 1
                checking.advance(4)
                talk.beat()
            assert lines(talk) == [
                "... checking images: 112 of 500 images  28 s so far",
                "... checking images: 224 of 500 images  56 s so far",
            ]
            clock.now += 20
            printed()  # Any other line counts.
            clock.now += 20
            talk.beat()
            assert len(lines(talk)) == 2
        with phases.phase("loading Keras"):
            clock.now += 40
            talk.beat()
        assert lines(talk)[-1] == "... loading Keras, for 40 s  2 min so far"


def test_the_estimate_comes_early_and_with_every_line(quiet):
    clock = Clock()
    with Talk(Console(file=io.StringIO()), clock) as talk:
        talk.expect(Estimate([StagePlan(1, 1000, 0, 0, 0, 3.0)], clock))
        with phases.phase("stage 1, epoch 1 of 1", 100, unit="steps", kind="stage 1", images=10.0) as epoch:
            for _ in range(5):
                epoch.advance()
                clock.now += 1.0
                talk.beat()
            assert lines(talk)[0].startswith("Estimate: about 2 min in all, until about ")
            assert len(lines(talk)) == 1
            clock.now += 40
            talk.beat()
            assert lines(talk)[1].endswith("45 s so far  about 2 min left")


def test_without_a_measure_it_says_so_within_twenty_seconds(quiet):
    clock = Clock()
    with Talk(Console(file=io.StringIO()), clock) as talk:
        talk.expect(Estimate([StagePlan(1, 1000, 0, 0, 0, 3.0)], clock))
        with phases.phase("stage 1, preparing the first step"):
            for _ in range(20):
                clock.now += 1
                talk.beat()
    assert lines(talk) == ["... stage 1, preparing the first step  no estimate of the time yet"]


def test_a_terminal_gets_a_bar_that_vanishes_unless_another_holds_it(quiet):
    file = io.StringIO()
    with Talk(Console(file=file, force_terminal=True, width=80, color_system=None), Clock()) as talk:
        with phases.phase("measuring", 10) as measuring:
            measuring.advance(10)
        assert "10 of 10 images" in file.getvalue()
        assert file.getvalue().count("\x1b[?25l") == file.getvalue().count("\x1b[?25h") == 1
        with talk.held(), phases.phase("inside a stage", 10) as inside:
            inside.advance(5)
        assert "inside a stage" not in file.getvalue()


def test_the_thread_ends_with_the_block_and_with_its_stream(monkeypatch):
    monkeypatch.setattr("ltzoo.cli.talk._TICK_SECONDS", 0.01)
    monkeypatch.setattr("ltzoo.cli.talk._SILENCE_SECONDS", 0.05)
    file = io.StringIO()
    with pytest.raises(KeyError), Talk(Console(file=file)), phases.phase("waiting"):
        time.sleep(0.5)
        raise KeyError
    assert file.getvalue().count("... waiting") >= 2
    assert not any(thread.name == "ltzoo_talk" for thread in threading.enumerate())
    closed = io.StringIO()
    with Talk(Console(file=closed)):
        closed.close()
        time.sleep(0.3)
        assert not any(thread.name == "ltzoo_talk" for thread in threading.enumerate())


def test_the_first_line_comes_at_once(capsys):
    with talking("training gcl on photos/"):
        assert capsys.readouterr().out == "training gcl on photos/\n"
    with talking("measuring", err=True):
        assert capsys.readouterr().err == "measuring\n"
