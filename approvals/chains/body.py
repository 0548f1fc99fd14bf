"""A compiled chain: what terms carry of it, and the same as values to reckon with. Pure.

{"name": "night@3", "steps": [{"after": 0, "who": [], "channels": [{"slack": 0}, {"email": 600}],
                               "remind": {"after": 1800, "every": 1800, "most": 3}}],
 "repeat": 0, "repeat_after": 5400, "last_resort": [], "hours": null}

A step that is posted somewhere besides has `post`, such as ["slack:#deploys"].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from approvals.chains.hours import Hours, hours_of

ChainBody = dict[str, Any]

SHORTEST_INTERVAL = 60
MOST_REMINDERS = 20
DEFAULT_REMINDERS = 3


@dataclass(frozen=True)
class Remind:
    """First `after` seconds into the step, then `every` so often, `most` times."""

    after: int
    every: int
    most: int


@dataclass(frozen=True)
class Step:
    """Begins `after` seconds after the one before it; without them only when nobody can be reached, or on request.

    `who` empty: everybody who may decide.
    """

    after: int | None = 0
    who: tuple[str, ...] = ()
    remind: Remind | None = None


@dataclass(frozen=True)
class Place:
    """Where in a chain: which step, and in which round."""

    step: int
    round: int


@dataclass(frozen=True)
class Chain:
    """Its steps in order, all of them `repeat` more times, each round `repeat_after` after the last step before."""

    steps: tuple[Step, ...] = (Step(),)
    repeat: int = 0
    repeat_after: int = SHORTEST_INTERVAL
    last_resort: tuple[str, ...] = ()
    hours: Hours | None = None

    @property
    def places(self) -> int:
        """How many steps there are in all rounds. Places are counted from 0."""
        return len(self.steps) * (self.repeat + 1)

    def step_at(self, place: int) -> Step:
        """The step at this place."""
        return self.steps[place % len(self.steps)]

    def place(self, place: int) -> Place:
        """The same as step and round."""
        return Place(place % len(self.steps), place // len(self.steps))

    def pause_before(self, place: int) -> int | None:
        """Seconds from the beginning of the step before it, for the first from the opening. See `Step.after`."""
        return self.repeat_after if place and place % len(self.steps) == 0 else self.step_at(place).after

    def hold(self, moment: datetime) -> datetime:
        """The moment itself, or the opening of business that it has to wait for."""
        return self.hours.hold(moment) if self.hours else moment

    def following(self, place: int, moment: datetime) -> datetime | None:
        """When the step after this place begins, if this one began at `moment`."""
        pause = self.pause_before(place + 1) if place + 1 < self.places else None
        return None if pause is None else self.later(moment, pause)

    def later(self, moment: datetime, seconds: int) -> datetime:
        """So many seconds later, or the opening of business after that."""
        return self.hold(moment + timedelta(seconds=seconds))


def chain_from(body: ChainBody) -> Chain:
    """The values of a compiled chain."""
    return Chain(
        steps=tuple(_step(step) for step in body["steps"]),
        repeat=body["repeat"],
        repeat_after=body["repeat_after"],
        last_resort=tuple(body["last_resort"]),
        hours=hours_of(body["hours"]) if body["hours"] else None,
    )


def _step(body: dict[str, Any]) -> Step:
    remind = body["remind"]
    return Step(body["after"], tuple(body["who"]), Remind(**remind) if remind else None)
