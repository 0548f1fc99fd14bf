"""The terminal details: every key in every ending, and the chain of the history fits after each story."""

import pytest

from approvals.models import Gate
from intents.lifecycle import FINAL, TERMINAL_EVENT
from intents.models import Event
from intents.services.verify import chain_fits
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
    say,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate, send

KEYS = {
    *("approved", "outcome", "reason", "summary", "comment", "decided_by", "decided_at", "fields", "result"),
    *("payload", "edited", "digest", "gates", "task_result", "error", "url"),
    *("receipt", "receipt_id"),
}
GATE_KEYS = {
    *("gate_id", "title", "type", "step_id", "source", "outcome", "reason", "digest", "opened_at", "closed_at"),
    *("deadline", "on_timeout", "requirement", "decisions"),
}
DECISION_KEYS = {
    *("by", "name", "for", "outcome", "comment", "fields", "evidence", "via", "strength", "at", "counted", "void"),
}
DAY = 86400


def pass_all(world) -> None:
    make_policy(world.workspace, action="approve")


def decided(world, clock, outcome="approved"):
    gate = open_gate(world)
    say(gate, world.ana, outcome, comment="so be it")
    return gate.intent


def rejected(world, clock):
    return decided(world, clock, "rejected")


def auto_approved(world, clock):
    pass_all(world)
    return send(world, to_agent="human")


def auto_denied(world, clock):
    make_policy(world.workspace, action="deny")
    return send(world)


def worked(world, clock):
    pass_all(world)
    intent = send(world)
    take_work(world)
    finish_work(world, intent, n=1)
    return intent


def agent_failed(world, clock):
    pass_all(world)
    intent = send(world)
    take_work(world)
    finish_work(world, intent, action="fail")
    return intent


def delivery_failed(world, clock):
    pass_all(world)
    intent = send(world, max_delivery_attempts=1)
    take_work(world)
    fast_forward(clock, DAY)
    return intent


def agent_unavailable(world, clock):
    pass_all(world)
    intent = send(world)
    fast_forward(clock, 2 * DAY)
    return intent


def deadline(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=2 * DAY)])
    gate = open_gate(world, deadline_at=START.replace(hour=18))
    fast_forward(clock, DAY)
    return gate.intent


def timeout(world, clock):
    gate = open_gate(world)
    fast_forward(clock, DAY)
    return gate.intent


def approved_by_silence(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout="approve")])
    gate = open_gate(world)
    everybody_told(gate)
    fast_forward(clock, 3600)
    return gate.intent


def withdrawn(world, clock):
    gate = open_gate(world)
    Api(world.sender_secret).post(f"/v1/intents/{gate.intent_id}/resolve", {"status": "CANCELED", "reason": "no"})
    return gate.intent


STORIES = {
    "decided": (decided, "COMPLETED", "decided", True),
    "rejected": (rejected, "CANCELED", "decided", False),
    "auto_approved": (auto_approved, "COMPLETED", "auto_approved", True),
    "auto_denied": (auto_denied, "CANCELED", "auto_denied", False),
    "worked": (worked, "COMPLETED", "auto_approved", True),
    "agent_failed": (agent_failed, "FAILED", "agent_failed", False),
    "delivery_failed": (delivery_failed, "FAILED", "delivery_failed", False),
    "agent_unavailable": (agent_unavailable, "FAILED", "agent_unavailable", False),
    "deadline": (deadline, "TIMED_OUT", "deadline", False),
    "timeout": (timeout, "TIMED_OUT", "timeout", False),
    "approved_by_silence": (approved_by_silence, "COMPLETED", "timeout", True),
    "withdrawn": (withdrawn, "CANCELED", "withdrawn", False),
}


@pytest.mark.parametrize(("story", "status", "reason", "approved"), STORIES.values(), ids=STORIES)
def test_ending_has_every_key_and_one_terminal_event_and_a_chain_that_fits(world, story, status, reason, approved):
    with frozen_clock() as clock:
        intent = fresh(story(world, clock))

    end = ending(intent)
    assert set(end) == KEYS
    assert (intent.status, end["reason"], end["approved"]) == (status, reason, approved)
    for gate in end["gates"]:
        assert set(gate) >= GATE_KEYS
        assert all(set(decision) == DECISION_KEYS for decision in gate["decisions"])
    statuses = list(Event.objects.filter(intent=intent).order_by("seq").values_list("status", flat=True))
    assert [at for at, each in enumerate(statuses) if each in FINAL] == [len(statuses) - 1]
    assert f"intent.{history(intent)[-1]}" == TERMINAL_EVENT[status]
    assert (intent.wake_at, intent.pending_with, intent.ended_at is not None) == (None, None, True)
    assert not intent.steps.filter(ended_at=None).exists()
    assert not Gate.objects.filter(intent=intent, closed_at=None).exists()
    assert end["summary"]
    assert chain_fits(intent)


def test_ending_tells_each_gate_with_its_decisions_in_order(world):
    rules = [gate_rule("team:sre", need=2, place="before"), gate_rule("team:sre", place="after")]
    make_policy(world.workspace, gates=rules)
    first = open_gate(world, to_agent="infra-validator")
    say(first, world.ana)
    say(first, world.bo, comment="go")
    finish_work(world, first.intent, n=1)
    say(gate_of(first.intent), world.cy, comment="well done")

    end = ending(first.intent)

    assert [[each["by"] for each in gate["decisions"]] for gate in end["gates"]] == [
        ["ana@acme.example", "bo@acme.example"],
        ["cy@acme.example"],
    ]
    assert (end["comment"], end["decided_by"]) == ("well done", ["cy@acme.example"])
    assert end["digest"] == end["gates"][1]["digest"] != end["gates"][0]["digest"]


def test_approved_is_false_when_the_work_fails_after_a_yes(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    gate = open_gate(world, to_agent="infra-validator")
    say(gate, world.ana)
    finish_work(world, gate.intent, action="fail")

    end = ending(gate.intent)
    assert (end["approved"], end["outcome"], end["gates"][0]["outcome"]) == (False, "failed", "approved")


def test_payload_in_the_ending_is_the_one_that_was_sent(world):
    payload = {"b": [1, 2.5, None], "a": {"ü": "\u2028"}}

    assert ending(decided_with(world, payload))["payload"] == payload


def decided_with(world, payload):
    gate = open_gate(world, payload=payload)
    say(gate, world.ana)
    return gate.intent
