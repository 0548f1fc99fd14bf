"""Business hours: whether a moment falls into them, and when they open next. Pure: no clock.

{"zone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00",
 "holidays": "DE-BE"}
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = "24:00"
LONGEST_CLOSED = 60
"""Days. Nothing that opens on one day of the week stays closed longer, whatever its holidays."""


@dataclass(frozen=True)
class Hours:
    """Open on these days of the week from `opens` to `closes`, but for holidays; in the zone's own time."""

    zone: str
    days: tuple[int, ...]
    opens: time
    closes: time | None
    holidays: str = ""

    def hold(self, moment: datetime) -> datetime:
        """The moment itself if it falls into the hours, else the next one at which they open."""
        day = moment.astimezone(ZoneInfo(self.zone)).date()
        for later in range(LONGEST_CLOSED + 1):
            opens, closes = self._span(day + timedelta(days=later))
            if self._is_open_on(day + timedelta(days=later)) and moment < closes:
                return max(moment, opens)
        return moment

    def _is_open_on(self, day: date) -> bool:
        return day.weekday() in self.days and not is_holiday(self.holidays, day)

    def _span(self, day: date) -> tuple[datetime, datetime]:
        """Where the clocks are put forward over such a time, it is the moment right after them."""
        zone = ZoneInfo(self.zone)
        opens = datetime.combine(day, self.opens, zone)
        closes = datetime.combine(day if self.closes else day + timedelta(days=1), self.closes or time(), zone)
        return opens.astimezone(UTC), closes.astimezone(UTC)


def hours_of(body: dict[str, Any]) -> Hours:
    """The hours that a checked body says."""
    return Hours(
        zone=body["zone"],
        days=tuple(DAYS.index(day) for day in body["days"]),
        opens=time.fromisoformat(body["from"]),
        closes=None if body["to"] == MIDNIGHT else time.fromisoformat(body["to"]),
        holidays=body.get("holidays", ""),
    )


def is_holiday(calendar: str, day: date) -> bool:
    """Whether this is a public holiday of `DE` or `DE-BE`; "" has none."""
    return bool(calendar) and day in calendar_of(calendar)


@lru_cache(maxsize=64)
def calendar_of(name: str) -> holidays.HolidayBase:
    """The public holidays of a country (`DE`) or of a part of it (`DE-BE`). NotImplementedError if there is none."""
    country, _, part = name.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)
