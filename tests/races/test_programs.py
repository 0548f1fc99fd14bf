"""Programs against each other: the same request twice at once, several listeners, a late result."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Gate
from intents import clock
from intents.lifecycle import Status, StepStatus
from intents.models import Agent, Event, IdempotencyRecord, Intent, Step, StepResult
from intents.services.handout import hand_out
from intents.sweeps import wake_due
from tests.factories import gate_rule, make_policy, send
from tests.races.troupe import Command, Troupe, assert_sound, types_of

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WORK = 100


@pytest.fixture
def working(world: SimpleNamespace) -> SimpleNamespace:
    """A world in which the agent gets its work without a gate, however much of it."""
    make_policy(world.workspace, "allow", "approve", types=("intent.*",))
    Agent.objects.update(max_in_flight=1000)
    return world


def create(world: SimpleNamespace, key: str, **more: Any) -> Command:
    """What the stock client sends: a fresh correlation id each time."""
    body = {"intent_type": "intent.infra.change.v1", "to_agent": "infra-validator", "payload": {"n": 1}}
    body |= {"correlation_id": str(uuid.uuid4())} | more
    headers = {"HTTP_X_API_KEY": world.sender_secret, "HTTP_IDEMPOTENCY_KEY": key}
    return "post", {"path": "/v1/intents", "body": body, "headers": headers}


def test_one_intent_when_the_same_key_arrives_from_four_processes_at_once(working, troupe: Troupe):
    for number in range(50):
        answers = troupe.at_once(*[create(working, f"k{number}") for _ in range(4)])

        statuses, bodies = zip(*answers, strict=True)
        assert statuses == (200,) * 4, bodies
        assert all(body == bodies[0] for body in bodies)
    assert Intent.objects.count() == IdempotencyRecord.objects.count() == 50


def test_one_wins_and_the_others_conflict_when_bodies_differ_under_one_key(working, troupe: Troupe):
    for number in range(25):
        answers = troupe.at_once(*[create(working, f"k{number}", payload={"n": each}) for each in range(4)])

        assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    assert Intent.objects.count() == 25


def test_one_decision_when_a_person_sends_it_twice_under_one_key(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    headers = {"HTTP_AUTHORIZATION": f"Bearer {world.tokens['ana']}", "HTTP_IDEMPOTENCY_KEY": "again"}
    gates = [Gate.objects.get(intent=send(world, to_agent="human")) for _ in range(25)]

    for gate in gates:
        path = f"/v1/approvals/{gate.pk}/decision"
        command = ("post", {"path": path, "body": {"decision": "approve"}, "headers": headers})
        first, second = troupe.at_once(command, command)

        assert first == second
        assert first[0] == 200
        assert gate.decisions.count() == 1
        assert_sound(gate.intent)


def test_one_agent_when_two_scenarios_register_it_at_once(world, troupe: Troupe):
    make_policy(world.workspace, "allow", "approve", types=("intent.*",))
    headers = {"HTTP_X_API_KEY": world.sender_secret}

    for number in range(25):
        agent = {"role": "worker", "address": f"new-{number}", "create_if_missing": True}
        steps = [{"step_id": "work", "tool_id": "tool.agent.task.v1", "assigned_to": "worker"}]
        intent = {"type": "intent.infra.change.v1", "payload": {}}
        body = {"scenario_id": "race.v1", "agents": [agent], "workflow": {"steps": steps}, "intent": intent}
        answers = troupe.at_once(
            *[("post", {"path": "/v1/scenarios/apply", "body": body, "headers": headers}) for _ in range(4)]
        )

        assert [status for status, _ in answers] == [200] * 4, answers
        assert Agent.objects.filter(name=f"new-{number}").count() == 1


def test_each_step_is_handed_out_once_when_listeners_compete(working, troupe: Troupe):
    sent = [send(working) for _ in range(WORK)]

    # None may take more than half, so that it always needs several, however unfairly SQLite hands its lock on.
    taken = troupe.at_once(*[("hand_out", {"agent": str(working.agent.pk), "times": WORK // 2})] * 4)

    handles = [handle for each in taken for handle in each]
    assert sorted(handles) == sorted(str(intent.pk) for intent in sent)
    cursors = list(Step.objects.values_list("cursor", flat=True))
    assert len(set(cursors)) == len(cursors)
    for intent in sent:
        assert_sound(intent)
        assert types_of(intent).count("intent.delivered") == 1
    assert set(Step.objects.values_list("attempt", flat=True)) == {1}


def test_max_in_flight_holds_when_listeners_compete(working, troupe: Troupe):
    Agent.objects.update(max_in_flight=3)
    for _ in range(8):
        send(working)

    for _ in range(20):
        taken = troupe.at_once(*[("hand_out", {"agent": str(working.agent.pk), "times": 1})] * 4)

        assert sum(len(each) for each in taken) == 3
        Step.objects.update(status=StepStatus.READY, attempt=0, lease_until=None)


def test_the_first_result_counts_when_a_late_one_meets_the_new_attempt(world, troupe: Troupe):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    Agent.objects.update(max_in_flight=1000)
    sent = [send(world) for _ in range(WORK)]
    winners = set()

    for intent in sent:
        redeliver(world, intent)
        late, new, _ = troupe.at_once(
            ("result", {"step": str(intent.pk), "word": "late"}),
            ("result", {"step": str(intent.pk), "word": "new"}),
            ("sweep", {}),
        )

        assert sorted([late, new]) == [False, True]
        winner = "late" if late else "new"
        assert winner in StepResult.objects.get(step_id=intent.pk).result
        assert_sound(intent)
        assert Gate.objects.get(intent=intent).is_open, "a result is no decision"
        winners.add(winner)
    assert len(winners) == 2, "always the same one was first: this was no race"


def redeliver(world: SimpleNamespace, intent: Intent) -> None:
    """Handed out, its lease lost, handed out again; and the new lease is about to end as well."""
    for _ in range(2):
        assert hand_out(world.agent) is not None
        past = clock.now() - timedelta(seconds=1)
        Step.objects.filter(pk=intent.pk).update(lease_until=past, wake_at=past)
        Intent.objects.filter(pk=intent.pk).update(wake_at=past)
        if Step.objects.get(pk=intent.pk).attempt == 1:
            wake_due()


def test_a_result_or_the_deadline_ends_a_step_but_never_both(working, troupe: Troupe):
    sent = [send(working) for _ in range(WORK)]
    while hand_out(working.agent):
        pass

    for intent in sent:
        past = clock.now() - timedelta(seconds=1)
        Step.objects.filter(pk=intent.pk).update(deadline_at=past, wake_at=past)
        Intent.objects.filter(pk=intent.pk).update(wake_at=past)
        applied, _ = troupe.at_once(("result", {"step": str(intent.pk), "word": "x"}), ("sweep", {}))

        assert_sound(intent)
        assert intent.status == (Status.COMPLETED if applied else Status.TIMED_OUT)
        assert StepResult.objects.filter(step_id=intent.pk).exists() == applied
    assert Event.objects.filter(event_type__in=("intent.completed", "intent.timed_out")).count() == WORK
