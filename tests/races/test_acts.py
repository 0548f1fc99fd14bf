"""Acts on an open gate against decisions and the clock: one outcome, and the history says which."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from approvals.models import Decision, Gate, Membership, Person
from intents.lifecycle import Status
from intents.sweeps import wake_due
from tests.factories import gate_rule, make_policy, open_gate
from tests.races.timing import let_expire
from tests.races.troupe import Command, Troupe, assert_sound, types_of

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

GATES = 15
ENDS = {"break_glass": Status.COMPLETED, "decided": Status.CANCELED, "timeout": Status.TIMED_OUT}
SOON = (0.02, 0.1, 0.5, 5.0)
"""Seconds until a gate expires: however slow the machine is, some of them are just then."""


@pytest.fixture
def guarded(world: SimpleNamespace) -> SimpleNamespace:
    """One of three is enough; Cy may break glass; Bo may move the deadline by an hour."""
    allowed = {"who": ["person:bo@acme.example"], "most": 3600}
    make_policy(world.workspace, gates=[gate_rule("team:sre", extend=allowed)])
    Membership.objects.filter(person=world.cy).update(can_break_glass=True)
    return world


def act(name: str, gate: Gate, person: Person, **words: object) -> Command:
    return "act", {"name": name, "gate": str(gate.pk), "person": str(person.pk), **words}


def answer(gate: Gate, person: Person, outcome: str, after: float = 0.0) -> Command:
    return "decide", {"gate": str(gate.pk), "person": str(person.pk), "outcome": outcome, "after": after}


def test_claim_and_decision_meet_and_the_gate_ends_once(guarded, troupe: Troupe):
    for gate in [open_gate(guarded) for _ in range(GATES)]:
        claimed, decided, asked = troupe.at_once(
            act("claim", gate, guarded.ana), answer(gate, guarded.bo, "approved"), act("ask", gate, guarded.ana)
        )

        assert decided == "recorded"
        assert {claimed, asked} <= {"claimed", "asked", "gate_closed"}
        assert_sound(gate.intent)
        types = types_of(gate.intent)
        assert ("intent.claimed" in types) == (claimed == "claimed")
        assert types[-1] == "intent.completed"


def test_glass_is_broken_or_the_gate_is_refused_or_expires_but_only_one_of_these(guarded, troupe: Troupe):
    chance = random.Random(7)  # always the same course, however the processes run
    reasons = set()
    for gate in [open_gate(guarded) for _ in range(GATES)]:
        let_expire(gate, chance.choice(SOON))
        after = [chance.uniform(0.0, 0.04) for _ in range(2)]
        glass, no, _ = troupe.at_once(
            act("break_glass", gate, guarded.cy, after=after[0]),
            answer(gate, guarded.ana, "rejected", after[1]),
            ("sweep", {"seconds": 0.06}),
        )
        wake_due()  # the row may have been held whenever the sweep came by

        gate.refresh_from_db()
        assert {glass, no} <= {"recorded", "gate_closed", "expired"}
        assert [glass, no].count("recorded") <= 1
        assert_sound(gate.intent)
        assert (gate.reason == "break_glass") == (glass == "recorded")
        assert types_of(gate.intent).count("intent.broke_glass") == (glass == "recorded")
        assert gate.intent.status == ENDS[gate.reason]
        reasons.add(gate.reason)
    assert len(reasons) > 1, "always the same one won: this was no race"


def test_glass_and_a_yes_at_once_are_one_end(guarded, troupe: Troupe):
    for gate in [open_gate(guarded) for _ in range(GATES)]:
        glass, yes = troupe.at_once(act("break_glass", gate, guarded.cy), answer(gate, guarded.ana, "approved"))

        gate.refresh_from_db()
        assert sorted((glass, yes)) == ["gate_closed", "recorded"]
        assert Decision.objects.filter(gate=gate).count() == 1
        assert gate.reason == ("break_glass" if glass == "recorded" else "decided")
        assert_sound(gate.intent)


def test_gate_expires_or_is_extended_but_never_both(guarded, troupe: Troupe):
    chance = random.Random(7)
    ends = set()
    for gate in [open_gate(guarded) for _ in range(GATES)]:
        let_expire(gate, chance.choice(SOON))
        moved, _ = troupe.at_once(
            act("extend", gate, guarded.bo, after=chance.uniform(0.0, 0.04)), ("sweep", {"seconds": 0.05})
        )
        wake_due()

        gate.refresh_from_db()
        assert moved in {"extended", "expired", "gate_closed"}
        assert gate.is_open == (moved == "extended")
        assert_sound(gate.intent)
        if gate.is_open:
            assert gate.intent.wake_at == gate.step.wake_at == gate.expires_at
        ends.add(gate.is_open)
    assert ends == {True, False}, "always the same one won: this was no race"


def test_two_extensions_at_once_never_pass_the_limit(guarded, troupe: Troupe):
    for gate in [open_gate(guarded) for _ in range(GATES)]:
        said = troupe.at_once(*[act("extend", gate, guarded.bo, seconds=2000)] * 3)

        gate.refresh_from_db()
        assert sorted(said) == ["extended", "past_the_limit", "past_the_limit"]
        assert (gate.expires_at - gate.opened_at).total_seconds() == 3600 + 2000
        assert_sound(gate.intent)


def test_handing_it_round_in_a_circle_at_once_is_one_hop(guarded, troupe: Troupe):
    for gate in [open_gate(guarded) for _ in range(GATES)]:
        said = troupe.at_once(
            act("delegate", gate, guarded.ana, to="bo@acme.example"),
            act("delegate", gate, guarded.bo, to="cy@acme.example"),
            act("delegate", gate, guarded.cy, to="ana@acme.example"),
        )

        assert sorted(said) == ["delegated", "one_hop", "one_hop"]
        assert_sound(gate.intent)
