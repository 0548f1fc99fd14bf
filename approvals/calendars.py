"""Reading an iCalendar file (RFC 5545) as turns of people: whole, or not at all. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from approvals.schedulerules import ScheduleRefused

MOST_BYTES = 1024 * 1024
MOST_EVENTS = 500
MOST_TURNS = 1000
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
FIRST_YEAR = 2000


@dataclass(frozen=True)
class Turn:
    """One event: somebody's names, best first (addresses of attendees and of the organizer, then the summary)."""

    names: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    where: str


def turns_in(content: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> list[Turn]:
    """The turns between the two, in order. ScheduleRefused, naming the event, for whatever cannot be read.

    Times without a zone, and whole days, are meant in `zone`.
    """
    calendar = _parsed(content)
    events = calendar.walk("VEVENT")
    if not events:
        raise ScheduleRefused("The calendar holds no event.")
    if len(events) > MOST_EVENTS:
        raise ScheduleRefused(f"The calendar holds {len(events)} events; at most {MOST_EVENTS} are taken.")
    lines = _lines_of_events(content)
    for number, event in enumerate(events):
        line = f"Line {lines[number]}: " if number < len(lines) else ""
        _check(event, zone, line + _where(event))
    found = [_turn(event, zone) for event in _between(calendar, start, end)]
    if len(found) > MOST_TURNS:
        raise ScheduleRefused(f"The calendar makes more than {MOST_TURNS} turns.")
    return sorted(found, key=lambda turn: (turn.starts_at, turn.ends_at))


def _parsed(content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        raise ScheduleRefused(f"The file is larger than {MOST_BYTES // 1024} KiB.")
    try:
        return icalendar.Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise ScheduleRefused(f"This is no iCalendar file that can be read: {str(error)[:200]}") from error


def _check(event: Any, zone: ZoneInfo, where: str) -> None:
    """What cannot be read or is missing, and rules that would make more turns than anybody could look at."""
    if event.errors:
        name, why = event.errors[0]
        raise ScheduleRefused(f"{where}: {name or 'a line'} cannot be read: {str(why)[:200]}")
    if "DTSTART" not in event:
        raise ScheduleRefused(f"{where}: DTSTART is missing.")
    if event["DTSTART"].dt.year < FIRST_YEAR:
        raise ScheduleRefused(f"{where}: it starts before {FIRST_YEAR}.")
    if "DTEND" not in event and "DURATION" not in event and isinstance(event["DTSTART"].dt, datetime):
        raise ScheduleRefused(f"{where}: it has no end.")
    if "DTEND" in event and _moment(event["DTEND"].dt, zone) <= _moment(event["DTSTART"].dt, zone):
        raise ScheduleRefused(f"{where}: it ends before it starts.")
    for rule in _listed(event, "RRULE"):
        if {str(word).upper() for word in rule.get("FREQ", [])} & TOO_OFTEN:
            raise ScheduleRefused(f"{where}: it repeats more often than every day.")


def _lines_of_events(content: bytes) -> list[int]:
    lines = enumerate(content.splitlines(), 1)
    return [number for number, line in lines if line.strip().upper() == b"BEGIN:VEVENT"]


def _between(calendar: Any, start: datetime, end: datetime) -> list[Any]:
    try:
        return list(recurring_ical_events.of(calendar).between(start, end))
    except (ValueError, TypeError, AttributeError, OverflowError, KeyError, IndexError) as error:
        raise ScheduleRefused(f"The calendar's repetitions cannot be read: {str(error)[:200]}") from error


def _turn(event: Any, zone: ZoneInfo) -> Turn:
    starts_at = _moment(event["DTSTART"].dt, zone)
    ends_at = _moment(event["DTEND"].dt, zone) if "DTEND" in event else starts_at + timedelta(days=1)
    return Turn(_names(event), starts_at, ends_at, _where(event))


def _names(event: Any) -> tuple[str, ...]:
    people = [*_listed(event, "ATTENDEE"), *_listed(event, "ORGANIZER")]
    addresses = [str(each).removeprefix("mailto:").removeprefix("MAILTO:") for each in people]
    return (*addresses, str(event.get("SUMMARY", "")).strip())


def _listed(event: Any, name: str) -> list[Any]:
    value = event.get(name, [])
    return value if isinstance(value, list) else [value]


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _where(event: Any) -> str:
    """How the event is named in a refusal."""
    start = event.get("DTSTART")
    when = f" of {start.dt}" if isinstance(start, icalendar.vDDDTypes) else ""
    return f"The event {str(event.get('SUMMARY', '')).strip()[:80] or 'without a summary'!r}{when}"
