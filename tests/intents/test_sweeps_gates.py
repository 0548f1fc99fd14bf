"""The clock and gates: reminders at their moments, one escalation, and silence."""

import pytest

from approvals.models import Gate
from intents.models import Event
from intents.services.record import details_of
from intents.submission import Times
from tests.acts import (
    START,
    ending,
    everybody_told,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    history,
    outage,
    say,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate, send

HOUR = 3600
REMIND = {"after": 300, "interval": 120, "max": 3}


@pytest.fixture
def clock(world):
    with frozen_clock() as traveller:
        yield traveller


def moments(gate: Gate, event_type: str) -> list[float]:
    """Seconds after the opening at which this happened."""
    rows = Event.objects.filter(intent_id=gate.intent_id, event_type=f"intent.{event_type}").order_by("seq")
    return [(row.at - gate.opened_at).total_seconds() for row in rows]


def reminders(gate: Gate) -> list[tuple[int, int]]:
    """The number of each reminder, and how many were skipped before it."""
    events = Event.objects.filter(intent_id=gate.intent_id, event_type="intent.reminder")
    return [(details_of(event)["number"], details_of(event)["skipped"]) for event in events.order_by("seq")]


def test_reminders_come_at_their_moments_and_escalation_after_the_last(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=REMIND, escalate_to=["person:cy@acme.example"])])
    gate = open_gate(world)

    fast_forward(clock, HOUR - 1)

    assert moments(gate, "reminder") == [300, 420, 540]
    assert moments(gate, "escalated") == [660]
    assert fresh(gate.intent).status == "WAITING"


def test_reminders_of_a_request_come_at_its_own_moments(world, clock):
    gate = open_gate(world, human_task={}, times=Times(remind_after=60, max_reminders=2))

    fast_forward(clock, HOUR)

    assert moments(gate, "reminder") == [60, 120]


def test_nothing_reminds_after_a_decision(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, remind=REMIND)])
    gate = open_gate(world)
    say(gate, world.ana)
    fast_forward(clock, 301)
    say(gate, world.bo)
    before = history(gate.intent)

    fast_forward(clock, 40 * 24 * HOUR)

    assert history(gate.intent) == before
    assert moments(gate, "reminder") == [300]


def test_outage_collapses_reminders_and_the_next_waits_its_interval(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60, "interval": 60, "max": 20})])
    gate = open_gate(world)

    outage(clock, 240)
    fast_forward(clock, 59)
    assert reminders(gate) == [(4, 3)]

    fast_forward(clock, 1)
    assert reminders(gate) == [(4, 3), (5, 0)]


def test_long_outage_spreads_the_reminders_of_many_gates(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60, "interval": 60, "max": 20})])
    gates = [open_gate(world) for _ in range(4)]

    outage(clock, 600)
    assert [moments(gate, "reminder") for gate in gates] == [[]] * 4
    fast_forward(clock, 61)

    assert all(reminders(gate)[0] in {(10, 9), (11, 10)} for gate in gates)
    assert all(601 <= moments(gate, "reminder")[0] <= 660 for gate in gates)


def test_expiry_comes_first_after_an_outage(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=REMIND)])
    gate = open_gate(world)

    outage(clock, 2 * HOUR)

    assert (fresh(gate.intent).status, history(gate.intent)[-2:]) == ("TIMED_OUT", ["gate_closed", "timed_out"])
    assert "reminder" not in history(gate.intent)


def test_decision_of_the_last_moment_beats_the_sweep_that_comes_late(world, clock):
    gate = open_gate(world)
    clock.move_to(gate.expires_at)
    clock.shift(-1)
    say(gate, world.ana)

    outage(clock, HOUR)

    assert ending(gate.intent)["approved"] is True


def test_deadline_of_the_intent_ends_an_open_gate_as_a_timeout(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=2 * HOUR)])
    gate = open_gate(world, deadline_at=START.replace(hour=13))

    fast_forward(clock, HOUR)

    closed = Gate.objects.get(pk=gate.pk)
    assert (fresh(gate.intent).status, ending(gate.intent)["reason"]) == ("TIMED_OUT", "deadline")
    assert (closed.outcome, closed.outcome_class) == ("expired", "no")


def test_silence_that_approves_does_not_apply_to_the_deadline_of_the_intent(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=HOUR, on_timeout="approve")])
    gate = open_gate(world, deadline_at=START.replace(minute=30))
    everybody_told(gate)

    fast_forward(clock, HOUR)

    assert (fresh(gate.intent).status, ending(gate.intent)["approved"]) == ("TIMED_OUT", False)


def test_gate_after_the_work_has_its_whole_time(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=HOUR)])
    intent = send(world)
    fast_forward(clock, 2 * HOUR)
    take_work(world)
    finish_work(world, intent)

    gate = gate_of(intent)

    assert (gate.expires_at - gate.opened_at).total_seconds() == HOUR


def test_remind_count_is_shown_to_the_program(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=REMIND)])
    gate = open_gate(world)
    fast_forward(clock, 430)

    shown = Api(world.sender_secret).get(f"/v1/intents/{gate.intent_id}").json()["intent"]

    assert shown["remind_count"] == 2
