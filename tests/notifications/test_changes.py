"""Payload changed after the first of two approvals: people are told what changed and why."""

from __future__ import annotations

from typing import Any

import pytest

from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, KeptMail
from tests.acts import say
from tests.approvals.test_amend import SMALLER, change, person
from tests.factories import gate_rule, make_policy, open_gate

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


def send_mail() -> None:
    announce_due()
    deliver_due()


def newest_to(address: str) -> Any:
    return KeptMail.objects.filter(to=address).order_by("-pk")[0]


def test_payload_changed_after_the_first_of_two_approvals_tells_people_what_changed_and_why(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world, requested_by="cy@acme.example")
    send_mail()
    say(gate, world.ana)

    change(world, gate.intent)
    send_mail()

    for address in ("ana@acme.example", "bo@acme.example"):
        mail = newest_to(address)
        assert mail.subject.startswith("Changed: Approve? ")
        for words in ("only ten rows", "rows", "10 (before: (nothing))", "Answers given before do not count"):
            assert words in mail.text
    told = newest_to("cy@acme.example")
    assert "changed your request" in told.text
    assert "only ten rows" in told.text
    assert "ana@acme.example are void" in told.text


def test_requester_who_amends_is_not_told_so(world):
    gate = open_gate(world, requested_by="cy@acme.example")

    change(world, gate.intent, by=person(world.cy, world))
    send_mail()

    assert Delivery.objects.get(purpose="changed").status == "superseded"


def test_request_that_was_not_sent_yet_says_what_it_is_now(world):
    gate = open_gate(world)

    change(world, gate.intent, SMALLER)
    send_mail()

    assert Delivery.objects.filter(purpose="request", status="sent").count() == 3
    assert Delivery.objects.filter(purpose="request", status="superseded").count() == 3
    assert newest_to("ana@acme.example").subject.startswith("Changed: ")


def test_whoever_asked_for_changes_is_answered_by_a_new_request(world):
    gate = open_gate(world, human_task={"task_type": "review"}, amendable=True, requested_by="cy@acme.example")
    say(gate, world.ana, "changes_requested", comment="only ten rows, please")
    send_mail()
    wanted = newest_to("cy@acme.example")
    assert wanted.subject.startswith("Changes wanted by ")
    assert "only ten rows, please" in wanted.text

    change(world, gate.intent, by=person(world.cy, world))
    send_mail()

    assert newest_to("ana@acme.example").subject.startswith("Changed: Review? ")
