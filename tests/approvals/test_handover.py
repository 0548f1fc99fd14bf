"""Whoever comes on call while a gate is open gets a seat and the request; nobody loses theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.models import Schedule, ScheduleVersion
from approvals.sweeps import settle, settle_schedules
from intents import clock
from intents.sweeps import wake_due
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.acts import START, details, fast_forward, frozen_clock, history, say
from tests.approvals.rotas import layer, make_override, make_schedule
from tests.factories import gate_rule, make_policy, open_gate

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def noon():
    with frozen_clock() as traveller:
        yield traveller


@pytest.fixture
def schedule(noon, world) -> Schedule:
    """Ana until 14:00 UTC, then Bo."""
    made = make_schedule(world, layer(world.ana, world.bo, handover="14:00", start="2026-03-01"))
    make_policy(world.workspace, gates=[gate_rule("schedule:primary", place="before", deadline=6 * 3600)])
    return made


def seated(gate) -> list[str]:
    return list(gate.seats.order_by("pk").values_list("person__name", flat=True))


def asked() -> list[str]:
    """Who was sent a request so far, in order."""
    while announce_due():
        pass
    return list(Delivery.objects.filter(purpose="request").order_by("event_id").values_list("address", flat=True))


def woken_at(gate):
    gate.intent.refresh_from_db()
    return gate.intent.wake_at


def test_on_call_hand_over_in_mid_gate(world, noon, schedule):
    """The story: Ana is on call and asked; at 14:00 Bo is, gets the request, and answers; Ana still could have."""
    gate = open_gate(world)
    assert (seated(gate), asked()) == (["Ana Ruiz"], ["ana@acme.example"])
    assert woken_at(gate) == START + 2 * HOUR

    fast_forward(noon, 2 * 3600)

    assert details(gate.intent, "handed_over") == {
        "gate_id": str(gate.pk),
        "title": gate.title,
        "schedule": "schedule:primary",
        "from": "ana@acme.example",
        "to": "bo@acme.example",
        "told": ["bo@acme.example"],
    }
    assert (seated(gate), asked()) == (["Ana Ruiz", "Bo Lind"], ["ana@acme.example", "bo@acme.example"])
    assert woken_at(gate) == START + 6 * HOUR
    assert say(gate, world.bo).recorded
    assert history(gate.intent)[-1] == "completed"


def test_whoever_was_on_call_may_still_decide_after_the_hand_over(world, noon, schedule):
    gate = open_gate(world)
    fast_forward(noon, 3 * 3600)

    assert say(gate, world.ana).recorded


def test_whoever_comes_on_call_may_decide_at_once_when_the_sweep_is_late(world, noon, schedule):
    gate = open_gate(world)
    assert say(gate, world.bo).code == "not_eligible"

    noon.shift(2 * HOUR)

    assert say(gate, world.bo).recorded
    assert "handed_over" in history(gate.intent)


def test_nobody_is_told_twice_when_the_hand_over_comes_late(world, noon, schedule):
    gate = open_gate(world)
    asked()

    noon.shift(3 * HOUR)
    wake_due()
    wake_due()

    assert history(gate.intent).count("handed_over") == 1
    assert asked() == ["ana@acme.example", "bo@acme.example"]


def test_an_override_moves_items_already_pending(world, noon, schedule):
    """A gate that waits for whoever is on call hears of an override within a tick, also of one that comes later."""
    gate = open_gate(world)

    make_override(schedule, world.cy, START, START + HOUR)
    settle_schedules()

    assert details(gate.intent, "handed_over")["to"] == "cy@acme.example"
    assert seated(gate) == ["Ana Ruiz", "Cy Okafor"]
    assert woken_at(gate) == START + HOUR


def test_a_changed_schedule_is_settled_once_nothing_older_can_still_be_opening(world, noon, schedule):
    settle_schedules()
    assert Schedule.objects.get().unsettled_since is not None

    noon.shift(timedelta(seconds=20))
    settle_schedules()

    assert Schedule.objects.get().unsettled_since is None


def test_a_gate_that_opens_in_a_hole_waits_for_who_comes_next(world, noon):
    make_schedule(world, layer(world.bo, handover="14:00", start="2026-03-02"))
    make_policy(world.workspace, gates=[gate_rule("schedule:primary", place="before", deadline=6 * 3600)])
    gate = open_gate(world)
    assert seated(gate) == []

    fast_forward(noon, 2 * 3600)

    assert seated(gate) == ["Bo Lind"]
    assert details(gate.intent, "handed_over")["from"] is None


def test_a_requester_who_comes_on_call_is_not_asked(world, noon, schedule):
    gate = open_gate(world, requested_by="bo@acme.example")

    fast_forward(noon, 2 * 3600)

    assert details(gate.intent, "handed_over")["told"] == []
    assert say(gate, world.bo).code == "four_eyes"


def test_a_gate_without_schedules_is_left_alone(world, noon):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    gate = open_gate(world)

    assert (gate.on_call, gate.handover_at) == (None, None)
    assert woken_at(gate) == clock.now() + HOUR


def test_only_whoever_is_on_call_is_reminded_after_the_hand_over(world, noon):
    make_schedule(world, layer(world.ana, world.bo, handover="14:00", start="2026-03-01"))
    remind = {"after": 5400, "interval": 5400, "max": 2}
    make_policy(
        world.workspace, gates=[gate_rule("schedule:primary", place="before", deadline=6 * 3600, remind=remind)]
    )
    gate = open_gate(world)

    fast_forward(noon, 5400)
    asked()
    fast_forward(noon, 5400)
    asked()

    reminded = Delivery.objects.filter(purpose="reminder").order_by("pk").values_list("address", flat=True)
    assert list(reminded) == ["ana@acme.example", "bo@acme.example"]
    assert say(gate, world.ana).recorded


def test_a_gate_that_opens_in_a_hole_says_at_once_that_nobody_can_be_asked(world, noon):
    make_schedule(world, layer(world.bo, handover="14:00", start="2026-03-02"))
    make_policy(world.workspace, gates=[gate_rule("schedule:primary", place="before", deadline=6 * 3600)])

    gate = open_gate(world)

    assert details(gate.intent, "escalated")["reason"] == "nobody"


def test_a_hand_over_in_a_later_step_of_the_chain_tells_nobody_before_its_time(world, noon):
    """Who is on call in a step of the chain is looked up when the step comes."""
    make_schedule(world, layer(world.ana, world.bo, handover="14:00", start="2026-03-01"))
    chain = {"steps": [{"who": ["person:cy@acme.example"]}, {"after": 3 * 3600, "who": ["schedule:primary"]}]}
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", deadline=6 * 3600, chain=chain)])
    gate = open_gate(world)

    fast_forward(noon, 2 * 3600)
    asked_before = asked()
    fast_forward(noon, 2 * 3600)
    asked()

    assert asked_before == ["cy@acme.example"]
    assert details(gate.intent, "handed_over")["told"] == []
    escalated = Delivery.objects.filter(purpose="escalation").values_list("address", flat=True)
    assert list(escalated) == ["bo@acme.example"]


def test_one_schedule_that_cannot_be_read_stops_no_other_gate(world, noon, schedule):
    """Nor what is swept after it: people who leave, and absences."""
    broken = make_schedule(world, layer(world.ana), name="broken")
    gate = open_gate(world)
    make_policy(world.workspace, "broken", gates=[gate_rule("schedule:broken")], position=1)
    open_gate(world)
    for each in (broken, schedule):
        make_override(each, world.cy, START, START + HOUR)
    ScheduleVersion.objects.filter(schedule=broken).update(body={})

    settle()

    assert details(gate.intent, "handed_over")["to"] == "cy@acme.example"
    assert Schedule.objects.get(name="broken").unsettled_since is not None
