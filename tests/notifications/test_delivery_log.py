"""The log of a gate: who was told, when, by which channel, and each attempt with its fate."""

from __future__ import annotations

import pytest
from django.test import Client

from approvals.models import Membership
from notifications.announce import announce_due
from notifications.claims import claim
from notifications.deliver import deliver_due
from notifications.deliverylog import entries_for, masked
from tests.acts import neighbours, say
from tests.approvals.browsing import signed_in, text_of
from tests.factories import open_gate
from tests.notifications.helpers import ask
from tests.notifications.slacking import slack_ready, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("afternoon")]


def test_log_shows_every_attempt_with_its_fate(world, smtp, time_machine):
    gate = ask(world, "451-once@acme.example", "550@acme.example", "dan@acme.example")
    deliver_due()
    time_machine.shift(11)
    deliver_due()

    entries = {entry.address: entry for entry in entries_for(gate, world.ana)}

    told = {address: [(one.number, one.fate) for one in entry.attempts] for address, entry in entries.items()}
    assert told == {
        "4…@acme.example": [(1, "not now, to be tried again"), (2, "sent")],
        "5…@acme.example": [(1, "given up")],
        "d…@acme.example": [(1, "sent")],
    }
    assert entries["5…@acme.example"].attempts[0].why == "550 5.1.1 no such person here"


def test_log_is_linked_from_the_gates_page_and_masks_others_addresses(world, kept):
    gate = open_gate(world)
    announce_due()
    deliver_due()
    browser = signed_in(world.ana)
    assert f'href="/gates/{gate.pk}/deliveries"' in text_of(browser.get(f"/gates/{gate.pk}"))

    page = text_of(browser.get(f"/gates/{gate.pk}/deliveries"))

    assert "ana@acme.example" in page, "one's own"
    assert "bo@acme.example" not in page
    assert "b…@acme.example" in page
    assert "Request to Bo Lind" in page
    assert "Sent on 02 Nov at 14:02:00 UTC" in page


def test_log_shows_admins_whole_addresses(world, kept):
    gate = open_gate(world)
    announce_due()
    Membership.objects.filter(person=world.ana).update(is_admin=True)

    assert "bo@acme.example" in text_of(signed_in(world.ana).get(f"/gates/{gate.pk}/deliveries"))


def test_log_is_for_those_who_see_the_gate(world):
    gate = open_gate(world)

    assert Client().get(f"/gates/{gate.pk}/deliveries").status_code == 302
    assert signed_in(neighbours().zoe).get(f"/gates/{gate.pk}/deliveries").status_code == 404


def test_log_names_an_attempt_whose_worker_died(world, kept, time_machine):
    gate = ask(world, "dan@acme.example")
    claim("email", 10)
    time_machine.shift(61)
    deliver_due()

    (entry,) = entries_for(gate, world.ana)

    assert [(one.number, one.fate) for one in entry.attempts] == [(1, "no word of it: its worker ended"), (2, "sent")]


def test_log_says_that_a_message_was_deleted_in_slack_and_who_was_told_otherwise(
    world, kept, slack, settings, time_machine
):
    gate = slack_ready(world, slack, settings, need=2)
    del slack.messages[slack.to("UANA")[0].channel, slack.to("UANA")[0].ts]
    say(gate, world.bo)
    for _ in range(2):
        time_machine.shift(4)
        tell()

    page = text_of(signed_in(world.ana).get(f"/gates/{gate.pk}/deliveries"))

    copies = {entry.name: entry.copy for entry in entries_for(gate, world.ana) if entry.channel == "slack"}
    assert copies == {"Ana Ruiz": "The message was deleted in Slack.", "Bo Lind": ""}
    assert "Since then: The message was deleted in Slack." in page


def test_log_says_of_what_a_flood_held_back_what_became_of_its_digest(world, kept, settings, time_machine):
    settings.MESSAGES_PER_HOUR = 1
    _, second = open_gate(world), open_gate(world)
    announce_due()
    deliver_due()
    time_machine.shift(121)
    deliver_due()

    (entry,) = [each for each in entries_for(second, world.ana) if each.name == "Ana Ruiz"]

    assert entry.now == "Held on 02 Nov at 14:02:00 UTC: it stands in the digest of a flood."
    assert entry.copy == "the digest: Sent on 02 Nov at 14:04:01 UTC"


@pytest.mark.parametrize(
    ("address", "shown"), [("ana@acme.example", "a…@acme.example"), ("U123456", "U1…"), ("@x", "…@x"), ("", "…")]
)
def test_masked_keeps_enough_to_recognise_by(address, shown):
    assert masked(address) == shown
