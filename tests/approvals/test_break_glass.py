"""Breaking glass: who may, what becomes of the gate, who is told, and that four eyes hold."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from approvals.models import Decision, Gate, Membership, Person
from approvals.services.break_glass import break_glass
from approvals.services.decide import Manner
from approvals.services.sureness import Sureness
from approvals.services.verdict import Verdict
from intents import clock
from intents.models import Receipt
from intents.services.configuration import recorded
from intents.services.verify import chain_fits
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, KeptMail
from tests.acts import details, ending, fresh, frozen_clock, gate_of, history, neighbours, say
from tests.conftest import Api
from tests.factories import gate_rule, make_person, make_policy, make_token, open_gate, send

WHY = "The database is down and Ana asleep."


@pytest.fixture
def guarded(world: SimpleNamespace) -> SimpleNamespace:
    """Two of sre have to agree; Di has no seat and may break glass."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    world.di = make_person(world.workspace, "di@acme.example", "Di Sato")
    Membership.objects.filter(person=world.di).update(can_break_glass=True)
    return world


def broken(gate: Gate, person: Person, why: str = WHY, **shown: str) -> Verdict:
    return break_glass(gate.pk, person, why, Manner("web", "signed_in", True), **shown)


def test_gate_closes_yes_at_once_with_the_reason_break_glass(guarded):
    with frozen_clock():
        gate = open_gate(guarded)

        said = broken(gate, guarded.di)

    gate.refresh_from_db()
    assert said.message == f"Approved by Di Sato in the web inbox at 12:00 UTC, by breaking glass: {WHY}"
    assert (gate.outcome, gate.outcome_class, gate.reason) == ("approved", "yes", "break_glass")
    end = ending(gate.intent)
    assert (end["approved"], end["reason"], end["decided_by"]) == (True, "break_glass", ["di@acme.example"])
    assert (end["summary"], end["comment"]) == (said.message, WHY)
    assert chain_fits(fresh(gate.intent))


def test_it_is_an_event_of_its_own_beside_the_answer(guarded):
    gate = open_gate(guarded)

    broken(gate, guarded.di)

    assert history(gate.intent)[-4:] == ["decision_recorded", "broke_glass", "gate_closed", "completed"]
    found = details(gate.intent, "broke_glass")
    assert (found["by"], found["why"], found["digest"]) == ("di@acme.example", WHY, gate.digest)
    decision = Decision.objects.get()
    assert (decision.person, decision.via, decision.strength, decision.full_view) == (
        guarded.di,
        "web",
        "signed_in",
        True,
    )


def test_receipt_says_that_glass_was_broken(guarded):
    gate = open_gate(guarded)
    broken(gate, guarded.di)

    assert Receipt.objects.filter(intent=gate.intent).exists()
    assert ending(gate.intent)["gates"][0]["reason"] == "break_glass"


def test_next_gate_of_the_plan_stays_to_be_decided(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before"), gate_rule("team:sre")])
    Membership.objects.filter(person=world.bo).update(can_break_glass=True)
    first = open_gate(world)

    broken(first, world.bo)

    second = gate_of(first.intent)
    assert second.pk != first.pk
    assert second.is_open


def test_work_goes_on_after_the_gate(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    Membership.objects.filter(person=world.bo).update(can_break_glass=True)
    intent = send(world)

    broken(gate_of(intent), world.bo)

    assert fresh(intent).status == "SUBMITTED"


def test_own_earlier_no_is_taken_back_when_glass_is_broken(guarded):
    Membership.objects.filter(person=guarded.ana).update(can_break_glass=True)
    make_policy(guarded.workspace, gates=[gate_rule("team:sre", need=2, rejections=2)], position=1, name="soft")
    gate = open_gate(guarded)
    say(gate, guarded.ana, "rejected")
    assert Gate.objects.get(pk=gate.pk).is_open

    broken(gate, guarded.ana)

    assert [row.outcome for row in Decision.objects.filter(taken_back_at=None)] == ["approved"]


def test_everybody_concerned_is_told(guarded, settings):
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    boss = make_person(guarded.workspace, "boss@acme.example", can_decide=False)
    Membership.objects.filter(person=boss).update(is_admin=True)
    make_person(guarded.workspace, "eve@acme.example")
    gate = open_gate(guarded, requested_by="cy@acme.example")
    announce_due()
    deliver_due()

    broken(gate, guarded.di)
    announce_due()
    deliver_due()

    told = set(Delivery.objects.filter(purpose="break_glass").values_list("address", flat=True))
    assert told == {f"{name}@acme.example" for name in ("ana", "bo", "cy", "boss")}
    assert not Delivery.objects.filter(purpose="closed").exists()
    assert [row.address for row in Delivery.objects.filter(purpose="outcome")] == ["cy@acme.example"]
    mail = KeptMail.objects.get(to="boss@acme.example")
    assert mail.subject.startswith("Glass was broken: ")
    assert f"Why (written by Di Sato):\n> {WHY}" in mail.text


def test_requester_is_told_of_the_glass_when_the_request_goes_on(guarded):
    make_policy(guarded.workspace, gates=[gate_rule("team:sre", place="before")], position=1, name="before")
    eve = make_person(guarded.workspace, "eve@acme.example")
    intent = send(guarded, requested_by="eve@acme.example")

    broken(gate_of(intent), guarded.di)
    announce_due()

    assert Delivery.objects.filter(purpose="break_glass", person_id=eve.pk).exists()
    assert not Delivery.objects.filter(purpose="outcome").exists()


def test_form_is_not_asked_for_but_its_approved_is_set(guarded):
    form = {"type": "object", "required": ["ticket"], "properties": {"ticket": {"type": "string"}, "approved": {}}}
    gate = open_gate(guarded, human_task={"title": "x", "form_schema": form, "evidence_required": True})

    broken(gate, guarded.di)

    assert ending(gate.intent)["fields"] == {"approved": True}


@pytest.mark.parametrize(
    ("who", "why", "code", "status"),
    [
        ("ana", WHY, "may_not_break_glass", 403),
        ("zoe", WHY, "may_not_break_glass", 403),
        ("di", " ", "text_required", 422),
        ("di", "x" * 2001, "text_too_long", 422),
    ],
)
def test_glass_is_not_broken_when(guarded, who, why, code, status):
    gate = open_gate(guarded)
    person = neighbours().zoe if who == "zoe" else guarded.di if who == "di" else guarded.people[who]

    said = broken(gate, person, why)

    assert (said.code, said.status) == (code, status)
    assert Gate.objects.get(pk=gate.pk).is_open
    assert not Decision.objects.exists()


@pytest.mark.parametrize("field", ["is_active", "can_break_glass"])
def test_glass_is_not_broken_when_the_right_is_gone(guarded, field):
    gate = open_gate(guarded)
    Membership.objects.filter(person=guarded.di).update(**{field: False})

    assert broken(gate, guarded.di).code == "may_not_break_glass"


def test_four_eyes_hold_when_the_requester_may_break_glass(guarded):
    gate = open_gate(guarded, requested_by="di@acme.example")

    said = broken(gate, guarded.di)

    assert (said.code, said.status) == ("four_eyes", 403)
    assert details(gate.intent, "decision_refused") == {
        "gate_id": str(gate.pk),
        "by": "di@acme.example",
        "code": "four_eyes",
        "via": "web",
    }


def test_whoever_gave_somebody_the_right_lately_breaks_no_glass(guarded):
    """Nor do they decide: one admin could be both."""
    eve = make_person(guarded.workspace, "eve@acme.example")
    Membership.objects.filter(person=guarded.bo).update(is_admin=True, can_break_glass=True)
    with recorded(guarded.bo.actor, lambda: Membership.objects.filter(person=eve)):
        row = Membership.objects.get(person=eve)
        row.can_break_glass = True
        row.save()
    gate = open_gate(guarded)

    assert broken(gate, guarded.bo).code == "rules_changed"
    assert broken(gate, eve).recorded


def test_glass_is_not_broken_by_the_link_of_a_mail(guarded):
    gate = open_gate(guarded)

    said = break_glass(gate.pk, guarded.di, WHY, Manner("email", "link", True))

    assert (said.code, said.status) == ("sign_in_needed", 422)


@pytest.mark.parametrize("wanted", ["signed_in", {"signed_in_within": 15}])
def test_glass_is_not_broken_by_whom_the_policy_would_not_believe_a_yes(guarded, wanted):
    make_policy(guarded.workspace, gates=[gate_rule("team:sre", strength=wanted)], position=1, name="strong")
    gate, now = open_gate(guarded), clock.now()
    page = Manner("web", "signed_in", True)

    by_token = break_glass(gate.pk, guarded.di, WHY, Manner("api", "linked", None))
    assert (by_token.code, by_token.status) == ("sign_in_needed", 422)
    if wanted != "signed_in":
        long_ago = Sureness(now - timedelta(minutes=16))
        assert break_glass(gate.pk, guarded.di, WHY, page, sureness=long_ago).code == "sign_in_needed"
    assert break_glass(gate.pk, guarded.di, WHY, page, sureness=Sureness(now)).recorded


def test_glass_is_not_broken_when_something_else_was_shown(guarded):
    gate = open_gate(guarded)

    assert broken(gate, guarded.di, digest="sha256:other").code == "digest_stale"
    assert broken(gate, guarded.di, digest=gate.digest).recorded


def test_glass_is_not_broken_when_the_gate_is_settled_or_its_time_ran_out(guarded):
    with frozen_clock() as traveller:
        gate, late = open_gate(guarded), open_gate(guarded)
        say(gate, guarded.ana, "rejected")
        traveller.shift(timedelta(hours=2))

        assert broken(gate, guarded.di).code == "gate_closed"
        assert broken(late, guarded.di).code == "expired"


def test_whoever_comes_later_hears_what_happened(guarded):
    gate = open_gate(guarded)
    broken(gate, guarded.di)

    assert say(gate, guarded.ana).message.startswith("Di Sato approved this at ")
    assert say(gate, guarded.ana).message.endswith("in the web inbox, by breaking glass.")


def test_it_goes_over_the_wire_for_a_persons_token_alone(guarded):
    gate = open_gate(guarded)
    body = {"reason": WHY}

    machine = Api(guarded.sender_secret).post(f"/v1/gates/{gate.pk}/break-glass", body)
    weak = Api(token=make_token(guarded.di, guarded.workspace, can_decide=False)).post(
        f"/v1/gates/{gate.pk}/break-glass", body
    )
    person = Api(token=make_token(guarded.di, guarded.workspace)).post(f"/v1/gates/{gate.pk}/break-glass", body)

    assert (machine.status_code, machine.json()["error"]["code"]) == (403, "human_step")
    assert (weak.status_code, weak.json()["error"]["code"]) == (403, "invalid_actor_scope")
    assert (person.status_code, person.json()["applied"]) == (200, True)
    assert history(gate.intent).count("attempt_refused") == 2
    assert Decision.objects.get().strength == "linked"


def test_glass_is_not_broken_while_the_gate_is_held_for_changes(guarded):
    gate = open_gate(guarded, amendable=True, human_task={"title": "x", "task_type": "review"})
    say(gate, guarded.ana, "changes_requested", comment="smaller")

    assert broken(gate, guarded.di).code == "held_for_changes"


def test_glass_is_only_broken_with_what_was_shown_once_the_payload_was_changed(guarded):
    gate = open_gate(guarded)
    Gate.objects.filter(pk=gate.pk).update(digest_required=True)

    assert broken(gate, guarded.di).code == "digest_required"
    assert broken(gate, guarded.di, digest=gate.digest).recorded
