"""People against each other: one outcome for each gate, and it is the one that the history tells."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from approvals.models import Decision, Gate
from intents.lifecycle import Status
from intents.models import Event, Intent
from tests.factories import gate_rule, make_policy, open_gate
from tests.races.troupe import Command, Troupe, assert_sound, types_of

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

GATES = 200


@pytest.fixture
def one_of_three(world: SimpleNamespace) -> SimpleNamespace:
    """One of Ana, Bo and Cy is enough."""
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    return world


@pytest.fixture
def two_of_three(world: SimpleNamespace) -> SimpleNamespace:
    """Two of Ana, Bo and Cy must agree."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    return world


def answer(gate: Gate, person: object, outcome: str) -> Command:
    return "decide", {"gate": str(gate.pk), "person": str(person.pk), "outcome": outcome}  # type: ignore[attr-defined]


def deciding(intent: Intent) -> list[Event]:
    return list(Event.objects.filter(intent=intent, event_type="intent.decision_recorded").order_by("seq"))


def test_exactly_one_decides_when_two_approve_and_one_rejects_at_once(one_of_three, troupe: Troupe):
    world = one_of_three
    gates = [open_gate(world) for _ in range(GATES)]
    outcomes = set()

    for gate in gates:
        said = troupe.at_once(
            answer(gate, world.ana, "approved"), answer(gate, world.bo, "rejected"), answer(gate, world.cy, "approved")
        )

        gate.refresh_from_db()
        assert sorted(said) == ["gate_closed", "gate_closed", "recorded"]
        [decision] = Decision.objects.filter(gate=gate)
        assert gate.outcome == decision.outcome
        assert_sound(gate.intent)
        expected = Status.COMPLETED if decision.outcome == "approved" else Status.CANCELED
        assert gate.intent.status == expected
        assert [event.actor for event in deciding(gate.intent)] == [f"person:{decision.person.email}"]
        outcomes.add(decision.person.email)
    assert len(outcomes) > 1, "always the same person won: this was no race"


def test_the_loser_hears_who_won_when_two_people_approve_in_the_same_instant(one_of_three, troupe: Troupe):
    world = one_of_three
    gate = open_gate(world)
    path = f"/v1/approvals/{gate.pk}/decision"
    wires = [{"HTTP_AUTHORIZATION": f"Bearer {world.tokens[name]}"} for name in ("ana", "bo")]

    answers = troupe.at_once(*(("post", {"path": path, "body": {"decision": "approve"}, "headers": w}) for w in wires))

    assert sorted(status for status, _ in answers) == [200, 409]
    winner = Decision.objects.get(gate=gate).person.name
    [message] = [body["error"]["message"] for status, body in answers if status == 409]
    assert message.startswith(f"{winner} approved this at ")


def test_approvals_and_a_rejection_of_two_of_three_end_as_the_history_says(two_of_three, troupe: Troupe):
    world = two_of_three
    gates = [open_gate(world) for _ in range(GATES // 2)]

    for gate in gates:
        said = troupe.at_once(
            answer(gate, world.ana, "approved"), answer(gate, world.bo, "approved"), answer(gate, world.cy, "rejected")
        )

        gate.refresh_from_db()
        assert set(said) <= {"recorded", "gate_closed"}
        assert_sound(gate.intent)
        votes = [row.outcome for row in Decision.objects.filter(gate=gate).order_by("at", "pk")]
        last = deciding(gate.intent)[-1]
        assert gate.outcome == votes[-1], "the vote that settles it is the last one"
        assert types_of(gate.intent)[last.seq] == "intent.gate_closed"


def test_a_double_click_is_one_vote_when_two_are_needed(two_of_three, troupe: Troupe):
    world = two_of_three
    gates = [open_gate(world) for _ in range(25)]

    for gate in gates:
        said = troupe.at_once(*[answer(gate, world.ana, "approved")] * 4)

        gate.refresh_from_db()
        assert sorted(said) == ["already_recorded"] * 3 + ["recorded"]
        assert gate.is_open
        assert gate.decisions.count() == len(deciding(gate.intent)) == 1
        assert_sound(gate.intent)


def test_a_double_click_leaves_the_second_gate_undecided_when_the_plan_has_two(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before"), gate_rule("team:sre")])
    gates = [open_gate(world) for _ in range(25)]

    for gate in gates:
        said = troupe.at_once(*[answer(gate, world.ana, "approved")] * 4)

        assert sorted(said) == ["already_recorded"] * 3 + ["recorded"]
        [second] = Gate.objects.filter(intent=gate.intent).exclude(pk=gate.pk)
        assert second.is_open
        assert not second.decisions.exists()
        assert_sound(gate.intent)


def test_two_minds_of_one_person_count_once_when_clicked_at_once(two_of_three, troupe: Troupe):
    world = two_of_three
    gates = [open_gate(world) for _ in range(25)]

    for gate in gates:
        said = troupe.at_once(answer(gate, world.ana, "approved"), answer(gate, world.ana, "rejected"))

        gate.refresh_from_db()
        standing = Decision.objects.get(gate=gate, taken_back_at=None)
        assert set(said) <= {"recorded", "gate_closed"}
        assert gate.is_open == (standing.outcome == "approved")
        assert_sound(gate.intent)


def test_withdrawn_or_approved_but_never_both_when_they_meet(one_of_three, troupe: Troupe):
    world = one_of_three
    gates = [open_gate(world) for _ in range(100)]
    wire = {"HTTP_X_API_KEY": world.sender_secret}

    for gate in gates:
        path = f"/v1/intents/{gate.intent_id}/resolve"
        code, (status, body) = troupe.at_once(
            answer(gate, world.ana, "approved"),
            ("post", {"path": path, "body": {"status": "CANCELED", "reason": "changed my mind"}, "headers": wire}),
        )

        gate.refresh_from_db()
        assert (code, status) in {("recorded", 409), ("withdrawn", 200)}, body
        assert gate.outcome == ("approved" if code == "recorded" else "withdrawn")
        assert_sound(gate.intent)
        assert gate.intent.status == (Status.COMPLETED if code == "recorded" else Status.CANCELED)
