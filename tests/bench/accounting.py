"""What became of messages: each taken once, or lost, or doubled; and how long after its turn it came. Pure."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

PACE = 1.0
"""Seconds for each place in a line: Slack takes one message a second in each conversation."""
GRACE = 2.0
"""Seconds that a message may need besides."""


@dataclass(frozen=True)
class Due:
    """A message that has to go: in whose line, and since when (seconds)."""

    name: str
    line: str
    at: float


@dataclass(frozen=True)
class Account:
    """`waited`: seconds from being due to being taken. `beyond`: seconds after the end of its turn, negative within."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unasked: tuple[str, ...]
    waited: tuple[float, ...]
    beyond: tuple[float, ...]

    @property
    def late(self) -> int:
        """How many came after the end of their turn."""
        return sum(each > 0 for each in self.beyond)


def account_of(due: Iterable[Due], taken: Iterable[tuple[str, float]]) -> Account:
    """`taken`: the name and the moment of whatever the other side has, in any order."""
    wanted = {each.name: each for each in due}
    times: dict[str, list[float]] = defaultdict(list)
    for name, at in taken:
        insort(times[name], at)
    first = {name: moments[0] for name, moments in times.items() if name in wanted}
    places = _places(wanted.values(), first)
    waited = {name: at - wanted[name].at for name, at in first.items()}
    return Account(
        lost=tuple(name for name in wanted if name not in times),
        doubled=tuple(name for name, moments in times.items() if len(moments) > 1),
        unasked=tuple(name for name in times if name not in wanted),
        waited=tuple(waited.values()),
        beyond=tuple(waited[name] - places[name] * PACE - GRACE for name in first),
    )


def _places(due: Iterable[Due], taken: dict[str, float]) -> Counter[str]:
    """1 and how many of its line were due before it and not taken yet when it became due. The lost count for nobody."""
    lines: dict[str, list[Due]] = defaultdict(list)
    for each in due:
        if each.name in taken:
            lines[each.line].append(each)
    places: Counter[str] = Counter()
    for line in lines.values():
        gone: list[float] = []
        for ahead, each in enumerate(sorted(line, key=lambda each: (each.at, each.name))):
            places[each.name] = 1 + ahead - bisect_right(gone, each.at)
            insort(gone, taken[each.name])
    return places
