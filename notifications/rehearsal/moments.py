"""Moments and spans as people write them: `Sunday 03:00`, `2026-12-06 03:00`, `+30m`. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from approvals.spans import NotASpan, seconds_of

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAY = re.compile(r"^([a-z]{3,9})\s+(\d{1,2}):(\d{2})$")
MOMENT_HINT = "Write a moment as `Sunday 03:00`, `2026-12-06 03:00` or `2026-12-06T03:00:00Z`."


class NotAMoment(ValueError):
    """The text is no moment or no span; the message says how to write one."""


def moment_of(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC. A weekday means the next one after `now`; what has no zone of its own is in `zone`."""
    text = text.strip()
    if found := WEEKDAY.match(text.lower()):
        return _next(found, now.astimezone(zone), zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotAMoment(f"{text!r} is no moment. {MOMENT_HINT}") from error
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise NotAMoment(f"{text!r} is too far away. {MOMENT_HINT}") from error


def span_of(text: str) -> timedelta:
    """How long after the beginning, at most 366 days."""
    try:
        return timedelta(seconds=seconds_of(text))
    except NotASpan as error:
        raise NotAMoment(str(error)) from error


def in_words(span: timedelta) -> str:
    """`+2:30` in hours and minutes, with seconds where there are some, and days: `+1d 2:30`."""
    seconds = round(span.total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    clock = f"{hours}:{minutes:02}{f':{left:02}' if left else ''}"
    return f"+{days}d {clock}" if days else f"+{clock}"


def _next(found: re.Match[str], now: datetime, zone: ZoneInfo) -> datetime:
    names = [day for day in DAYS if day.startswith(found[1])]
    if len(names) != 1 or int(found[2]) > 23 or int(found[3]) > 59:
        raise NotAMoment(f"{found[0]!r} is no moment of a week. {MOMENT_HINT}")
    ahead = (DAYS.index(names[0]) - now.weekday()) % 7
    at = time(int(found[2]), int(found[3]))
    wanted = datetime.combine(now.date() + timedelta(days=ahead), at, zone)
    if wanted <= now:
        wanted = datetime.combine(now.date() + timedelta(days=ahead + 7), at, zone)
    return wanted.astimezone(UTC)
