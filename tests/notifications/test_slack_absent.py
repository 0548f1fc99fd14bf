"""`/countersign absent`: being away, by the same services as on the page, in words that are true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from approvals.models import Absence
from approvals.services.absences import start_absence
from intents import clock
from intents.models import WorkspaceEntry
from tests.notifications.slacking import ana_linked, answered, linked, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def there(world, slack, settings):
    """Ana may write to the bot."""
    return ana_linked(world, slack, settings)


def test_absent_until_a_day_begins_an_absence_with_a_delegate_and_off_ends_it(world, slack, there):
    linked(world.bo, slack)

    said = answered(slack, "absent until 2026-12-24 delegate <@UBO|bo>")

    row = Absence.objects.get()
    assert (row.person, row.delegate) == (world.ana, world.bo)
    assert row.ends_at == datetime(2026, 12, 24, 8, 0, tzinfo=UTC)
    assert "away from 15:02 CET until 24 Dec 09:00 CET; Bo Lind is asked instead." in said
    assert "until 24 Dec 09:00 CET" in answered(slack, "absent")
    entry = WorkspaceEntry.objects.order_by("-seq").first()
    assert (entry.change, entry.actor) == ("absence.created", "person:ana@acme.example")

    assert "Ended: away" in answered(slack, "absent off")
    row.refresh_from_db()
    assert row.ended_at == clock.now()
    assert answered(slack, "absent") == "You are not away, and no absence of yours is planned."


def test_absent_takes_the_delegate_by_address_and_a_time_of_day(world, slack, there):
    for who in ("bo@acme.example", "<mailto:bo@acme.example|bo@acme.example>", "BO@acme.example"):
        answered(slack, f"absent until 2026-11-03 18:30 delegate {who}")

        row = Absence.objects.get(ended_at=None)
        assert row.delegate == world.bo
        assert row.ends_at == datetime(2026, 11, 3, 17, 30, tzinfo=UTC)
        answered(slack, "absent off")


NOT_SO = [
    ("absent until tomorrow", "Say it like this: absent until 2026-12-24"),
    ("absent until 2026-12-24 25:00", "Say it like this"),
    ("absent until 2026-12-24 delegate", "Say it like this"),
    ("absent till monday", "Say it like this"),
    ("absent until 2026-11-01", "An absence ends after it starts"),
    ("absent until 2028-11-01", "An absence takes at most 180 days"),
    ("absent until 2026-12-24 delegate @bo", "Name the delegate by their e-mail address"),
    ("absent until 2026-12-24 delegate <@UEVE>", "This Slack user has no linked account"),
    ("absent until 2026-12-24 delegate eve@acme.example", "The delegate is no member of acme/production"),
    ("absent until 2026-12-24 delegate ana@acme.example", "Nobody is their own delegate"),
]


def test_absence_that_cannot_be_is_refused_in_words_and_nothing_is_recorded(world, slack, there):
    for text, words in NOT_SO:
        assert words in answered(slack, text), text
    assert not Absence.objects.exists()


def test_slacks_repeat_of_a_command_does_nothing_more(world, slack, there):
    body = slack.typed("UANA", "absent until 2026-12-24")
    tell_us(slack, body, "/slack/commands")
    answered(slack, "absent off")

    again = tell_us(slack, body, "/slack/commands").json()

    assert again["text"].startswith("This command was handled before")
    assert not Absence.objects.filter(ended_at=None).exists()


def test_off_calls_off_what_is_planned_only_when_nothing_is_in_force(world, slack, there):
    now = clock.now()
    for start, end in ((0, 2), (10, 12)):
        first, last = now + timedelta(days=start), now + timedelta(days=end)
        start_absence(world.workspace, world.ana, first, last, None, actor="person:ana@acme.example")

    answered(slack, "absent off")
    assert Absence.objects.filter(ended_at=None).count() == 1
    answered(slack, "absent off")

    assert not Absence.objects.filter(ended_at=None).exists()


def test_repeat_of_a_command_that_was_refused_is_refused_in_the_same_words(world, slack, there):
    body = slack.typed("UANA", "absent until tomorrow")

    first, again = (tell_us(slack, body, "/slack/commands").json()["text"] for _ in range(2))

    assert first == again
    assert first.startswith("Say it like this")


def test_nobody_is_named_as_a_delegate_by_a_link_that_rests(world, slack, there):
    linked(world.bo, slack, rested=False)

    assert "no linked account that works yet" in answered(slack, "absent until 2026-12-24 delegate <@UBO|bo>")
    assert not Absence.objects.exists()
