"""A tick sweeps until nothing is left, and never more than a few of a kind run at once."""

from __future__ import annotations

import threading

import pytest

from intents import ticks
from intents.ticks import Tick
from tests.live import LONGEST


def test_tick_goes_on_until_a_sweep_comes_back_short():
    counts = [3, 3, 1, 3]

    Tick(lambda: counts.pop(0), batch=3)()

    assert counts == [3]


def test_tick_that_comes_while_one_runs_makes_it_look_again():
    begun, may_end, sweeps = threading.Event(), threading.Event(), []

    def sweep() -> int:
        sweeps.append(threading.get_ident())
        begun.set()
        may_end.wait(LONGEST)
        return 0

    tick = Tick(sweep, batch=1)
    running = threading.Thread(target=tick)
    running.start()
    begun.wait(LONGEST)
    tick()
    assert len(sweeps) == 1

    may_end.set()
    running.join()

    assert sweeps == [running.ident] * 2


def test_two_ticks_run_together_when_two_may():
    both = threading.Barrier(2, timeout=LONGEST)

    def sweep() -> int:
        both.wait()
        return 0

    tick = Tick(sweep, batch=1, at_once=2)
    threads = [threading.Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not both.broken


def test_next_tick_runs_when_the_last_one_failed():
    faults = [ValueError("broken")]

    def sweep() -> int:
        if faults:
            raise faults.pop()
        return 0

    tick = Tick(sweep, batch=1)
    with pytest.raises(ValueError, match="broken"):
        tick()
    ticks._last -= 100

    tick()

    assert ticks.idle_seconds() < 1


def test_idle_time_starts_again_when_a_tick_has_run():
    Tick(lambda: 0, batch=1)()

    assert ticks.idle_seconds() < 1
