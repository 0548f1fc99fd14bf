"""The requester is told whom it waits for, and until when."""

from __future__ import annotations

import pytest

from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import sweeps
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, KeptMail
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("afternoon", "kept")]


@pytest.fixture
def requester(world):
    return make_person(world.workspace, "rita@acme.example", "Rita Sol", can_decide=False)


def to(person) -> list[KeptMail]:
    return list(KeptMail.objects.filter(to=person.email).order_by("pk"))


def told() -> None:
    announce_due()
    deliver_due()


def test_requester_is_told_whom_it_waits_for_and_until_when(world, requester):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    open_gate(world, requested_by=requester.email, human_task={"title": "Add an index"})

    told()

    (mail,) = to(requester)
    assert mail.subject == ("Waits for sre (Ana Ruiz and 2 others), until 15:02 UTC: Add an index (acme/production)")
    assert "If nobody answers by 15:02 UTC on 02 November 2026, this is not approved." in mail.text
    assert "/by-mail" not in mail.text


def test_requester_is_told_again_when_it_escalates(world, requester, time_machine):
    make_team(world.workspace, "leads", world.cy)
    make_policy(
        world.workspace, gates=[gate_rule("team:sre", remind={"after": 60, "max": 1}, escalate_to=["team:leads"])]
    )
    open_gate(world, requested_by=requester.email)
    told()

    for _ in range(3):
        time_machine.shift(61)
        sweeps.wake_due()
        told()

    assert [mail.subject.partition(" ")[0] for mail in to(requester)] == ["Waits", "Waits"]


def test_requester_is_not_told_that_it_waits_when_it_was_settled_meanwhile(world, requester):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world, requested_by=requester.email)
    announce_due()
    decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in")

    told()

    assert [mail.subject.partition(":")[0] for mail in to(requester)] == ["Approved"]
    assert Delivery.objects.get(purpose="waiting").status == "superseded"


def test_nobody_is_told_when_no_person_stands_behind_the_request(world):
    open_gate(world)

    told()

    assert not Delivery.objects.filter(purpose="waiting").exists()
