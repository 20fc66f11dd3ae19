"""Signals wait for the end of a step, once."""

import os
import signal
import threading

import pytest

from ltzoo.interrupts import Interruption, Terminated


@pytest.mark.parametrize("number, error", [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_the_first_signal_waits_and_the_second_does_not(number, error, capfd):
    with Interruption() as interruption:
        interruption.deferring = True
        os.kill(os.getpid(), number)
        assert interruption.pending == number
        assert "Once more to stop at once" in capfd.readouterr().err
        with pytest.raises(error):
            os.kill(os.getpid(), number)
            signal.pause()


def test_a_signal_that_need_not_wait_stops_at_once():
    with Interruption(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()


def test_what_was_saved_is_in_the_error():
    interruption = Interruption()
    interruption.pending = signal.SIGTERM
    with pytest.raises(Terminated) as ended:
        interruption.stop("step 3 of 9")
    assert ended.value.said == "step 3 of 9" and ended.value.code == 143 and interruption.pending is None


def test_handlers_of_the_program_and_other_threads_are_left_alone():
    def own(number, frame):
        pass

    before = signal.signal(signal.SIGTERM, own)
    try:
        with Interruption():
            assert signal.getsignal(signal.SIGTERM) is own
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    seen = []

    def elsewhere():
        with Interruption():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
