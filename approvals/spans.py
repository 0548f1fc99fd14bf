"""Spans of time as people write them: `30m`, `2h30m`, `1d`, or a number of seconds. Pure."""

from __future__ import annotations

import re

SPAN = re.compile(r"^\+?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?$")
UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))
HINT = "Write a span as 30m, 2h30m, 1d or a number of seconds."
LONGEST = 366 * 86_400


class NotASpan(ValueError):
    """The text is no span; the message says how to write one."""


def seconds_of(text: str) -> int:
    """How many seconds, at most 366 days."""
    found = SPAN.match(text.strip().lower().replace(" ", ""))
    if found is None or not any(found.groups()):
        raise NotASpan(f"{text!r} is no span. {HINT}")
    seconds = sum(int(part or 0) * unit for part, (unit, _) in zip(found.groups(), UNITS, strict=True))
    if seconds > LONGEST:
        raise NotASpan(f"{text!r} is longer than 366 days. {HINT}")
    return seconds


def span_text(seconds: int) -> str:
    """`5400` as `1h30m`."""
    parts = []
    for unit, letter in UNITS:
        count, seconds = divmod(seconds, unit)
        if count:
            parts.append(f"{count}{letter}")
    return "".join(parts) or "0s"
