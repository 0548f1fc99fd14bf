"""Who is on call, by arithmetic alone: turns at local wall time, layers, windows, overrides, and clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.oncall import DAYS, Cover, changes_between, holes_between, on_call, rota_of, shifts_between
from tests.approvals.rotas import BERLIN, body, layer

A, B, C = "person:a", "person:b", "person:c"
ZONES = (BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")


def at(text: str, zone: str = BERLIN, fold: int = 0) -> datetime:
    """A local wall time as a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def who(schedule: dict[str, Any], *moments: datetime, covers: tuple[Cover, ...] = ()) -> list[str | None]:
    rota = rota_of(schedule)
    return [on_call(rota, covers, moment) for moment in moments]


def test_turns_change_at_the_hand_over_of_the_schedules_own_zone_when_daily():
    daily = body(layer(A, B), zone=BERLIN)

    assert who(
        daily, at("2026-03-02 08:59"), at("2026-03-02 09:00"), at("2026-03-03 08:59"), at("2026-03-03 09:00")
    ) == [
        None,
        A,
        A,
        B,
    ]


def test_turns_take_a_week_when_weekly():
    weekly = body(layer(A, B, rotation="weekly", weekday="mon"), zone=BERLIN)

    assert who(weekly, at("2026-03-09 08:59"), at("2026-03-09 09:00"), at("2026-03-16 09:00")) == [A, B, A]


def test_turns_take_their_hours_when_custom():
    shifts = body(layer(A, B, C, rotation="custom", every=8), zone=BERLIN)

    assert who(
        shifts, at("2026-03-02 16:59"), at("2026-03-02 17:00"), at("2026-03-03 01:00"), at("2026-03-03 09:00")
    ) == [
        A,
        B,
        C,
        A,
    ]


def test_the_hand_over_stays_at_the_wall_time_when_the_clocks_change():
    daily = body(layer(A, B, start="2026-03-28"), zone=BERLIN)
    rota = rota_of(daily)

    spring = list(shifts_between(rota, (), at("2026-03-28 09:00"), at("2026-03-30 09:00")))

    assert [shift.ends_at - shift.starts_at for shift in spring] == [timedelta(hours=23), timedelta(hours=24)]
    assert spring[1].starts_at == at("2026-03-29 09:00") == datetime(2026, 3, 29, 7, tzinfo=UTC)


def test_a_hand_over_in_the_hour_that_is_left_out_happens_an_hour_later():
    daily = body(layer(A, B, handover="02:30", start="2026-03-28"), zone=BERLIN)

    assert who(daily, datetime(2026, 3, 29, 1, 29, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)) == [A, B]


def test_a_hand_over_in_the_hour_that_comes_twice_happens_once_at_its_first():
    daily = body(layer(A, B, handover="02:30", start="2026-10-24"), zone=BERLIN)

    first, second = at("2026-10-25 02:30"), at("2026-10-25 02:10", fold=1)

    assert who(daily, first - timedelta(minutes=1), first, second) == [A, B, B]


def test_later_layers_win_where_they_have_somebody():
    weekend = layer(C, restrict=[{"days": ["sat", "sun"], "from": "00:00", "to": "24:00"}])
    both = body(layer(A), weekend, zone=BERLIN)

    assert who(
        both, at("2026-03-06 23:59"), at("2026-03-07 00:00"), at("2026-03-08 23:59"), at("2026-03-09 00:00")
    ) == [
        A,
        C,
        C,
        A,
    ]


def test_a_window_runs_into_the_next_day_when_it_ends_earlier_than_it_begins():
    nights = body(
        layer(A, start="2026-03-01", restrict=[{"days": ["fri"], "from": "22:00", "to": "06:00"}]), zone=BERLIN
    )

    assert who(
        nights, at("2026-03-06 21:59"), at("2026-03-06 22:00"), at("2026-03-07 05:59"), at("2026-03-07 06:00")
    ) == [
        None,
        A,
        A,
        None,
    ]


def test_a_layer_ends_at_the_hand_over_of_its_last_day():
    ends = body(layer(A, until="2026-03-04"), zone=BERLIN)

    assert who(ends, at("2026-03-04 08:59"), at("2026-03-04 09:00")) == [A, None]


def test_the_last_override_wins_over_whoever_has_the_turn():
    moment = at("2026-03-02 12:00")
    hour = timedelta(hours=1)
    covers = (Cover(B, moment - hour, moment + hour), Cover(C, moment, moment + hour))

    assert who(body(layer(A), zone=BERLIN), moment - hour, moment, moment + hour, covers=covers) == [B, C, A]


def test_holes_are_found_when_a_layer_counts_only_at_times():
    office = body(layer(A, restrict=[{"days": list(DAYS[:5]), "from": "09:00", "to": "18:00"}]), zone=BERLIN)

    holes = holes_between(rota_of(office), (), at("2026-03-06 12:00"), at("2026-03-09 12:00"))

    assert [(hole.starts_at, hole.ends_at) for hole in holes] == [(at("2026-03-06 18:00"), at("2026-03-09 09:00"))]


def test_changes_leave_out_whoever_was_on_call_before():
    rota = rota_of(body(layer(A, B), zone=BERLIN))

    changes = list(changes_between(rota, (), at("2026-03-02 12:00"), at("2026-03-04 12:00")))

    assert [(change.starts_at, change.person) for change in changes] == [
        (at("2026-03-03 09:00"), B),
        (at("2026-03-04 09:00"), A),
    ]


clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from([0, 15, 30]))
windows = st.builds(
    lambda days, begins, ends: {"days": sorted(days), "from": begins, "to": ends if ends != begins else "24:00"},
    st.sets(st.sampled_from(DAYS), min_size=1),
    clocks,
    clocks,
)


@st.composite
def layers(draw: st.DrawFn) -> dict[str, Any]:
    rotation = draw(st.sampled_from(["daily", "weekly", "custom"]))
    start = draw(st.dates(datetime(2026, 1, 1).date(), datetime(2026, 12, 1).date()))
    return {
        "people": draw(st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=4)),
        "rotation": rotation,
        "every": draw(st.sampled_from([1, 7, 12, 36])) if rotation == "custom" else None,
        "handover": draw(clocks),
        "start": start.isoformat(),
        "until": draw(st.none() | st.integers(1, 40).map(lambda days: (start + timedelta(days=days)).isoformat())),
        "restrict": draw(st.lists(windows, max_size=2)),
    }


schedules = st.builds(
    lambda zone, found: {"zone": zone, "layers": found},
    st.sampled_from(ZONES),
    st.lists(layers(), min_size=1, max_size=3),
)
EDGES = (at("2026-03-29 00:00"), at("2026-10-25 00:00"), at("2026-11-01 00:00", "America/New_York"))
starts = st.builds(lambda edge, hours: edge + timedelta(hours=hours), st.sampled_from(EDGES), st.integers(-60, 40))
moments = st.lists(st.integers(0, 72 * 60).map(lambda m: timedelta(minutes=m)), min_size=2, max_size=4)


@given(schedules, starts, moments)
@settings(max_examples=120, deadline=None)
def test_each_moment_has_exactly_one_person_or_a_hole_also_where_the_clocks_change(schedule, start, offsets):
    """The shifts cover the time without a gap and agree with what is asked for a single moment."""
    rota = rota_of(schedule)
    end = start + timedelta(hours=72)
    covers = (Cover(C, start + min(offsets), start + max(offsets)),) if min(offsets) < max(offsets) else ()

    shifts = list(shifts_between(rota, covers, start, end))

    assert (shifts[0].starts_at, shifts[-1].ends_at) == (start, end)
    assert all(one.ends_at == other.starts_at and one.person != other.person for one, other in pairwise(shifts))
    for shift in shifts:
        length = shift.ends_at - shift.starts_at
        for part in (timedelta(0), length / 3, length - timedelta(microseconds=1)):
            assert on_call(rota, covers, shift.starts_at + part) == shift.person


@given(st.sampled_from(ZONES), clocks, st.sampled_from(EDGES), st.integers(-3, 3))
@settings(max_examples=100, deadline=None)
def test_every_day_hands_over_once_at_the_wall_time_when_the_clocks_change(zone, handover, edge, days):
    rota = rota_of(body(layer(A, B, handover=handover, start="2026-01-01"), zone=zone))
    start = edge + timedelta(days=days)

    changes = list(changes_between(rota, (), start, start + timedelta(days=4)))

    walls = [change.starts_at.astimezone(ZoneInfo(zone)) for change in changes]
    assert len(changes) in (3, 4, 5)
    assert len({wall.date() for wall in walls}) == len(walls)
    shown = [f"{wall:%H:%M}" for wall in walls]
    assert sum(text != handover for text in shown) <= 1, "only a time that is left out moves"


def test_it_is_the_same_whether_asked_far_ahead_or_near():
    rota = rota_of(body(layer(A, B, rotation="custom", every=1, start="2026-01-01"), zone=BERLIN))
    far = at("2036-03-02 12:00")

    assert on_call(rota, (), far) in (A, B)
    assert on_call(rota, (), far) != on_call(rota, (), far + timedelta(hours=1))


@pytest.mark.parametrize("zone", ZONES)
def test_an_hourly_rotation_has_no_gap_in_the_night_when_the_clocks_change(zone):
    rota = rota_of(body(layer(A, B, rotation="custom", every=1, start="2026-01-01"), zone=zone))

    for edge in EDGES:
        assert holes_between(rota, (), edge - timedelta(days=1), edge + timedelta(days=2)) == []
