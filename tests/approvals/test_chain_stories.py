"""Chains as people tell of them: whom they reach and when, on a clock that can be moved."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Gate, Person, Seat
from approvals.services.chains import save_chain
from approvals.services.claim import claim
from approvals.services.told import mark_unreachable
from approvals.sweeps import settle_memberships
from notifications import keptmail
from notifications.models import Delivery, KeptMail
from tests.acts import details, ending, fresh, frozen_clock, history, outage, say
from tests.approvals.living import DAY, HOUR, MINUTE, live, remind, step, told
from tests.factories import gate_rule, make_policy, make_team, open_gate

ANA, BO, CY, SRE = "person:ana@acme.example", "person:bo@acme.example", "person:cy@acme.example", "team:sre"
OFFICE = {"zone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}
FRIDAY_EVENING = datetime(2026, 3, 6, 16, 50, tzinfo=UTC)  # 17:50 in Berlin
MONDAY_MORNING = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)  # 09:00 in Berlin


@pytest.fixture
def noon(world: SimpleNamespace, settings: Any):
    settings.EMAIL_BACKEND = keptmail.PATH
    with frozen_clock() as traveller:
        yield traveller


def gate_with(world: SimpleNamespace, chain: dict[str, Any] | str, **rule: Any) -> Gate:
    make_policy(world.workspace, gates=[gate_rule(SRE, place="before", chain=chain, **{"deadline": DAY} | rule)])
    return open_gate(world)


def cannot_be_reached(gate: Gate, *people: Person) -> None:
    for person in people:
        mark_unreachable(gate.pk, person.pk, "the mailbox is gone")


def test_if_ana_does_not_answer_in_30_minutes_remind_in_2_hours_tell_bo_then_the_team(world, noon):
    steps = [step(ANA, remind=remind(30 * MINUTE, 3)), step(BO, after=2 * HOUR), step(SRE, after=HOUR)]
    gate = gate_with(world, {"steps": steps})

    live(noon, 5 * HOUR)

    assert told(gate) == [
        (0, "request", "ana"),
        (30, "reminder", "ana"),
        (60, "reminder", "ana"),
        (90, "reminder", "ana"),
        (120, "escalation", "bo"),
        (180, "escalation", "ana"),
        (180, "escalation", "bo"),
        (180, "escalation", "cy"),
    ]
    assert details(gate.intent, "escalated")["reason"] == "silence"


def test_nobody_is_told_any_more_once_somebody_has_decided(world, noon):
    gate = gate_with(
        world, {"steps": [step(ANA, remind=remind(30 * MINUTE)), step(BO, after=2 * HOUR)]}, warn_before=HOUR
    )
    live(noon, HOUR)

    say(gate, world.cy)
    live(noon, 2 * DAY)

    assert told(gate) == [(0, "request", "ana"), (30, "reminder", "ana")]


def test_a_saved_chain_is_named_by_policies_and_bends_no_open_gate(world, noon):
    save_chain(world.workspace, "slow", {"steps": [step(ANA), step(BO, after=HOUR)]}, author=None)
    gate = gate_with(world, "slow")

    save_chain(world.workspace, "slow", {"steps": [step(CY)]}, author=None)
    live(noon, 2 * HOUR)
    later = open_gate(world)
    live(noon, MINUTE)

    assert told(gate) == [(0, "request", "ana"), (60, "escalation", "bo")]
    assert [name for _, _, name in told(later)] == ["cy"]
    assert (gate.terms.body["chain"]["name"], later.terms.body["chain"]["name"]) == ("slow@1", "slow@2")


def test_the_weekend_holds_reminders_and_steps_until_monday_morning(world, noon):
    noon.move_to(FRIDAY_EVENING)
    steps = [step(ANA, remind=remind(30 * MINUTE, 2)), step(BO, after=2 * DAY + 14 * HOUR)]
    gate = gate_with(world, {"steps": steps, "hours": OFFICE}, deadline=4 * DAY)

    live(noon, 3 * DAY)

    assert told(gate, FRIDAY_EVENING)[0] == (0, "request", "ana")
    assert told(gate, MONDAY_MORNING)[1:] == [(0, "escalation", "bo")]


def test_a_reminder_of_friday_evening_comes_on_monday_morning(world, noon):
    noon.move_to(FRIDAY_EVENING)
    gate = gate_with(world, {"steps": [step(remind=remind(30 * MINUTE, 2))], "hours": OFFICE}, deadline=4 * DAY)

    live(noon, 3 * DAY)

    minutes = sorted({minute for minute, purpose, _ in told(gate, MONDAY_MORNING) if purpose == "reminder"})
    assert minutes == [0, 30]


@pytest.mark.parametrize(("risk", "minute"), [("normal", 0), ("high", -39 * 60)])
def test_what_is_sent_on_saturday_is_asked_on_monday_unless_its_risk_lets_it_pass(world, noon, risk, minute):
    noon.move_to(datetime(2026, 3, 7, 17, 0, tzinfo=UTC))
    chain = {"steps": [step(ANA)], "hours": OFFICE | {"pass": ["high"]}}
    gate = gate_with(world, chain, risk=risk, deadline=4 * DAY)

    live(noon, 2 * DAY)

    assert told(gate, MONDAY_MORNING) == [(minute, "request", "ana")]
    assert ("asked" in history(gate.intent)) == (risk == "normal")


def test_the_deadline_is_never_held(world, noon):
    noon.move_to(FRIDAY_EVENING)
    gate = gate_with(world, {"steps": [step()], "hours": OFFICE}, deadline=12 * HOUR)

    live(noon, 13 * HOUR)

    assert fresh(gate.intent).status == "TIMED_OUT"


def test_nobody_reachable_goes_on_at_once_step_by_step_and_to_the_last_resort(world, noon):
    chain = {"steps": [step(ANA), step(BO, after=2 * HOUR)], "last_resort": [CY]}
    gate = gate_with(world, chain)
    live(noon, MINUTE)

    cannot_be_reached(gate, world.ana)
    live(noon, MINUTE)
    cannot_be_reached(gate, world.bo)
    live(noon, MINUTE)

    assert told(gate) == [(0, "request", "ana"), (1, "escalation", "bo"), (2, "escalation", "cy")]
    reasons = [details(gate.intent, "escalated")["reason"], history(gate.intent).count("escalated")]
    assert reasons == ["unreachable", 2]


def test_nobody_reachable_at_all_ends_as_the_policy_says(world, noon):
    gate = gate_with(world, {"steps": [step(), step(BO, after=HOUR)]})
    live(noon, MINUTE)

    cannot_be_reached(gate, world.ana, world.bo, world.cy)
    live(noon, 2 * DAY)

    assert details(gate.intent, "escalated")["escalated_to"] == []
    assert fresh(gate.intent).status == "TIMED_OUT"


def test_a_step_that_stands_for_nobody_goes_to_the_last_resort_at_once(world, noon):
    make_team(world.workspace, "leads")
    gate = gate_with(world, {"steps": [step("team:leads"), step(BO, after=HOUR)], "last_resort": [CY]})

    live(noon, 2 * HOUR)

    assert told(gate) == [(0, "escalation", "cy"), (60, "escalation", "bo")]
    assert [details(gate.intent, "escalated")[key] for key in ("step", "reason")] == [1, "silence"]


def test_a_step_that_stands_for_nobody_is_skipped_where_there_is_no_last_resort(world, noon):
    make_team(world.workspace, "leads")
    gate = gate_with(world, {"steps": [step(ANA), step("team:leads", after=HOUR), step(BO, after=DAY // 2)]})

    live(noon, 2 * HOUR)

    assert told(gate) == [(0, "request", "ana"), (60, "escalation", "bo")]
    found = details(gate.intent, "escalated")
    assert (found["step"], found["reason"], found["skipped"]) == (2, "nobody", [{"step": 1, "round": 0}])


def test_a_deactivated_person_never_counts_as_reachable(world, noon):
    chain = {"steps": [step(ANA), step(BO, after=HOUR)]}
    make_policy(world.workspace, gates=[gate_rule(SRE, place="before", chain=chain, deadline=DAY)])
    Person.objects.filter(pk=world.ana.pk).update(is_active=False)
    gate = open_gate(world)

    live(noon, 2 * HOUR)

    assert told(gate) == [(0, "escalation", "bo")]
    assert details(gate.intent, "escalated")["reason"] == "nobody"


def test_whoever_is_deactivated_while_the_chain_waits_for_them_lets_it_go_on_at_once(world, noon):
    gate = gate_with(world, {"steps": [step(ANA), step(BO, after=2 * HOUR)]})
    live(noon, 10 * MINUTE)

    world.ana.is_active = False
    world.ana.save()
    settle_memberships()
    live(noon, MINUTE)

    assert told(gate) == [(0, "request", "ana"), (10, "escalation", "bo")]
    assert details(gate.intent, "escalated")["reason"] == "nobody"


def test_whoever_claims_is_not_reminded_and_the_next_step_waits_a_quarter_of_an_hour(world, noon):
    steps = [step(ANA, BO, remind=remind(10 * MINUTE, 4)), step(CY, after=HOUR)]
    gate = gate_with(world, {"steps": steps})
    live(noon, 5 * MINUTE)

    claim(gate.pk, world.ana, via="web")
    live(noon, 80 * MINUTE)

    sent = told(gate)
    assert (10, "reminder", "bo") in sent
    assert (10, "reminder", "ana") not in sent
    assert (20, "reminder", "ana") in sent, "a claim runs out"
    assert sent[-1] == (75, "escalation", "cy")


def test_a_later_channel_is_used_only_if_the_person_has_not_answered_or_claimed_by_then(world, noon):
    gate = gate_with(world, {"steps": [step(channels=[{"slack": 0}, {"email": 600}])]}, need=3)
    world_of_later = {"steps": [step(channels=[{"email": 600}])]}
    make_policy(world.workspace, gates=[gate_rule(SRE, place="before", need=3, chain=world_of_later, deadline=DAY)])
    later = open_gate(world)
    live(noon, 5 * MINUTE)

    say(later, world.ana)
    claim(later.pk, world.bo, via="web")
    live(noon, 10 * MINUTE)

    assert told(later) == [(10, "request", "cy")]
    assert told(gate)[0] == (0, "request", "ana"), "what cannot be used gives its place to the next one"
    why = dict(Delivery.objects.filter(gate_id=later.pk).values_list("address", "why"))
    assert why["ana@acme.example"] == "This person has answered."
    assert why["bo@acme.example"] == "This person is looking at it."


def test_a_person_is_told_on_the_channels_of_their_own_choice_and_time(world, noon):
    world.ana.memberships.update(channels=[{"email": 300}])
    gate = gate_with(world, {"steps": [step()]})

    live(noon, HOUR)

    assert told(gate) == [(0, "request", "bo"), (0, "request", "cy"), (5, "request", "ana")]


def test_the_warning_before_expiry_is_sent_once(world, noon):
    gate = gate_with(world, {"steps": [step()]}, need=2, deadline=2 * HOUR, warn_before=30 * MINUTE)
    live(noon, HOUR)
    say(gate, world.ana)

    live(noon, 3 * HOUR)

    warned = [line for line in told(gate) if line[1] == "warning"]
    assert warned == [(90, "warning", "bo"), (90, "warning", "cy")]
    assert details(gate.intent, "gate_warning")["then"] == "not approved"
    assert KeptMail.objects.filter(to="bo@acme.example", subject__startswith="Last call: ").count() == 1


def test_the_warning_before_expiry_is_not_sent_after_a_decision(world, noon):
    gate = gate_with(world, {"steps": [step()]}, deadline=2 * HOUR, warn_before=30 * MINUTE)
    live(noon, HOUR)
    say(gate, world.ana)

    live(noon, 3 * HOUR)

    assert "gate_warning" not in history(gate.intent)


def test_a_long_outage_with_on_timeout_approve_approves_nothing_that_nobody_was_told_of(world, noon):
    """Nothing ran from the opening to the end: nobody was told, so nobody can have been silent."""
    gate = gate_with(world, {"steps": [step(), step(BO, after=HOUR)]}, deadline=2 * HOUR, on_timeout="approve")

    outage(noon, 3 * HOUR)

    assert fresh(gate.intent).status == "TIMED_OUT"
    assert ending(gate.intent)["approved"] is False
    assert not Seat.objects.filter(gate=gate, told_at__isnull=False).exists()


def test_silence_approves_nothing_of_whom_the_chain_tells_only_later(world, noon):
    chain = {"steps": [step(ANA), step(SRE, after=HOUR)]}
    gate = gate_with(world, chain, need=2, deadline=2 * HOUR, on_timeout="approve")

    live(noon, 3 * HOUR)

    assert ending(gate.intent)["approved"] is False


def test_an_outage_tells_the_current_step_alone_and_names_what_was_skipped(world, noon):
    gate = gate_with(world, {"steps": [step(ANA), step(BO, after=HOUR), step(CY, after=HOUR)]})
    live(noon, MINUTE)

    outage(noon, 3 * HOUR)
    live(noon, HOUR)

    assert [name for _, _, name in told(gate)] == ["ana", "cy"]
    assert details(gate.intent, "escalated")["skipped"] == [{"step": 1, "round": 0}]
