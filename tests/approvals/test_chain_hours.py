"""Business hours: the zone's own time, also when the clocks change, and public holidays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.chains.hours import hours_of, is_holiday

BERLIN = hours_of(
    {"zone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}
    | {"holidays": "DE-BE"}
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ("2026-03-02T12:00", "2026-03-02T12:00"),
        ("2026-03-02T07:59", "2026-03-02T08:00"),
        ("2026-03-02T17:00", "2026-03-03T08:00"),  # 18:00 in Berlin is closed
        ("2026-03-06T17:00", "2026-03-09T08:00"),
        ("2026-03-28T12:00", "2026-03-30T07:00"),  # summer time began on Sunday
        ("2026-10-24T12:00", "2026-10-26T08:00"),  # and has ended
        ("2026-12-24T17:00", "2026-12-28T08:00"),  # Christmas, and then the weekend
        ("2027-03-05T17:00", "2027-03-09T08:00"),  # Women's Day is one in Berlin, and a Monday
    ],
)
def test_a_moment_is_held_until_the_next_opening(moment, held):
    assert BERLIN.hold(utc(moment)) == utc(held)


def test_holidays_are_those_of_the_part_of_the_country():
    day = datetime(2027, 3, 8, tzinfo=UTC).date()

    assert (is_holiday("DE-BE", day), is_holiday("DE", day), is_holiday("", day)) == (True, False, False)


def test_hours_until_midnight_and_in_a_gap_of_the_clocks():
    nights = hours_of({"zone": "Europe/Berlin", "days": ["sun"], "from": "02:30", "to": "24:00"})

    assert nights.hold(utc("2026-03-28T12:00")) == utc("2026-03-29T01:30"), "02:30 does not exist: it is 03:30"
    assert nights.hold(utc("2026-03-29T21:59")) == utc("2026-03-29T21:59")
    assert nights.hold(utc("2026-03-29T22:00")) == utc("2026-04-05T00:30")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_what_is_held_is_never_earlier_and_is_held_no_more(moment):
    held = BERLIN.hold(moment)

    assert held >= moment
    assert BERLIN.hold(held) == held
