"""A play as it is drawn: a strip of its whole time, and its moments one below the other. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from notifications.rehearsal.moments import in_words
from notifications.rehearsal.timeline import MESSAGE, REFUSED, Line, Played

WIDTH = 1000
GAPS = (60, 600, 3600, 6 * 3600, 24 * 3600)
TONES = {
    "intent.reminder": "remind",
    "intent.escalated": "escalate",
    "intent.gate_warning": "remind",
    "intent.decision_recorded": "yes",
    "intent.completed": "yes",
    "intent.failed": "no",
    "intent.canceled": "no",
    "intent.timed_out": "no",
    REFUSED: "back",
}


@dataclass
class Happening:
    """One thing that happens, and whom it made the channels tell: `request by email` to names."""

    text: str
    tone: str
    told: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Moment:
    """All that happens at once. `gap` (0 to 5) grows with the time since the moment before; `day` where it is new."""

    day: str
    clock: str
    after: str
    gap: int
    happenings: tuple[Happening, ...]


@dataclass(frozen=True)
class Mark:
    """A mark on the strip: where (0 to 1000) and what."""

    x: int
    tone: str
    title: str


def moments_of(play: Played, zone: ZoneInfo) -> list[Moment]:
    """Moment by moment, in this zone."""
    found: list[Moment] = []
    last, day = play.began, ""
    for at, lines in groupby(play.lines, key=lambda line: line.at):
        local = at.astimezone(zone)
        new_day = f"{local:%A, %d %B %Y}"
        found.append(
            Moment(
                day=new_day if new_day != day else "",
                clock=f"{local:%H:%M}" if not local.second else f"{local:%H:%M:%S}",
                after=in_words(at - play.began),
                gap=_gap((at - last).total_seconds()),
                happenings=tuple(_happenings(lines)),
            )
        )
        last, day = at, new_day
    return found


def strip_of(play: Played) -> list[Mark]:
    """What stands out, on a line from the beginning to the end."""
    if not play.lines:
        return []
    span = (play.lines[-1].at - play.began).total_seconds() or 1.0
    return [
        Mark(round(WIDTH * (line.at - play.began).total_seconds() / span), TONES[key], line.text)
        for line in play.lines
        if (key := REFUSED if line.kind == REFUSED else line.name) in TONES
    ]


def ends_at(play: Played, zone: ZoneInfo) -> tuple[str, str]:
    """When the strip begins and ends, for its two ends."""
    last = play.lines[-1].at if play.lines else play.began
    return _short(play.began, zone), _short(last, zone)


def _happenings(lines: Iterable[Line]) -> list[Happening]:
    """Messages stand below what they tell of: the event before them."""
    found: list[Happening] = []
    for line in sorted(lines, key=lambda line: line.kind == MESSAGE):
        if line.kind != MESSAGE:
            key = REFUSED if line.kind == REFUSED else line.name
            found.append(Happening(line.text, TONES.get(key, "")))
            continue
        owner = found[-1] if found else Happening("Messages that were put off leave now.", "")
        if not found:
            found.append(owner)
        _tell(owner, f"{line.name} by {line.channel}", line.who)
    return found


def _tell(owner: Happening, how: str, who: str) -> None:
    for at, (known, names) in enumerate(owner.told):
        if known == how:
            owner.told[at] = (known, f"{names}, {who}")
            return
    owner.told.append((how, who))


def _gap(seconds: float) -> int:
    return sum(seconds >= bound for bound in GAPS)


def _short(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %H:%M}"
