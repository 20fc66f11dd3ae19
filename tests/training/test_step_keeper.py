"""When the state is saved within an epoch."""

import pytest

from ltzoo.interrupts import Interruption
from ltzoo.training.step_keeper import StepKeeper


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def keeper(clock, cost=0.0, measures=False, seconds=60.0):
    saved = []

    def save(step):
        saved.append(step)
        clock.now += cost

    return StepKeeper(save, Interruption(), seconds, measures, clock), saved


def test_it_saves_once_a_minute():
    clock = Clock()
    kept, saved = keeper(clock)
    for step in range(1, 200):
        clock.now += 1.0
        kept.after_step(step, 1000)
    assert saved == [60, 120, 180]
    kept.saved()
    for step in range(200, 259):
        clock.now += 1.0
        kept.after_step(step, 1000)
    assert saved == [60, 120, 180]


def test_slow_saves_take_at_most_a_twentieth_of_the_time():
    clock = Clock()
    kept, saved = keeper(clock, cost=10.0)
    for step in range(1, 1000):
        clock.now += 1.0
        kept.after_step(step, 5000)
    assert saved == [60, 260, 460, 660, 860]


def test_it_saves_before_held_out_images_that_take_long():
    clock = Clock()
    kept, saved = keeper(clock, measures=True)
    clock.now += 1.0
    kept.after_step(5, 5)  # Nobody knows how long they take.
    kept.measuring_begins()
    clock.now += 30.0
    kept.measuring_ends()
    kept.saved()
    clock.now += 20.0
    kept.after_step(5, 5)
    assert saved == [5]
    clock.now += 11.0
    kept.after_step(4, 5)
    assert saved == [5]
    kept.after_step(5, 5)
    assert saved == [5, 5]


def test_an_interruption_saves_and_stops():
    clock = Clock()
    kept, saved = keeper(clock)
    kept.interruption.pending = 2
    with pytest.raises(KeyboardInterrupt, match="step 3 of 9"):
        kept.after_step(3, 9)
    assert saved == [3] and kept.interruption.pending is None
