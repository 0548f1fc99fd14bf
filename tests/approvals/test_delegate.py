"""Handing one gate to somebody else who may decide anyway: one hop, until it is taken back."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from approvals.models import Absence, Decision, Delegation, Gate, Person, Team
from approvals.services.another_payload import exclude
from approvals.services.delegate import delegate, undelegate
from intents import clock
from intents.models import Intent
from intents.services.lock import locked_intent
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, KeptMail
from tests.acts import details, ending, fast_forward, frozen_clock, history, neighbours, say
from tests.conftest import Api
from tests.factories import gate_rule, make_person, make_policy, open_gate

ANA, BO, CY = (f"{name}@acme.example" for name in ("ana", "bo", "cy"))


@pytest.fixture
def two(world: SimpleNamespace) -> SimpleNamespace:
    """Two of Ana, Bo, Cy and Di have to agree; a reminder after ten minutes."""
    world.di = make_person(world.workspace, "di@acme.example", "Di Sato")
    lines = [{"who": ["team:sre", "person:di@acme.example"], "need": 2}]
    make_policy(world.workspace, gates=[gate_rule(lines=lines, remind={"after": 600, "interval": 600, "max": 3})])
    return world


def handed(gate: Gate, person: Person, to: Person) -> None:
    said = delegate(gate.pk, person, to.email, via="web")
    assert said.recorded, said


def told(purpose: str) -> set[str]:
    Delivery.objects.all().delete()
    announce_due()
    return set(Delivery.objects.filter(purpose=purpose).values_list("address", flat=True))


def test_delegate_is_told_at_once_and_it_is_recorded(two, settings):
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    gate = open_gate(two)

    said = delegate(gate.pk, two.ana, BO, via="web")

    assert said.message == "Bo Lind is asked instead of you, until you take it back or answer."
    found = details(gate.intent, "delegated")
    assert (found["from"], found["to"], found["why"], found["told"]) == (ANA, BO, "asked", [BO])
    announce_due()
    deliver_due()
    mail = KeptMail.objects.filter(to=BO).latest("pk")
    assert mail.subject.startswith("Handed to you: Approve?")
    assert f"You are asked instead of {ANA}, who asked for it." in mail.text


def test_delegate_is_reminded_and_not_who_delegated(two):
    with frozen_clock() as traveller:
        gate = open_gate(two)
        handed(gate, two.ana, two.bo)
        announce_due()
        fast_forward(traveller, 660)

        assert told("reminder") == {BO, CY, "di@acme.example"}
        undelegate(gate.pk, two.ana, via="web")
        fast_forward(traveller, 660)
        assert told("reminder") == {ANA, BO, CY, "di@acme.example"}


def test_decision_of_a_delegate_names_both_and_counts_once(two):
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)

    say(gate, two.bo)

    assert Gate.objects.get(pk=gate.pk).is_open
    assert details(gate.intent, "decision_recorded")["for"] == ANA
    say(gate, two.cy)
    votes = {vote["by"]: vote["for"] for vote in ending(gate.intent)["gates"][0]["decisions"]}
    assert votes == {BO: ANA, CY: None}


def test_answer_of_ones_own_takes_it_back(two):
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)

    assert say(gate, two.ana).recorded

    assert history(gate.intent)[-2:] == ["decision_recorded", "delegation_ended"]
    say(gate, two.bo)
    assert {row.person.email: row.stood_in_for for row in Decision.objects.all()} == {ANA: "", BO: ""}


def test_taken_back_is_asked_oneself_again(two):
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)

    said = undelegate(gate.pk, two.ana, via="web")

    assert said.recorded
    assert Delegation.objects.get().ended_at is not None
    assert undelegate(gate.pk, two.ana, via="web").code == "nothing_delegated"


def test_handing_it_to_the_same_person_again_changes_nothing(two):
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)

    said = delegate(gate.pk, two.ana, BO, via="web")

    assert (said.recorded, said.code, said.status) == (False, "already_delegated", 200)
    assert history(gate.intent).count("delegated") == 1


def test_handing_it_to_somebody_else_ends_the_first_delegation(two):
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)

    handed(gate, two.ana, two.cy)

    assert [row.to.email for row in Delegation.objects.filter(ended_at=None)] == [CY]
    assert history(gate.intent)[-2:] == ["delegation_ended", "delegated"]


@pytest.mark.parametrize(
    ("to", "code", "status"),
    [
        ("nobody@acme.example", "no_such_person", 422),
        ("zoe@other.example", "no_such_person", 422),
        (ANA, "bad_delegate", 409),
        ("eve@acme.example", "bad_delegate", 409),
        ("requester@acme.example", "bad_delegate", 409),
    ],
)
def test_delegation_is_refused_when_the_delegate_may_not_decide(two, to, code, status):
    neighbours()
    make_person(two.workspace, "eve@acme.example")
    Team.objects.get(name="sre", workspace=two.workspace).people.add(
        make_person(two.workspace, "requester@acme.example")
    )
    gate = open_gate(two, requested_by="requester@acme.example")

    said = delegate(gate.pk, two.ana, to, via="web")

    assert (said.code, said.status) == (code, status)
    assert not Delegation.objects.exists()


def test_delegation_is_one_hop(two):
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)

    assert delegate(gate.pk, two.bo, CY, via="web").code == "one_hop"
    assert delegate(gate.pk, two.cy, ANA, via="web").code == "one_hop"


def test_delegation_is_refused_when_one_of_both_has_answered(two):
    gate = open_gate(two)
    say(gate, two.ana)

    assert delegate(gate.pk, two.ana, BO, via="web").code == "has_answered"
    assert delegate(gate.pk, two.bo, ANA, via="web").code == "bad_delegate"


def test_delegation_is_refused_when_the_delegate_is_away(two):
    gate, now = open_gate(two), clock.now()
    Absence.objects.create(workspace=two.workspace, person=two.bo, starts_at=now, ends_at=now + timedelta(days=1))

    said = delegate(gate.pk, two.ana, BO, via="web")

    assert (said.code, said.message) == ("bad_delegate", "Bo Lind is away.")


def test_delegation_is_refused_when_too_few_were_left_to_agree(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3)])

    said = delegate(open_gate(world).pk, world.ana, BO, via="web")

    assert (said.code, said.message) == ("too_few_left", "Then 2 would be left where 3 of sre have to agree.")


def test_delegation_is_refused_when_one_may_not_decide(two):
    gate = open_gate(two, requested_by=ANA)

    assert delegate(gate.pk, two.ana, BO, via="web").code == "four_eyes"
    assert delegate(gate.pk, neighbours().zoe, BO, via="web").code == "not_eligible"


def test_delegation_is_refused_when_the_gate_is_settled_or_its_time_ran_out(two):
    with frozen_clock() as traveller:
        gate, late = open_gate(two), open_gate(two)
        handed(late, two.ana, two.bo)
        say(gate, two.bo, "rejected")
        traveller.shift(3601)

        assert delegate(gate.pk, two.ana, CY, via="web").code == "gate_closed"
        assert delegate(late.pk, two.cy, ANA, via="web").code == "expired"
        assert undelegate(late.pk, two.ana, via="web").code == "expired"


def test_who_has_handed_it_to_an_author_does_not_decide_either(two):
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)
    with locked_intent(gate.intent_id) as locked:
        exclude(locked, [two.bo.ref])

    assert say(gate, two.ana).code == "four_eyes"
    assert two.ana.ref in Intent.objects.get(pk=gate.intent_id).excluded


def test_nobody_is_kept_out_by_an_author_who_handed_it_to_them_and_they_decide_for_themselves(two):
    """Or whoever edits could choose who does not decide on it."""
    gate = open_gate(two)
    handed(gate, two.ana, two.bo)
    with locked_intent(gate.intent_id) as locked:
        exclude(locked, [two.ana.ref])

    assert say(gate, two.bo).recorded
    assert "for" not in details(gate.intent, "decision_recorded")
    assert details(gate.intent, "delegation_ended")["from"] == ANA


def test_delegation_goes_over_the_wire(two):
    gate = open_gate(two)
    ana = Api(token=two.tokens["ana"])

    said = ana.post(f"/v1/gates/{gate.pk}/delegate", {"to": BO}).json()

    assert said["applied"] is True
    [task] = Api(token=two.tokens["bo"]).get("/v1/me/tasks").json()["tasks"]
    assert task["delegations"] == [{"from": ANA, "to": BO}]
    assert ana.post(f"/v1/gates/{gate.pk}/undelegate").json()["applied"] is True
