"""What goes wrong in systems of this kind, as far as one process can show it: each test is named after its case.

What concerns people and payloads is in test_edge_cases_spine_people.py.

Cases that need several processes, a real Redis or a real client are told elsewhere:

tests/races/test_deciders.py: two people approve in the same instant; approve and reject together; a real double click
tests/races/test_clock.py: a decision that waited for the lock past the deadline; overlapping sweeps; a wrong clock
tests/races/test_programs.py: a late result against the new attempt; the same idempotency key twice at once
tests/stories/test_wakeups.py, tests/notifications/test_wakeup.py: Redis flushed, hung or gone
tests/stories/test_worker.py, test_clock_and_outbox.py: two beats and several workers; a wrong clock of a server
tests/stories/test_axme_client.py: a decision made before the first `wait_for`; the 200th waiter on one key
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from approvals.models import Decision, Gate
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.services.take_back import take_back
from intents import clock as clocks
from intents.models import Event, Intent, Step
from intents.services.verify import chain_fits
from intents.sweeps import wake_due
from tests.acts import (
    agent_task,
    bundle,
    ending,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    history,
    say,
    signoff,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate, send

BOTH = [gate_rule("team:sre", place="before"), gate_rule("team:sre", place="after")]
YES = {"decision": "approve"}


def test_two_people_approve_one_after_the_other_on_a_1_of_n_gate_one_decides_and_the_other_sees_who(world):
    gate = open_gate(world)

    won, lost = say(gate, world.ana), say(gate, world.bo)

    assert (won.recorded, lost.recorded) == (True, False)
    assert "Ana Ruiz approved this" in lost.message
    assert [history(gate.intent).count(name) for name in ("decision_recorded", "gate_closed", "completed")] == [1, 1, 1]


@pytest.mark.parametrize("first", ["approved", "rejected"])
def test_approve_and_reject_end_in_exactly_one_state_in_the_order_of_the_history(world, first):
    gate = open_gate(world)
    second = "rejected" if first == "approved" else "approved"

    say(gate, world.ana, first)
    say(gate, world.bo, second)

    assert ending(gate.intent)["outcome"] == Gate.objects.get(pk=gate.pk).outcome == first
    assert Decision.objects.count() == 1


def test_same_person_double_clicks_one_vote_and_a_count_of_2_is_not_met(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)

    for _ in range(2):
        say(gate, world.ana)

    assert (Decision.objects.count(), fresh(gate.intent).status) == (1, "WAITING")


def test_same_person_double_clicks_and_the_second_gate_of_the_plan_stays_undecided(world):
    make_policy(world.workspace, action="require", gates=[gate_rule("team:sre", place="before")] * 2)
    first = open_gate(world, to_agent="infra-validator")
    ana = Api(token=world.tokens["ana"])

    answers = [ana.post(f"/v1/approvals/{first.pk}/decision", YES) for _ in range(2)]
    by_intent = ana.post(f"/v1/intents/{first.intent_id}/resume", {"task_result": {"outcome": "approved"}})

    assert [answer.json()["applied"] for answer in answers] == [True, False]
    assert by_intent.json()["error"]["code"] == "gate_id_required"
    assert not gate_of(first.intent).decisions.exists()


def test_leftover_timer_that_fires_after_a_decision_changes_nothing(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60})])
    with frozen_clock() as clock:
        gate = open_gate(world)
        say(gate, world.ana)
        before = history(gate.intent)
        Step.objects.update(wake_at=clocks.now())

        fast_forward(clock, 2 * 86400)

    assert history(gate.intent) == before


def test_decision_for_gate_a_never_satisfies_gate_b_of_the_same_intent(world):
    make_policy(world.workspace, gates=BOTH)
    first = open_gate(world, to_agent="infra-validator")
    say(first, world.ana)
    finish_work(world, first.intent)
    second = gate_of(first.intent)

    for answer in ("approved", "rejected"):
        assert not say(first, world.bo, answer).recorded

    assert second.is_open
    assert not second.decisions.exists()
    assert fresh(first.intent).status == "WAITING"


def test_decision_taken_back_before_the_count_lowers_it_and_after_the_end_is_refused(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    say(gate, world.ana)
    take_back(gate.pk, world.ana, via="web")
    say(gate, world.bo)
    assert gate_of(gate.intent).is_open

    say(gate, world.cy)

    assert take_back(gate.pk, world.cy, via="web").code == "gate_closed"
    assert ending(gate.intent)["approved"] is True


def test_late_result_of_a_redelivered_step_neither_finishes_the_next_nor_approves_a_gate(world):
    scenario = bundle(agent_task("a"), signoff(), agent_task("b"))
    with frozen_clock() as clock:
        intent_id = Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()["intent_id"]
        intent, worker = Intent.objects.get(pk=intent_id), Api(world.work_secret)
        take_work(world)
        fast_forward(clock, 601)
        take_work(world)
        worker.post(f"/v1/intents/{intent_id}/resume", {"by": "the second"})

        late = [
            worker.post(f"/v1/intents/{intent_id}/resume", {"approve_current_step": True, "outcome": "approved"}).json()
        ]
        say(gate_of(intent), world.ana)
        late.append(worker.post(f"/v1/intents/{intent_id}/resume", {"by": "the first"}).json())

    assert [answer["applied"] for answer in late] == [False, False]
    assert [step.status for step in intent.steps.all()] == ["done", "done", "ready"]


def test_decision_that_was_read_before_the_deadline_and_is_taken_up_after_it_is_refused(world):
    with frozen_clock() as clock:
        gate = open_gate(world)
        clock.move_to(gate.expires_at - timedelta(seconds=1))
        answer = Answer("approved", digest=gate.digest)
        clock.shift(1)

        assert decide(gate.pk, answer, world.ana, via="web", strength="signed_in").code == "expired"


def test_clock_that_runs_ahead_in_one_sweep_does_not_expire_a_gate_early(world):
    gate = open_gate(world)

    assert wake_due(clocks.now() + timedelta(days=2)) == 1

    assert gate_of(gate.intent).is_open
    assert fresh(gate.intent).wake_at == fresh(gate.intent).steps.get().wake_at


def test_clock_of_the_process_is_set_right_by_the_databases(db):
    try:
        with frozen_clock():
            offset = clocks.measure()
            assert (abs(offset) > timedelta(days=1)) == (connection.vendor == "postgresql")
    finally:
        clocks.measure()


def test_same_idempotency_key_and_body_get_the_same_answer_and_another_body_is_409(world):
    gate = open_gate(world)
    ana, path, key = Api(token=world.tokens["ana"]), f"/v1/approvals/{gate.pk}/decision", {"HTTP_IDEMPOTENCY_KEY": "k"}

    first, again, other = (ana.post(path, body, **key) for body in (YES, YES, {"decision": "reject"}))

    assert first.json() == again.json()
    assert (first.json()["applied"], other.status_code) == (True, 409)


def test_decision_made_before_the_first_wait_is_returned_at_once(world, api):
    gate = open_gate(world)
    say(gate, world.ana)

    events = api.get(f"/v1/intents/{gate.intent_id}/events").json()["events"]

    assert (events[-1]["status"], events[-1]["details"]["approved"]) == ("COMPLETED", True)


def test_step_that_becomes_free_late_with_an_older_time_is_not_lost_to_the_listeners_cursor(world):
    make_policy(world.workspace, action="approve")
    send(world)
    handed = take_work(world)
    late = send(world)
    Step.objects.filter(intent=late).update(started_at=clocks.now() - timedelta(hours=1))

    frame = take_work(world)

    assert frame["intent_id"] == str(late.pk)
    assert frame["seq"] > handed["seq"]


@pytest.mark.parametrize("when", ["open", "still to come"])
def test_resolve_completed_while_a_gate_is_open_or_still_to_come_is_409(world, api, when):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)
    if when == "open":
        finish_work(world, intent)

    answer = api.post(f"/v1/intents/{intent.pk}/resolve", {"status": "COMPLETED", "result": {}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "gates_remain")
    assert chain_fits(fresh(intent))
    assert not Event.objects.filter(intent=intent, status="COMPLETED").exists()
