"""The page of dry runs: for admins, it plays what is typed, and says what it cannot play."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from approvals.models import Membership
from notifications.rehearsal.drawing import moments_of, strip_of
from notifications.rehearsal.moments import NotAMoment, in_words, moment_of, span_of
from notifications.rehearsal.stage import rehearse
from tests.factories import gate_rule, make_policy
from tests.notifications.test_rehearsal import act, script
from tests.wire.everything import rows

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def admin(world: SimpleNamespace) -> Client:
    """Ana, an admin, in her browser."""
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    client = Client()
    client.force_login(world.ana)
    return client


def example(world: SimpleNamespace, **fields: Any) -> dict[str, Any]:
    first = {"workspace": str(world.workspace.pk), "type": "intent.infra.change.v1", "to": "human", "payload": "{}"}
    return {**first, "at": "Sunday 03:00", "zone": "Europe/Berlin", "agent": "1m", "acts": "", **fields}


def test_page_plays_an_example_and_changes_nothing(world: SimpleNamespace, admin: Client):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    admin.get("/dry-run")
    before = rows()

    page = admin.post("/dry-run", example(world, acts="+5m ana@acme.example approve\n")).content.decode()

    assert "Ends COMPLETED (approved). Approved by Ana Ruiz" in page
    assert "<strong>03:05</strong>" in page
    assert rows() == before


def test_page_is_for_admins(world: SimpleNamespace):
    client = Client()
    assert client.get("/dry-run").status_code == 302
    client.force_login(world.bo)

    assert client.get("/dry-run").status_code == 404
    assert client.post("/dry-run", example(world)).status_code == 404


def test_page_plays_no_other_workspace(world: SimpleNamespace, admin: Client):
    other = type(world.workspace).objects.create(org="other", name="production")

    page = admin.post("/dry-run", example(world, workspace=str(other.pk)))

    assert page.status_code == 422
    assert b"Ends " not in page.content


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("payload", "[1", "is not a JSON object"),
        ("acts", "ana approves", "is no act"),
        ("at", "someday", "is no moment"),
        ("zone", "Middle/Earth", "is no time zone"),
        ("type", "NO TYPE", "intent_type"),
        ("requested_by", "zoe@other.example", "is no member"),
    ],
)
def test_page_says_what_it_cannot_play(world: SimpleNamespace, admin: Client, field: str, text: str, words: str):
    page = admin.post("/dry-run", example(world, **{field: text}))

    assert page.status_code == 422
    assert words in page.content.decode()


def test_page_tries_a_draft_that_is_not_saved(world: SimpleNamespace, admin: Client):
    draft = '{"match": {"types": ["*"]}, "action": "deny"}'

    page = admin.post("/dry-run", example(world, draft_name="never", draft_body=draft, draft_position="0"))

    assert "draft of the policy <strong>never</strong>" in page.content.decode()
    assert "Ends CANCELED (denied)" in page.content.decode()


def test_drawing_puts_messages_below_what_they_tell(world: SimpleNamespace):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 600, "interval": 600, "max": 1})])

    play = rehearse(world.workspace, script(acts=(act(30, "bo"),)))

    moments = moments_of(play, BERLIN)
    assert [moment.after for moment in moments] == ["+0:00", "+0:10", "+0:30"]
    reminder = moments[1].happenings[0]
    assert (reminder.tone, reminder.told) == ("remind", [("reminder by email", "Ana Ruiz, Bo Lind, Cy Okafor")])
    assert [(mark.x, mark.tone) for mark in strip_of(play)] == [(333, "remind"), (1000, "yes"), (1000, "yes")]


@pytest.mark.parametrize(
    ("text", "zone", "found"),
    [
        ("Sunday 03:00", "UTC", "2026-11-29T03:00"),
        ("sun 3:00", "Europe/Berlin", "2026-11-29T02:00"),
        ("Saturday 11:59", "UTC", "2026-12-05T11:59"),
        ("Saturday 12:01", "UTC", "2026-11-28T12:01"),
        ("2026-12-06 03:00", "Europe/Berlin", "2026-12-06T02:00"),
        ("2026-12-06T03:00:00Z", "Europe/Berlin", "2026-12-06T03:00"),
    ],
)
def test_moments_are_read_as_people_write_them(text: str, zone: str, found: str):
    assert moment_of(text, NOW, ZoneInfo(zone)).isoformat()[:16] == found


@pytest.mark.parametrize("text", ["", "s 03:00", "Sunday 25:00", "Sunday", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_is_refused(text: str):
    with pytest.raises(NotAMoment):
        moment_of(text, NOW, BERLIN)


def test_spans_are_read_and_written():
    assert span_of("+2h30m") == timedelta(hours=2, minutes=30)
    assert span_of("90") == timedelta(seconds=90)
    assert in_words(timedelta(days=1, hours=2, seconds=5)) == "+1d 2:00:05"
    for text in ("", "+", "soon", "-5m", "999999999999d", "367d"):
        with pytest.raises(NotAMoment):
            span_of(text)
