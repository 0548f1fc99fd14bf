from __future__ import annotations

import pytest

from notifications.audience import Group, Telling, gate_of, tellings
from notifications.models import Purpose


@pytest.mark.parametrize(
    ("event_type", "waiting_reason", "details", "expected"),
    [
        ("intent.reminder", "WAITING_FOR_HUMAN", {}, (Purpose.REMINDER, Group.PENDING, ())),
        ("intent.reminder", "", {"to": ["a"]}, (Purpose.REMINDER, Group.NAMED_PENDING, ("a",))),
        ("intent.gate_warning", "", {}, (Purpose.WARNING, Group.PENDING, ())),
        ("intent.question_asked", "", {}, (Purpose.QUESTION, Group.REQUESTER, ())),
        ("intent.question_answered", "", {"to": ["person:a"]}, (Purpose.ANSWER, Group.NAMED, ("person:a",))),
        ("intent.completed", "", {}, (Purpose.OUTCOME, Group.REQUESTER, ())),
        ("intent.failed", "", {}, (Purpose.OUTCOME, Group.REQUESTER, ())),
        ("intent.canceled", "", {}, (Purpose.OUTCOME, Group.REQUESTER, ())),
        ("intent.timed_out", "", {}, (Purpose.OUTCOME, Group.REQUESTER, ())),
        ("intent.waiting", "WAITING_FOR_AGENT", {}, (Purpose.WAITING, Group.REQUESTER, ())),
        ("intent.waiting", "WAITING_FOR_HUMAN", {}, (Purpose.WAITING, Group.REQUESTER, ())),
        ("intent.notification", "", {"to": ["a", "b"]}, (Purpose.NOTIFICATION, Group.NAMED, ("a", "b"))),
    ],
)
def test_tellings_name_purpose_and_group_when_somebody_is_to_be_told(event_type, waiting_reason, details, expected):
    told = tellings(event_type, waiting_reason, details, intent_is_final=False)

    assert told == (Telling(*expected),)


@pytest.mark.parametrize("event_type", ["intent.human_task_assigned", "intent.asked"])
@pytest.mark.parametrize(("to", "group"), [([], Group.PENDING), (["a"], Group.NAMED_PENDING)])
def test_tellings_ask_the_deciders_and_inform_whom_the_policy_wants_told(event_type, to, group):
    told = tellings(event_type, "WAITING_FOR_HUMAN", {"to": to}, intent_is_final=False)

    assert told == (Telling(Purpose.REQUEST, group, tuple(to)), Telling(Purpose.INFORM, Group.INFORMED))


def test_tellings_of_an_escalation_are_for_those_it_names_and_for_the_requester():
    told = tellings("intent.escalated", "WAITING_FOR_HUMAN", {"escalated_to": ["team:leads"]}, intent_is_final=False)

    assert told == (
        Telling(Purpose.ESCALATION, Group.NAMED_PENDING, ("team:leads",)),
        Telling(Purpose.WAITING, Group.REQUESTER),
    )


@pytest.mark.parametrize(
    ("event_type", "waiting_reason"),
    [
        ("intent.created", ""),
        ("intent.submitted", ""),
        ("intent.delivered", ""),
        ("intent.in_progress", ""),
        ("intent.waiting", "WAITING_FOR_TIME"),
        ("intent.decision_recorded", ""),
        ("intent.decision_taken_back", ""),
        ("intent.decision_refused", ""),
        ("intent.claimed", ""),
        ("intent.claim_released", ""),
        ("intent.person_unreachable", ""),
        ("intent.lease_expired", ""),
        ("intent.delivery_failed", ""),
        ("intent.of_tomorrow", ""),
    ],
)
def test_tellings_are_none_when_nobody_is_to_be_told(event_type, waiting_reason):
    assert tellings(event_type, waiting_reason, {}, intent_is_final=False) == ()


@pytest.mark.parametrize(
    ("intent_is_final", "purposes"), [(False, ["closed", "outcome", "inform"]), (True, ["closed", "inform"])]
)
def test_tellings_leave_the_outcome_to_the_intents_end_when_the_gate_ended_it(intent_is_final, purposes):
    told = tellings("intent.gate_closed", "", {}, intent_is_final=intent_is_final)

    assert [what.purpose for what in told] == purposes


def test_tellings_are_none_while_the_first_step_is_held():
    held = {"to": [], "held_until": "2026-03-02T09:00:00.000Z"}

    assert tellings("intent.human_task_assigned", "", held, intent_is_final=False) == ()


def test_gate_of_is_the_last_gate_when_the_intent_ends():
    assert gate_of("intent.completed", {"gates": [{"gate_id": "a"}, {"gate_id": "b"}]}) == "b"
    assert gate_of("intent.completed", {"gates": []}) == ""
    assert gate_of("intent.reminder", {"gate_id": "c"}) == "c"
    assert gate_of("intent.waiting", {}) == ""


GLASS = {False: ["concerned", "informed", "requester"], True: ["concerned", "informed"]}


@pytest.mark.parametrize(("intent_is_final", "groups"), GLASS.items())
def test_tellings_are_of_the_glass_when_it_was_broken_and_not_of_the_gates_end(intent_is_final, groups):
    glass = tellings("intent.broke_glass", "", {}, intent_is_final=intent_is_final)

    assert [(what.purpose, what.group.value) for what in glass] == [("break_glass", group) for group in groups]
    assert tellings("intent.gate_closed", "", {"reason": "break_glass"}, intent_is_final=intent_is_final) == ()


def test_tellings_of_a_later_deadline_are_for_whoever_was_asked_or_informed_and_the_requester():
    told = tellings("intent.extended", "", {}, intent_is_final=False)

    assert {what.purpose for what in told} == {"extension"}
    assert [what.group.value for what in told] == ["pending", "requester", "informed"]
