"""The time that a training takes, from what its first steps took."""

import pytest

from ltzoo.cli.estimate import Estimate, StagePlan, duration, plan_of
from ltzoo.phases import Phase
from tests import tiny


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_steps_are_measured_without_the_first_one():
    clock = Clock()
    estimate = Estimate([StagePlan(2, 80, 10, 0, 20, 3.0)], clock)
    assert estimate.seconds_left() is None and estimate.text() == ""
    phase = Phase("epoch", 10, "steps", "stage 1", 8.0)
    estimate.began(phase)
    clock.now += 60  # The first step compiles.
    phase.done = 1
    estimate.advanced(phase, 1)
    for done in range(2, 6):
        clock.now += 0.8
        phase.done = done
        estimate.advanced(phase, 1)
    # 0.1 s per training image, a third of it per measured one; 40 of 160 images are done.
    left = 120 * 0.1 + (2 * 10 + 20) * 0.1 / 3 + 3
    assert estimate.seconds_left() == pytest.approx(left)
    assert estimate.seconds_in_all() == pytest.approx(63.2 + left)
    assert estimate.is_sound()


def test_a_later_stage_counts_until_it_ends_early():
    clock = Clock()
    plan = [StagePlan(2, 100, 0, 0, 0, 3.0), StagePlan(1, 100, 0, 0, 50, 1.5)]
    estimate = Estimate(plan, clock)
    phase = Phase("measuring", 10, "images", "forward")
    estimate.began(phase)
    for done in (1, 2):
        phase.done = done
        estimate.advanced(phase, 1)
        clock.now += 1.0
    assert estimate.seconds["forward"] == 1.0
    first = estimate.seconds_left()
    assert first == pytest.approx(200 * 3 + 100 * 1.5 + 48 + 3)
    estimate.at(1, 0)
    assert estimate.seconds_left() == pytest.approx(100 * 1.5 + 50 + 3)


def test_a_pass_that_was_not_foreseen_is_added():
    clock = Clock()
    estimate = Estimate([StagePlan(1, 100, 0, 100, 0, 0.003)], clock)
    for _ in range(2):
        phase = Phase("computing features", 100, "images", "forward")
        estimate.began(phase)
        for done in range(10, 60, 10):
            phase.done = done
            estimate.advanced(phase, 10)
            clock.now += 1.0
        assert estimate.seconds_left() == pytest.approx(5 + 0.03 + 3)
        estimate.at(0, 0)


def test_the_plan_of_a_recipe():
    plan = plan_of(tiny.recipe("gcl"), tiny.dataset(), 18)
    assert [(stage.epochs, stage.train, stage.measured) for stage in plan] == [(2, 40, 18), (2, 40, 18)]
    assert plan[0].weight > plan[1].weight


@pytest.mark.parametrize(
    "seconds, words",
    [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (12000, "3 h 20 min"), (187200, "2 d 4 h"),
     (7200, "2 h")],
)  # fmt: skip
def test_durations(seconds, words):
    assert duration(seconds) == words
