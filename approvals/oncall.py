"""Who is on call: (schedule, overrides, moment) -> a name or nobody. Pure: no database, no clock.

A schedule is layers of rotations in a time zone of its own. Turns begin at local wall time, also where the clocks
change: a turn may then be an hour shorter or longer, and none is missing. A wall time that is left out in spring is
the moment an hour later; one that comes twice in autumn is the first of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Cover:
    """An override: this person instead, whoever's turn it is. Of several at one moment the last one counts."""

    person: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Shift:
    """One stretch of time with the same person on call, or nobody."""

    starts_at: datetime
    ends_at: datetime
    person: str | None


@dataclass(frozen=True)
class Window:
    """A stretch of a day in which a layer counts, on these weekdays. It runs into the next day if it ends earlier."""

    days: frozenset[int]
    begins: timedelta
    ends: timedelta


@dataclass(frozen=True)
class Layer:
    """One rotation. `first` and `until` are local wall times; without windows it counts around the clock."""

    people: tuple[str, ...]
    every: timedelta
    first: datetime
    until: datetime | None
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Rota:
    """A schedule, read. Later layers win where they have somebody."""

    zone: ZoneInfo
    layers: tuple[Layer, ...]


def rota_of(body: dict[str, Any]) -> Rota:
    """The schedule that this (checked) body describes: see `approvals.schedulerules`."""
    return Rota(ZoneInfo(body["zone"]), tuple(_layer(each) for each in body["layers"]))


def on_call(rota: Rota, covers: Sequence[Cover], at: datetime) -> str | None:
    """Whoever is on call at this moment."""
    for cover in reversed(covers):
        if cover.starts_at <= at < cover.ends_at:
            return cover.person
    people = (_in_layer(rota.zone, layer, at) for layer in reversed(rota.layers))
    return next((person for person in people if person is not None), None)


def shifts_between(rota: Rota, covers: Sequence[Cover], start: datetime, end: datetime) -> Iterator[Shift]:
    """The time from `start` to `end`, cut where the person changes. No moment is missing and none comes twice."""
    moments = [start, *_moments(rota, covers, start, end), end]
    begun, person = start, on_call(rota, covers, start)
    for moment in moments[1:-1]:
        following = on_call(rota, covers, moment)
        if following != person:
            yield Shift(begun, moment, person)
            begun, person = moment, following
    if begun < end:
        yield Shift(begun, end, person)


def changes_between(rota: Rota, covers: Sequence[Cover], start: datetime, end: datetime) -> Iterator[Shift]:
    """The hand-overs after `start` and before `end`: the shifts that begin there."""
    return (shift for shift in shifts_between(rota, covers, start, end) if shift.starts_at > start)


def holes_between(rota: Rota, covers: Sequence[Cover], start: datetime, end: datetime) -> list[Shift]:
    """The stretches in which nobody is on call."""
    return [shift for shift in shifts_between(rota, covers, start, end) if shift.person is None]


def instant(zone: ZoneInfo, wall: datetime) -> datetime:
    """The moment at which a clock on this zone's walls shows `wall`."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _in_layer(zone: ZoneInfo, layer: Layer, at: datetime) -> str | None:
    if at < instant(zone, layer.first) or (layer.until is not None and at >= instant(zone, layer.until)):
        return None
    if layer.windows and not any(begins <= at < ends for begins, ends in _open(zone, layer, at, at)):
        return None
    return layer.people[_turn(zone, layer, at) % len(layer.people)]


def _turn(zone: ZoneInfo, layer: Layer, at: datetime) -> int:
    """The number of the turn that is on at this moment: the last one that has begun."""
    turn = (at.astimezone(zone).replace(tzinfo=None) - layer.first) // layer.every
    while instant(zone, layer.first + (turn + 1) * layer.every) <= at:
        turn += 1
    while instant(zone, layer.first + turn * layer.every) > at:
        turn -= 1
    return turn


def _open(zone: ZoneInfo, layer: Layer, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The layer's windows of the days from before `start` till after `end`, as moments."""
    for day in _days(zone, start, end):
        midnight = datetime.combine(day, time())
        for window in layer.windows:
            if day.weekday() in window.days:
                yield instant(zone, midnight + window.begins), instant(zone, midnight + window.ends)


def _days(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[date]:
    day, last = start.astimezone(zone).date() - DAY, end.astimezone(zone).date() + DAY
    while day <= last:
        yield day
        day += DAY


def _moments(rota: Rota, covers: Iterable[Cover], start: datetime, end: datetime) -> list[datetime]:
    """All moments strictly between the two at which the person could change, in order."""
    found = {moment for cover in covers for moment in (cover.starts_at, cover.ends_at)}
    for layer in rota.layers:
        found.update(_moments_of(rota.zone, layer, start, end))
    return sorted(moment for moment in found if start < moment < end)


def _moments_of(zone: ZoneInfo, layer: Layer, start: datetime, end: datetime) -> Iterator[datetime]:
    until = instant(zone, layer.until) if layer.until else end
    yield until
    turn = max(_turn(zone, layer, max(start, instant(zone, layer.first))), 0)
    while (begins := instant(zone, layer.first + turn * layer.every)) < min(end, until):
        yield begins
        turn += 1
    for opens, closes in _open(zone, layer, start, end) if layer.windows else ():
        yield from (opens, closes)


def _layer(body: dict[str, Any]) -> Layer:
    handover = _clock(body["handover"])
    every = {"daily": DAY, "weekly": 7 * DAY}.get(body["rotation"]) or body["every"] * HOUR
    until = body.get("until")
    return Layer(
        people=tuple(body["people"]),
        every=every,
        first=_midnight(body["start"]) + handover,
        until=_midnight(until) + handover if until else None,
        windows=tuple(_window(each) for each in body.get("restrict") or ()),
    )


def _window(body: dict[str, Any]) -> Window:
    begins, ends = _clock(body["from"]), _clock(body["to"])
    days = frozenset(DAYS.index(day) for day in body.get("days") or DAYS)
    return Window(days, begins, ends if ends > begins else ends + DAY)


def _midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time())


def _clock(text: str) -> timedelta:
    """`09:00` as the time since midnight; `24:00` is the end of the day."""
    hours, _, minutes = text.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
