from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from approvals.models import Gate, Person
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.services.take_back import take_back
from approvals.views.withdrawing import withdraw
from intents import clock, sweeps
from intents.models import Event, Intent, Outbox
from intents.services.resume import resolve
from notifications import deliver
from notifications.announce import announce_due
from notifications.channels.email import EmailChannel
from notifications.claims import LEASE, claim
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus, KeptMail, Purpose
from notifications.settling import Tried, conclude
from tests.factories import gate_rule, make_policy, open_gate

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


def asked(world: SimpleNamespace, **fields) -> Gate:
    """A gate that all three of team sre were mailed about."""
    gate = open_gate(world, human_task={"title": "Add an index"}, **fields)
    tell()
    return gate


def tell() -> None:
    announce_due()
    deliver_due()


def say(gate: Gate, person: Person, outcome: str = "approved", comment: str = "") -> None:
    decide(gate.pk, Answer(outcome, comment), person, via="web", strength="signed_in")


def noted(status: str = DeliveryStatus.SENT) -> list[str]:
    rows = Delivery.objects.filter(purpose=Purpose.CLOSED, status=status)
    return list(rows.order_by("address").values_list("address", flat=True))


def note_to(address: str) -> KeptMail:
    return KeptMail.objects.get(to=address, subject__contains="nothing to do any more")


def test_note_goes_to_those_who_were_asked_and_have_not_decided(world):
    gate = asked(world)

    say(gate, world.ana)
    tell()

    assert noted() == ["bo@acme.example", "cy@acme.example"]
    assert not noted(DeliveryStatus.SUPERSEDED)


def test_note_says_what_became_of_it_by_whom_when_and_why_in_the_same_thread(world):
    gate = asked(world)
    say(gate, world.ana, "rejected", "wrong cluster.")

    tell()

    note, request = note_to("bo@acme.example"), KeptMail.objects.get(to="bo@acme.example", subject__startswith="App")
    assert note.subject == "Rejected, nothing to do any more: Add an index (acme/production)"
    for part in (note.text, note.html):
        assert "There is nothing to do any more." in part
        assert "Rejected by Ana Ruiz in the web inbox at 14:02 UTC: wrong cluster." in part
        assert f"/gates/{gate.pk}" in part
        assert "asks nothing of you" in part
    assert note.headers["References"] == request.headers["References"]
    assert note.headers["In-Reply-To"] == request.headers["In-Reply-To"]
    assert note.headers["Message-ID"] != request.headers["Message-ID"]


def test_note_goes_out_when_one_gate_closes_and_the_intent_goes_on(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    gate = asked(world, to_agent="infra-validator")

    say(gate, world.ana)
    tell()

    assert noted() == ["bo@acme.example", "cy@acme.example"]


def test_note_goes_to_everybody_when_nobody_answered_in_time(world, time_machine):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    asked(world)
    time_machine.shift(3601)
    sweeps.wake_due()

    tell()

    assert noted() == ["ana@acme.example", "bo@acme.example", "cy@acme.example"]
    note = note_to("bo@acme.example")
    assert note.subject.startswith("Not approved in time, nothing to do any more: ")
    assert "Not approved: sre did not answer by 15:02 UTC." in note.text


def test_note_says_who_withdrew_it_and_why(world):
    gate = asked(world)
    world.cy.memberships.update(is_admin=True)
    withdraw(gate.intent, world.cy, "no longer needed")

    tell()

    note = note_to("bo@acme.example")
    assert note.subject.startswith("Withdrawn, nothing to do any more: ")
    assert "Withdrawn by Cy Okafor at 14:02 UTC: no longer needed" in note.text


def test_note_names_the_program_that_withdrew_without_a_reason(world):
    gate = asked(world)
    resolve(gate.intent, None, world.principal, {"status": "CANCELED"})

    tell()

    assert "Withdrawn by sender at 14:02 UTC." in note_to("bo@acme.example").text


def test_note_says_how_the_intent_ended_when_its_own_time_ran_out(world, time_machine):
    asked(world, deadline_at=clock.now() + timedelta(minutes=5))
    time_machine.shift(301)
    sweeps.wake_due()

    tell()

    note = note_to("bo@acme.example")
    assert note.subject.startswith("Not approved in time, ")
    assert "Closed undecided at 14:07 UTC. The deadline passed before everything was done." in note.text


def test_note_spares_everybody_who_decided_however_it_ended(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = asked(world)
    say(gate, world.ana)

    say(gate, world.bo, "rejected", "no")
    tell()

    assert noted() == ["cy@acme.example"]


def test_note_goes_to_somebody_who_took_their_answer_back(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = asked(world)
    say(gate, world.ana)
    take_back(gate.pk, world.ana, via="web")

    say(gate, world.bo, "rejected", "no")
    tell()

    assert noted() == ["ana@acme.example", "cy@acme.example"]


def test_note_comes_once_when_somebody_was_asked_and_reminded(world, time_machine):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60})])
    gate = asked(world)
    time_machine.shift(61)
    sweeps.wake_due()
    tell()

    say(gate, world.ana)
    tell()

    assert noted() == ["bo@acme.example", "cy@acme.example"]


def test_note_comes_once_when_the_closing_is_announced_again(world):
    gate = asked(world)
    say(gate, world.ana)
    again = list(Outbox.objects.all())
    tell()
    Outbox.objects.bulk_create(again)

    tell()

    assert noted() == ["bo@acme.example", "cy@acme.example"]


def test_nobody_gets_a_note_when_the_request_was_never_sent(world):
    gate = open_gate(world)
    announce_due()

    say(gate, world.ana)
    tell()

    assert not Delivery.objects.filter(purpose=Purpose.CLOSED).exists()
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.SUPERSEDED}
    assert not KeptMail.objects.exists()


def test_requester_gets_the_outcome_and_no_note(world):
    gate = asked(world)
    Intent.objects.filter(pk=gate.intent_id).update(requester=world.cy.ref)

    say(gate, world.ana)
    tell()

    assert noted() == ["bo@acme.example"]
    assert Delivery.objects.get(purpose=Purpose.OUTCOME).address == "cy@acme.example"


def test_nobody_gets_a_note_who_left_the_workspace(world):
    gate = asked(world)
    world.bo.memberships.update(is_active=False)

    say(gate, world.ana)
    tell()

    assert noted() == ["cy@acme.example"]


def test_nobody_gets_a_note_who_left_before_it_was_sent(world):
    gate = asked(world)
    say(gate, world.ana)
    announce_due()
    world.bo.memberships.update(is_active=False)

    deliver_due()

    assert (noted(), noted(DeliveryStatus.SUPERSEDED)) == (["cy@acme.example"], ["bo@acme.example"])


def test_sample_people_get_no_note_by_a_real_server(world, smtp):
    world.bo.is_sample = True
    world.bo.save()
    gate = asked(world)

    say(gate, world.ana)
    tell()

    assert noted() == ["cy@acme.example"]
    assert smtp.mails("bo@acme.example") == []


def test_note_waits_while_a_worker_may_be_sending_the_request(world, time_machine):
    gate = open_gate(world)
    announce_due()
    held = claim("email", 10)
    fates = [deliver.begin(delivery, EmailChannel(), clock.now()) for delivery in held]
    say(gate, world.ana)
    tell()
    assert noted(DeliveryStatus.QUEUED) == ["bo@acme.example", "cy@acme.example"]
    for delivery, fate in zip(held, fates, strict=True):
        conclude(Tried(delivery, fate, clock.now()))

    time_machine.shift(LEASE)
    tell()

    assert noted() == ["bo@acme.example", "cy@acme.example"]


def test_nobody_gets_a_note_when_the_worker_that_held_the_request_had_not_sent_it(world, time_machine):
    gate = open_gate(world)
    announce_due()
    claim("email", 10)
    say(gate, world.ana)
    announce_due()

    time_machine.shift(LEASE)
    tell()

    assert (noted(), noted(DeliveryStatus.SUPERSEDED)) == ([], ["bo@acme.example", "cy@acme.example"])
    assert not KeptMail.objects.exists()


def test_nobody_counts_as_unreachable_when_only_the_note_is_refused(world, smtp):
    gate = asked(world)
    say(gate, world.ana)
    world.bo.email = "550@acme.example"
    world.bo.save()

    tell()

    assert noted() == ["cy@acme.example"]
    assert not gate.seats.filter(unreachable=True).exists()
    assert not Event.objects.filter(event_type="intent.person_unreachable").exists()
