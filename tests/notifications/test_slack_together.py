"""Several threads finish together what each of them has done."""

import threading
from itertools import chain

import pytest

from notifications.slack import together
from notifications.slack.together import Together
from tests.live import eventually


@pytest.fixture
def groups(monkeypatch):
    """What was finished at once."""
    monkeypatch.setattr(together, "PAUSE_SECONDS", 0.01)
    return []


def test_what_comes_meanwhile_is_finished_together_by_whoever_was_there_first(groups):
    at_it, go = threading.Event(), threading.Event()

    def finish(several: list[int]) -> None:
        groups.append((threading.get_ident(), several))
        at_it.set()
        go.wait(5)

    some = Together(finish)
    first = threading.Thread(target=some.add, args=(1,))
    first.start()
    at_it.wait(5)
    some.add(2)
    some.add(3)
    go.set()
    first.join()

    assert groups == [(first.ident, [1]), (first.ident, [2, 3])]


def test_whoever_comes_when_nobody_is_at_it_does_it(groups):
    some = Together(groups.append)

    some.add(1)
    some.add(2)

    assert groups == [[1], [2]]


def test_nothing_is_left_when_many_come_at_any_moment(groups):
    some = Together(groups.append)
    several = [threading.Thread(target=some.add, args=(number,)) for number in range(50)]
    for each in several:
        each.start()

    eventually(lambda: sorted(chain.from_iterable(groups)) == list(range(50)), 5)
    for each in several:
        each.join()
