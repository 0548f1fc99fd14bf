"""Asking who is on call: over the API, and on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tests.acts import neighbours
from tests.approvals.rotas import BERLIN, layer, make_schedule
from tests.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(world):
    return make_schedule(world, layer(world.ana, world.bo, start="2026-03-02"), zone=BERLIN)


def said(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue().strip()


def test_people_see_who_is_on_call_at_a_moment_and_until_when(world, schedule):
    person = Api(token=world.tokens["cy"])

    answer = person.get("/v1/schedules/primary/on-call?at=2026-03-29T00:00:00Z").json()

    assert answer["on_call"] == {
        "schedule": "schedule:primary",
        "at": "2026-03-29T00:00:00.000Z",
        "person": "ana@acme.example",
        "name": "Ana Ruiz",
        "until": "2026-03-29T07:00:00.000Z",
    }
    listed = person.get("/v1/schedules").json()["schedules"]
    assert [(each["name"], each["zone"], each["version"]) for each in listed] == [("primary", BERLIN, 1)]


def test_nobody_is_null_before_the_first_turn(world, schedule):
    answer = Api(token=world.tokens["cy"]).get("/v1/schedules/primary/on-call?at=2026-03-02T06:00:00%2B01:00").json()

    assert (answer["on_call"]["person"], answer["on_call"]["until"]) == (None, "2026-03-02T08:00:00.000Z")


@pytest.mark.parametrize(
    "at", ["soon", "2026-03-02T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
)
def test_a_moment_that_is_none_or_far_away_is_refused(world, schedule, at):
    answer = Api(token=world.tokens["cy"]).get("/v1/schedules/primary/on-call", QUERY_STRING=f"at={at}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_parameter")


def test_machines_and_other_workspaces_see_no_schedule(world, schedule, api):
    there = neighbours()

    assert api.get("/v1/schedules").status_code == 403
    from tests.factories import make_token

    stranger = Api(token=make_token(there.zoe, there.workspace))
    assert stranger.get("/v1/schedules").json()["schedules"] == []
    assert stranger.get("/v1/schedules/primary/on-call").status_code == 404


def test_the_command_says_who_is_on_call_in_the_schedules_own_time(world, schedule):
    assert said("oncall", "acme/production", "primary", "--at", "2026-03-29T00:00:00Z") == (
        "ana@acme.example until 2026-03-29 09:00 Europe/Berlin"
    )
    with time_machine.travel(datetime(2026, 3, 3, 12, tzinfo=UTC)):
        assert said("oncall", "acme/production", "primary").startswith("bo@acme.example until 2026-03-04 09:00")
    with pytest.raises(CommandError, match="no schedule 'other'"):
        said("oncall", "acme/production", "other")
    with pytest.raises(CommandError, match="is no moment"):
        said("oncall", "acme/production", "primary", "--at", "noon")


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//acme//rota//EN
BEGIN:VEVENT
UID:1
SUMMARY:On call
ATTENDEE:mailto:bo@acme.example
DTSTART;TZID=Europe/Berlin:20990302T090000
DTEND;TZID=Europe/Berlin:20990303T090000
RRULE:FREQ=WEEKLY;COUNT=2
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Cy Okafor
DTSTART:20990305
DTEND:20990306
END:VEVENT
END:VCALENDAR
"""
NOON = datetime(2099, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def ics(tmp_path):
    def write(text: str = CALENDAR) -> str:
        path = tmp_path / "rota.ics"
        path.write_bytes(text.replace("\n", "\r\n").encode())
        return str(path)

    return write


def test_a_calendars_events_become_overrides_once(world, schedule, ics):
    with time_machine.travel(NOON):
        first = said("import_schedule", "acme/production", "primary", ics())
        again = said("import_schedule", "acme/production", "primary", ics())

    rows = [(row.person.name, row.starts_at, row.ends_at) for row in schedule.overrides.order_by("starts_at")]
    day = timedelta(days=1)
    monday = datetime(2099, 3, 2, 8, tzinfo=UTC)
    thursday = datetime(2099, 3, 4, 23, tzinfo=UTC)
    assert rows == [
        ("Bo Lind", monday, monday + day),
        ("Cy Okafor", thursday, thursday + day),
        ("Bo Lind", monday + 7 * day, monday + 8 * day),
    ]
    assert first.endswith("3 overrides were made, 0 were there already.")
    assert again == "0 overrides were made, 3 were there already."


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("BEGIN:VCALENDAR", "hello", "This is no iCalendar file"),
        ("BEGIN:VEVENT", "BEGIN:VTODO", "no event|no iCalendar file"),
        ("DTSTART:20990305", "DTSTART:20991305", "Line 12: The event 'Cy Okafor'.*DTSTART cannot be read"),
        ("DTSTART:20990305\n", "", "Line 12: The event 'Cy Okafor': DTSTART is missing"),
        ("DTSTART:20990305\nDTEND:20990306", "DTSTART:20990305T090000Z", "has no end"),
        ("DTEND:20990306", "DTEND:20990304", "Line 12: .*ends before it starts"),
        ("DTSTART:20990305", "DTSTART:19010305", "starts before 2000"),
        ("FREQ=WEEKLY", "FREQ=MINUTELY", "Line 4: The event 'On call'.*more often than every day"),
        ("Cy Okafor", "Somebody", "neither an attendee, nor the organizer, nor the summary is a member"),
        ("2099", "2001", "no event in the next 366 days"),
    ],
)
def test_a_calendar_is_refused_as_a_whole_when_anything_in_it_is_wrong(world, schedule, ics, old, new, words):
    with time_machine.travel(NOON), pytest.raises(CommandError, match=words):
        said("import_schedule", "acme/production", "primary", ics(CALENDAR.replace(old, new)))

    assert not schedule.overrides.exists()


def test_a_calendar_is_refused_when_it_is_too_large(world, schedule, ics):
    event = CALENDAR[CALENDAR.index("BEGIN:VEVENT\nUID:2") : CALENDAR.index("END:VCALENDAR")]

    with time_machine.travel(NOON), pytest.raises(CommandError, match="at most 500 are taken"):
        said("import_schedule", "acme/production", "primary", ics(CALENDAR.replace(event, event * 501)))
    with time_machine.travel(NOON), pytest.raises(CommandError, match="larger than 1024 KiB"):
        said("import_schedule", "acme/production", "primary", ics(CALENDAR + " " * 1024 * 1024))
    with pytest.raises(CommandError, match="No such file"):
        said("import_schedule", "acme/production", "primary", "/nowhere.ics")
