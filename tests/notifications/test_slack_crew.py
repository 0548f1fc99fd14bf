"""Threads that stay for a while: as few as there is work for, and none of them for ever."""

import threading

import pytest

from notifications.slack import crew
from notifications.slack.crew import Crew
from tests.live import eventually


@pytest.fixture
def names(monkeypatch):
    """Of the threads that did something."""
    monkeypatch.setattr(crew, "IDLE_SECONDS", 0.2)
    return []


def test_one_thread_does_all_when_one_comes_after_the_other(names):
    some = Crew(3, lambda: None)
    for _ in range(3):
        some.hand(lambda: names.append(threading.get_ident()))
        eventually(lambda: not some._work and some._idle == 1, 5)

    assert len(names) == 3
    assert len(set(names)) == 1


def test_as_many_work_at_once_as_there_may_be_and_the_rest_waits(names):
    some, go = Crew(2, lambda: None), threading.Event()
    for _ in range(3):
        some.hand(lambda: (names.append(threading.get_ident()), go.wait(5)))

    eventually(lambda: len(names) == 2, 5)
    assert not some._idle
    go.set()
    eventually(lambda: len(names) == 3, 5)
    assert len(set(names)) == 2


def test_failure_ends_nobody_and_each_rests_after_each_piece(names):
    some = Crew(1, lambda: names.append("rest"))
    some.hand(lambda: names[7])
    some.hand(lambda: names.append("work"))

    eventually(lambda: names == ["rest", "work", "rest"], 5)


def test_whoever_has_nothing_to_do_ends_and_work_that_comes_later_is_done(names):
    some = Crew(1, lambda: None)
    some.hand(lambda: names.append(1))
    eventually(lambda: names == [1] and some._threads == 0, 5)

    some.hand(lambda: names.append(2))

    eventually(lambda: names == [1, 2], 5)
