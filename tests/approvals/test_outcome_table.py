"""The table of outcomes: what each task type offers, what each outcome means, and how the intent ends by it."""

import pytest

from approvals.models import Gate
from approvals.outcomes import CLASSES, TASK_OUTCOMES, OutcomeClass, class_of, resolve_outcomes
from intents import clock as intents_clock
from intents.models import Intent
from tests.acts import ending, everybody_told, fast_forward, finish_work, fresh, frozen_clock, history, say, take_work
from tests.factories import gate_rule, make_policy, open_gate

YES, NO, BACK = OutcomeClass

TABLE = {
    "approval": {"approved": YES, "rejected": NO},
    "review": {"approved": YES, "changes_requested": BACK, "rejected": NO},
    "form": {"approved": YES, "submitted": YES, "rejected": NO},
    "clarification": {"provided": YES, "rejected": NO},
    "provide_data": {"provided": YES, "rejected": NO},
    "manual_action": {"completed": YES, "failed": NO},
    "attach_file": {"completed": YES, "failed": NO},
    "confirmation": {"confirmed": YES, "rejected": NO},
    "assignment": {"assigned": YES, "declined": NO},
    "override": {"override_approved": YES, "rejected": NO},
}
FINAL = {YES: "COMPLETED", NO: "CANCELED", BACK: "CANCELED"}
CELLS = [(task, outcome, cls) for task, row in TABLE.items() for outcome, cls in row.items()]
UNKNOWN_TYPES = ["validate_real_world", "validate_output", "delegation", "reroute", "escalate", "our_own_type"]


def final_status(outcome: str, cls: OutcomeClass) -> str:
    return "FAILED" if outcome == "failed" else FINAL[cls]


@pytest.mark.parametrize(("task_type", "outcome", "cls"), CELLS, ids=[f"{cell[0]}-{cell[1]}" for cell in CELLS])
def test_outcome_ends_the_intent_as_its_class_says(world, task_type, outcome, cls):
    gate = open_gate(world, human_task={"task_type": task_type})

    assert say(gate, world.ana, outcome, comment="so be it").recorded

    closed, intent = Gate.objects.get(pk=gate.pk), fresh(gate.intent)
    assert (closed.outcome, closed.outcome_class, closed.reason) == (outcome, cls, "decided")
    assert intent.status == final_status(outcome, cls)
    end = ending(intent)
    assert (end["outcome"], end["approved"], end["reason"]) == (outcome, cls == YES, "decided")


@pytest.mark.parametrize(("task_type", "row"), TABLE.items(), ids=TABLE)
def test_task_type_offers_its_own_outcomes_in_order(task_type, row):
    assert dict(resolve_outcomes(task_type, None)) == row
    assert set(TASK_OUTCOMES) == set(TABLE)


@pytest.mark.parametrize("name", ["deferred", "changes_requested", "escalate", "Approved", "approve", "yes", "expired"])
def test_outcome_with_another_name_sends_it_back(world, name):
    gate = open_gate(world, human_task={"allowed_outcomes": ["approved", name, "rejected"]})

    say(gate, world.ana, name, comment="not like this")

    assert class_of(name) == BACK
    assert (fresh(gate.intent).status, ending(gate.intent)["approved"]) == ("CANCELED", False)
    assert ending(gate.intent)["outcome"] == name


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_outcome_keeps_its_class_wherever_it_is_listed(name):
    outcomes = dict(resolve_outcomes("approval", ["confirmed", "declined", name]))

    assert outcomes[name] == next((row[name] for row in TABLE.values() if name in row), BACK)


@pytest.mark.parametrize(
    "outcomes", [["approved"], ["rejected"], ["approved", "maybe"], ["ok", "no"], ["approved", "deferred"]]
)
def test_outcomes_without_a_yes_or_without_a_no_are_refused(world, api, outcomes):
    answer = ask(api, allowed_outcomes=outcomes)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_outcomes")
    assert not Intent.objects.exists()


@pytest.mark.parametrize("task_type", UNKNOWN_TYPES)
def test_task_type_outside_the_table_needs_outcomes_of_its_own(world, api, task_type):
    refused = ask(api, task_type=task_type)
    taken = ask(api, task_type=task_type, allowed_outcomes=["approved", "rejected"])

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_outcomes")
    assert taken.status_code == 200


FORM = {"type": "object", "properties": {"approved": {"type": "boolean"}}, "required": ["approved"]}


@pytest.mark.parametrize("form", [FORM, None], ids=["in the form", "without a form"])
@pytest.mark.parametrize(("outcome", "sent", "stored"), [("approved", False, True), ("rejected", True, False)])
def test_field_approved_always_follows_the_outcome(world, form, outcome, sent, stored):
    gate = open_gate(world, human_task={"task_type": "form", "form_schema": form} if form else {})

    say(gate, world.ana, outcome, fields={"approved": sent})

    assert ending(gate.intent)["fields"] == {"approved": stored}
    assert ending(gate.intent)["task_result"]["data"] == {"approved": stored}


def test_field_approved_is_filled_in_when_only_an_outcome_is_sent(world):
    gate = open_gate(world, human_task={"task_type": "form", "form_schema": FORM})

    assert say(gate, world.ana, "approved").recorded


SILENCE = {
    "expire": ("TIMED_OUT", "expired", NO),
    "cancel": ("CANCELED", "canceled", NO),
    "rejected": ("CANCELED", "rejected", NO),
    "approve": ("COMPLETED", "approved", YES),
}


@pytest.mark.parametrize("on_timeout", SILENCE)
def test_silence_ends_the_gate_as_stated_beforehand(world, on_timeout):
    make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout=on_timeout)])
    with frozen_clock() as clock:
        gate = open_gate(world)
        everybody_told(gate)

        fast_forward(clock, 3600)

    status, outcome, cls = SILENCE[on_timeout]
    closed, end = Gate.objects.get(pk=gate.pk), ending(gate.intent)
    assert (closed.outcome, closed.outcome_class, closed.reason) == (outcome, cls, "timeout")
    assert (fresh(gate.intent).status, end["outcome"], end["reason"]) == (status, outcome, "timeout")
    assert end["approved"] is (cls == YES)
    assert (end["decided_by"], end["decided_at"], end["task_result"]) == ([], None, None)


def test_silence_ends_with_failed_where_the_gate_offers_it(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout="failed")])
    with frozen_clock() as clock:
        gate = open_gate(world, human_task={"task_type": "manual_action"})
        fast_forward(clock, 3600)

    assert (fresh(gate.intent).status, ending(gate.intent)["outcome"]) == ("FAILED", "failed")


def test_silence_that_names_no_outcome_of_the_gate_is_refused_at_submit(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout="declined")])

    assert ask(api).json()["error"]["code"] == "invalid_outcomes"


def test_silence_approves_and_the_work_goes_on_and_says_by_what(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", on_timeout="approve")])
    with frozen_clock() as clock:
        gate = open_gate(world, to_agent="infra-validator")
        everybody_told(gate)
        fast_forward(clock, 3600)
        take_work(world)
        finish_work(world, gate.intent, ok=True)

    end = ending(gate.intent)
    assert (end["approved"], end["reason"]) == (True, "timeout")
    assert "silence" in end["summary"]


@pytest.mark.parametrize("fault", ["nobody told", "one told too late", "one unreachable", "one left"])
def test_silence_approves_nothing_when_a_line_was_not_told_in_time(world, fault):
    rule = gate_rule(lines=[{"who": ["team:sre"], "need": 1}, {"who": ["person:bo@acme.example"], "need": 1}])
    make_policy(world.workspace, gates=[rule | {"on_timeout": "approve"}])
    with frozen_clock() as clock:
        gate = open_gate(world)
        if fault != "nobody told":
            everybody_told(gate)
        bo = gate.seats.filter(person=world.bo)
        match fault:
            case "one told too late":
                clock.shift(301)
                bo.update(told_at=intents_clock.now())
            case "one unreachable":
                bo.update(unreachable=True)
            case "one left":
                world.bo.memberships.update(is_active=False)
        fast_forward(clock, 3600)

    assert (fresh(gate.intent).status, ending(gate.intent)["outcome"]) == ("TIMED_OUT", "expired")
    assert history(gate.intent)[-2:] == ["gate_closed", "timed_out"]


def ask(api, **task):
    return api.post(
        "/v1/intents", {"intent_type": "intent.infra.x.v1", "to_agent": "human", "payload": {}, "human_task": task}
    )
