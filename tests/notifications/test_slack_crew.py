"""Threads that stay for a while: as few as there is work for, and none of them for ever."""

import threading

import pytest

from notifications.slack import crew, senders
from notifications.slack.crew import Crew
from notifications.slack.senders import Senders, Workers
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


@pytest.fixture
def threads(monkeypatch):
    """The machine has no more, until something is in this list."""
    there: list[bool] = []
    start = threading.Thread.start

    def started(thread):
        if not there:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", started)
    return there


def test_work_is_done_once_there_are_threads_again_when_none_could_be_begun(names, threads):
    some = Crew(1, lambda: None)
    assert not some.hand(lambda: names.append(1))
    threads.append(True)

    assert some.hand(lambda: names.append(2))

    eventually(lambda: names == [2], 5)


def test_slack_is_looked_at_once_there_are_threads_again_when_none_could_be_begun(names, threads, monkeypatch):
    monkeypatch.setattr(senders, "claim_some", lambda _most: names.append("messages") or [])
    monkeypatch.setattr(senders, "next_turn", lambda _now: None)
    some: list[Senders | Workers] = [
        Senders(rest=lambda: None),
        Workers(lambda: names.append("duties"), 1, lambda: None),
    ]
    for each in some:
        each.start()
    threads.append(True)

    for each in some:
        each.start()

    eventually(lambda: sorted(names) == ["duties", "messages"], 5)


def test_no_slot_is_lost_when_no_thread_can_be_begun_for_a_message(threads, monkeypatch):
    monkeypatch.setattr(senders, "claim_some", lambda _most: ["a delivery"])
    monkeypatch.setattr(senders, "begin", lambda *_: None)
    some = Senders(slots=3, rest=lambda: None)

    with pytest.raises(RuntimeError, match="its lease runs out"):
        some._look()

    assert (some._free, list(some._crew._work)) == (3, [])


def test_nobody_is_lost_when_the_connection_cannot_be_laid_aside(names):
    some = Crew(1, lambda: names.append(7) or names[7])
    for _ in range(2):
        some.hand(lambda: None)

    eventually(lambda: names == [7, 7] and some._idle == 1, 5)


def test_looking_ends_with_the_work_however_much_there_was(names):
    left = [True] * 50
    some = Workers(lambda: names.append(1) or bool(left and left.pop()), 1, lambda: None)

    some.start()

    eventually(lambda: not left and not some._crew._threads, 5)
    assert len(names) == 51
