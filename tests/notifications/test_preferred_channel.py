"""News go by the channel that their reader prefers: whom it waits for, how it ended, what was asked, that it closed."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.models import Membership
from approvals.services.ask import ask
from intents import sweeps
from notifications.deliver import deliver_due
from notifications.models import EMAIL, SLACK, Delivery, DeliveryStatus, KeptMail, Purpose
from tests.acts import say
from tests.factories import make_person
from tests.notifications.slacking import linked, slack_ready, tell

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
CHAIN = {"remind": {"after": 600, "max": 1}, "escalate_to": ["person:cy@acme.example"]}


@pytest.fixture
def rita(world: Any, slack: Any) -> Any:
    """Somebody who asks, and decides nothing."""
    return make_person(world.workspace, "rita@acme.example", "Rita Sol", can_decide=False)


def prefers(person: Any, *channels: Any) -> None:
    Membership.objects.filter(person=person).update(channels=list(channels))


def told(time_machine: Any) -> None:
    """Whatever is to be told is told, mails too."""
    for _ in range(2):
        time_machine.shift(2)
        tell()
        deliver_due()


def channels_of(person: Any, purpose: str) -> set[str]:
    rows = Delivery.objects.filter(person_id=person.pk, purpose=purpose, status=DeliveryStatus.SENT)
    return set(rows.values_list("channel", flat=True))


@pytest.mark.parametrize("channel", [SLACK, EMAIL])
def test_requester_is_told_whom_it_waits_for_and_how_it_ended_by_the_channel_that_they_prefer(
    world, slack, settings, rita, time_machine, channel
):
    prefers(rita, channel)
    linked(rita, slack)
    gate = slack_ready(world, slack, settings, requester=rita, human_task={"title": "Add an index"})
    told(time_machine)
    say(gate, world.ana, comment="fine.")
    told(time_machine)

    assert channels_of(rita, Purpose.WAITING) == channels_of(rita, Purpose.OUTCOME) == {channel}
    said = [post.text for post in slack.to("URITA")] + [
        mail.subject for mail in KeptMail.objects.filter(to=rita.email).order_by("pk")
    ]
    assert len(said) == 2
    assert "Approved: Add an index" in said[-1]


def test_note_of_whom_it_waits_for_says_in_slack_how_it_ended_once_it_has(world, slack, settings, rita, time_machine):
    prefers(rita, SLACK)
    linked(rita, slack)
    gate = slack_ready(world, slack, settings, requester=rita, human_task={"title": "Add an index"})
    (waits,) = slack.to("URITA")
    assert "Waits for sre (Ana Ruiz and 2 others)" in waits.words
    assert "until 16:02 CET" in waits.text

    say(gate, world.ana, comment="fine.")
    told(time_machine)

    first, last = slack.to("URITA")
    assert "Waits for" not in first.words + first.text
    for post in (first, last):
        assert "Approved by Ana Ruiz in the web inbox at 15:02 CET: fine." in post.words
    assert (last.thread_ts, "Approved: Add an index" in last.words) == (first.ts, True)


def test_escalation_is_told_to_the_requester_by_the_channel_that_they_prefer(
    world, slack, settings, rita, time_machine
):
    prefers(rita, SLACK)
    linked(rita, slack)
    slack_ready(world, slack, settings, requester=rita, rule=CHAIN)
    for _ in range(3):
        time_machine.shift(601)
        sweeps.wake_due()
        told(time_machine)

    assert channels_of(rita, Purpose.WAITING) == {SLACK}
    assert len(slack.to("URITA")) > 1


def test_question_reaches_the_requester_in_slack_with_its_words(world, slack, settings, rita, time_machine):
    prefers(rita, SLACK)
    linked(rita, slack)
    gate = slack_ready(world, slack, settings, requester=rita)
    ask(gate.pk, world.ana, "Why <b>now</b>?", via="web")
    told(time_machine)

    question = slack.to("URITA")[-1]
    assert channels_of(rita, Purpose.QUESTION) == {SLACK}
    assert question.thread_ts
    assert "Why <b>now</b>?" in question.words
    assert "(written by Ana Ruiz)" in question.words


def test_who_was_asked_in_slack_alone_reads_the_end_on_the_card_and_who_was_mailed_gets_a_mail(
    world, slack, settings, time_machine
):
    prefers(world.ana, SLACK)
    prefers(world.bo, SLACK, {EMAIL: 600})
    gate = slack_ready(world, slack, settings, human_task={"title": "Add an index"})
    told(time_machine)
    say(gate, world.cy, comment="fine.")
    told(time_machine)

    closed = Delivery.objects.filter(purpose=Purpose.CLOSED)
    assert set(closed.values_list("address", flat=True)) == set()
    for user, at in (("UANA", "15:02 CET"), ("UBO", "14:02 UTC")):
        (card,) = slack.to(user)
        assert f"Approved by Cy Okafor in the web inbox at {at}: fine." in card.words
        assert card.buttons == []
    assert not KeptMail.objects.exclude(to=world.cy.email).exists()


def test_who_was_mailed_too_gets_the_closing_note_by_mail(world, slack, settings, time_machine):
    gate = slack_ready(world, slack, settings)
    told(time_machine)
    say(gate, world.cy)
    told(time_machine)

    assert channels_of(world.ana, Purpose.CLOSED) == channels_of(world.bo, Purpose.CLOSED) == {EMAIL}
    assert channels_of(world.cy, Purpose.CLOSED) == set()
