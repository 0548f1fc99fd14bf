"""The clock against people, against agents and against itself."""

from __future__ import annotations

import random
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings

from approvals.models import Decision
from intents import clock
from intents.lifecycle import Status
from intents.models import Event, Intent
from intents.sweeps import wake_due
from tests.factories import gate_rule, make_policy, open_gate
from tests.races.timing import Window, let_expire, make_due
from tests.races.troupe import Troupe, assert_sound, types_of

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

GATES = 200
BATCH = 60


@pytest.fixture
def reminding(world: SimpleNamespace) -> SimpleNamespace:
    """Gates that remind once after an hour, then escalate."""
    remind = {"after": 3600, "interval": 3600, "max": 1}
    rule = gate_rule("team:sre", remind=remind, escalate_to=["person:cy@acme.example"], deadline=86400)
    make_policy(world.workspace, gates=[rule])
    return world


def test_a_gate_is_decided_or_expires_but_never_both_when_people_and_the_clock_meet(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gates = [open_gate(world) for _ in range(GATES)]
    chance = random.Random(7)  # always the same course, however the processes run
    window, reasons = Window(0.012), []

    for gate in gates:
        let_expire(gate, window.seconds)
        after = [chance.uniform(0.0, 1.6 * window.seconds) for _ in range(2)]
        yes, no, _ = troupe.at_once(
            ("decide", {"gate": str(gate.pk), "person": str(world.ana.pk), "outcome": "approved", "after": after[0]}),
            ("decide", {"gate": str(gate.pk), "person": str(world.bo.pk), "outcome": "rejected", "after": after[1]}),
            ("sweep", {"seconds": 2.5 * window.seconds}),
        )
        wake_due()  # the row may have been held whenever the sweep came by

        gate.refresh_from_db()
        assert {yes, no} <= {"recorded", "gate_closed", "expired"}
        assert_sound(gate.intent)
        decision = Decision.objects.filter(gate=gate).first()
        if decision:
            assert decision.at < gate.expires_at
            assert (gate.reason, gate.outcome) == ("decided", decision.outcome)
        else:
            assert gate.closed_at >= gate.expires_at
            assert (gate.reason, gate.intent.status) == ("timeout", Status.TIMED_OUT)
        reasons.append(gate.reason)
        window.learn(people_were_first=bool(decision))
    assert min(reasons.count("decided"), reasons.count("timeout")) > GATES // 20, "this was no race"


def test_a_decision_that_waited_for_the_lock_past_the_deadline_is_refused(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world)
    let_expire(gate, 0.4)

    _, code = troupe.at_once(
        ("hold", {"intent": str(gate.intent_id), "seconds": 0.8}),
        ("decide", {"gate": str(gate.pk), "person": str(world.ana.pk), "outcome": "approved", "after": 0.1}),
    )

    assert code == "expired"
    assert not Decision.objects.filter(gate=gate).exists()


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"), reason="SQLite has no clock but the machine's own"
)
def test_nothing_expires_early_when_a_workers_clock_is_wrong(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    early, due = open_gate(world), open_gate(world)
    let_expire(due, -1)

    said = troupe.at_once(
        ("tick_by_a_wrong_clock", {"seconds": 7200}),
        ("tick_by_a_wrong_clock", {"seconds": 86400}),
        ("tick_by_a_wrong_clock", {"seconds": -7200}),
    )

    assert said == [None] * 3
    for gate in (early, due):
        gate.refresh_from_db()
        assert_sound(gate.intent)
    assert early.is_open
    assert due.reason == "timeout"
    assert abs(due.closed_at - clock.now()) < timedelta(seconds=10)


def test_each_reminder_and_escalation_comes_once_when_sweeps_overlap(reminding, troupe: Troupe):
    gates = [open_gate(reminding) for _ in range(BATCH)]

    for due in ("intent.reminder", "intent.escalated"):
        make_due(gates)
        troupe.at_once(*[("sweep", {})] * 4)

        intents = Event.objects.filter(event_type=due).values_list("intent_id", flat=True)
        assert sorted(intents) == sorted(gate.intent_id for gate in gates)
    for gate in gates:
        assert_sound(gate.intent)


def test_a_left_over_timer_changes_nothing_when_the_gate_is_decided(reminding, troupe: Troupe):
    gates = [open_gate(reminding) for _ in range(BATCH)]

    for gate in gates:
        make_due([gate])
        answer = {"gate": str(gate.pk), "person": str(reminding.ana.pk), "outcome": "approved"}
        code, _, _ = troupe.at_once(("decide", answer), ("sweep", {}), ("sweep", {}))

        assert code == "recorded"
        assert_sound(gate.intent)
        history = types_of(gate.intent)
        assert history.count("intent.reminder") <= 1
        assert history[-2:] == ["intent.gate_closed", "intent.completed"]


def test_the_deadline_of_an_intent_ends_it_once_when_sweeps_overlap(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intents = [open_gate(world).intent for _ in range(BATCH)]
    past = clock.now() - timedelta(seconds=1)
    Intent.objects.update(deadline_at=past, wake_at=past)

    troupe.at_once(*[("sweep", {})] * 4)

    for intent in intents:
        assert_sound(intent)
        assert intent.status == Status.TIMED_OUT
        assert intent.failures == 0
