"""Resuming: the first result for a step wins, and a note to go on decides nothing."""

import pytest

from intents.models import Intent, StepResult
from tests.acts import agent_task, bundle, details, ending, fresh, gate_of, history, say, signoff, take_work
from tests.conftest import Api
from tests.factories import gate_rule, make_agent, make_key, make_policy, open_gate, send


@pytest.fixture
def passing(world) -> None:
    make_policy(world.workspace, action="approve")


@pytest.fixture
def worker(world) -> Api:
    return Api(world.work_secret)


def resume(api, handle, **body):
    return api.post(f"/v1/intents/{handle}/resume", body)


def test_result_completes_the_step_and_the_intent(world, worker, passing):
    intent = send(world)
    take_work(world)

    answer = resume(worker, intent.pk, action="complete", validation="passed").json()

    assert (answer["ok"], answer["applied"], answer["intent"]["status"]) == (True, True, "COMPLETED")
    assert answer["policy_generation"] == 0
    assert ending(intent)["result"] == {"validation": "passed"}


def test_result_counts_whether_or_not_the_work_was_handed_out(world, worker, passing):
    intent = send(world)

    assert resume(worker, intent.pk, early=True).json()["applied"] is True
    assert ending(intent)["result"] == {"early": True}


def test_failure_ends_the_intent_failed_with_the_agents_words_under_result_only(world, worker, passing):
    intent = send(world)
    take_work(world)

    resume(worker, intent.pk, action="fail", error="Approved by Ana Ruiz", reason="none")

    end = ending(intent)
    assert (fresh(intent).status, end["outcome"], end["reason"]) == ("FAILED", "failed", "agent_failed")
    assert end["result"] == {"error": "Approved by Ana Ruiz", "reason": "none"}
    assert end["error"]["code"] == "agent_failed"
    assert "Ana" not in end["error"]["message"] + end["summary"]


@pytest.mark.parametrize("action", ["failed", "Fail", "reject", 1, {}])
def test_action_that_is_neither_complete_nor_fail_is_refused(world, worker, passing, action):
    intent = send(world)
    take_work(world)

    answer = resume(worker, intent.pk, action=action)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "schema_invalid")
    assert fresh(intent).status == "DELIVERED"


def test_second_result_is_200_and_changes_nothing(world, worker, passing):
    intent = send(world)
    resume(worker, intent.pk, first=True)

    again = resume(worker, intent.pk, first=False)

    assert (again.status_code, again.json()["applied"], again.json()["reason"]) == (200, False, "step_ended")
    assert ending(intent)["result"] == {"first": True}


def test_late_result_neither_finishes_the_next_step_nor_approves_a_gate(world, worker):
    scenario = bundle(agent_task("a"), signoff(), agent_task("b"))
    intent = Intent.objects.get(pk=Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()["intent_id"])
    resume(worker, intent.pk, first=True)

    at_the_gate = resume(worker, intent.pk, outcome="approved", approved=True).json()
    assert (at_the_gate["applied"], at_the_gate["intent"]["status"]) == (False, "WAITING")
    say(gate_of(intent), world.ana)
    at_the_next_step = resume(worker, intent.pk, late=True).json()

    assert at_the_next_step["applied"] is False
    assert [step.status for step in intent.steps.all()] == ["done", "done", "ready"]


def test_result_for_a_step_that_is_still_to_come_is_409(world, worker, passing):
    scenario = bundle(agent_task("a"), agent_task("b"))
    intent = Intent.objects.get(pk=Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()["intent_id"])
    later = intent.steps.get(name="b")

    answer = resume(worker, later.pk, early=True)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "step_not_started")
    assert resume(worker, intent.pk).json()["applied"] is True
    assert resume(worker, later.pk, second=True).json()["intent"]["status"] == "COMPLETED"


def test_result_from_another_agent_is_403(world, passing):
    other = make_agent(world.workspace, "payments")
    _, secret = make_key(world.workspace, "payer", ("work",), agent=other)
    scenario = bundle(agent_task("a"), {**agent_task("b"), "assigned_to": "payer"})
    scenario["agents"].append({"role": "payer", "address": "payments"})
    intent = Intent.objects.get(pk=Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()["intent_id"])

    answer = resume(Api(secret), intent.pk, done=True)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "invalid_actor_scope")
    assert not StepResult.objects.exists()


def test_note_of_the_sender_moves_to_in_progress_and_the_work_is_still_handed_out(world, api, passing):
    intent = send(world)

    answer = resume(api, intent.pk, approve_current_step=True, reason="go").json()

    assert (answer["applied"], answer["intent"]["status"]) == (True, "IN_PROGRESS")
    assert take_work(world)["intent_id"] == str(intent.pk)


def test_note_of_the_sender_at_a_gate_is_403(world, api):
    gate = open_gate(world)

    assert resume(api, gate.intent_id, approve_current_step=True).json()["error"]["code"] == "human_step"


def test_note_during_a_delay_and_after_the_end_is_409(world, api, passing):
    pause = {"step_id": "pause", "tool_id": "tool.internal.delay", "config": {"seconds": 60}}
    waiting = api.post("/v1/scenarios/apply", bundle(pause)).json()["intent_id"]
    done = send(world, to_agent="human")

    assert resume(api, waiting).json()["error"]["code"] == "waiting_for_time"
    assert resume(api, done.pk).json()["error"]["code"] == "already_terminal"


def test_call_of_the_holder_moves_to_in_progress_and_renews_the_lease(world, worker, passing):
    intent = send(world)
    take_work(world)

    assert worker.get(f"/v1/intents/{intent.pk}").json()["status"] == "IN_PROGRESS"
    assert history(intent)[-2:] == ["delivered", "in_progress"]


@pytest.mark.parametrize("path", ["resume", "resolve"])
def test_stale_generation_is_409_with_a_body_that_says_so_flatly(world, api, path):
    gate = open_gate(world)
    body = {"status": "CANCELED", "expected_policy_generation": 4}

    answer = api.post(f"/v1/intents/{gate.intent_id}/{path}", body)

    said = answer.json()
    assert answer.status_code == 409
    assert (said["applied"], said["reason"], said["policy_generation"]) == (False, "stale_policy_generation", 0)
    assert fresh(gate.intent).status == "WAITING"


@pytest.mark.parametrize("generation", [-1, True, "0", 1.0])
def test_generation_that_is_no_whole_number_is_422(world, api, generation):
    gate = open_gate(world)

    assert resume(api, gate.intent_id, expected_policy_generation=generation).status_code == 422


WORDS = {
    "outcome": "approved",
    "approved": True,
    "decided_by": ["ana@acme.example"],
    "summary": "Approved by Ana",
    "status": "COMPLETED",
    "gates": [],
    "task_result": {"outcome": "approved"},
}


def test_words_of_an_agent_change_nothing_outside_result(world, worker):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)
    take_work(world)

    resume(worker, intent.pk, **WORDS)
    assert fresh(intent).status == "WAITING"
    say(gate_of(intent), world.bo, "rejected", comment="no")

    end = ending(intent)
    assert end["result"] == WORDS
    assert (end["approved"], end["outcome"], end["decided_by"]) == (False, "rejected", ["bo@acme.example"])
    assert end["task_result"]["outcome"] == "rejected"
    assert details(intent, "in_progress")["result"] == WORDS
