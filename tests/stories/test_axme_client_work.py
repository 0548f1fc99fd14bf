"""The stock `axme` client, unmodified but for its address and key: working, scenarios, deciding."""

from __future__ import annotations

from typing import Any

import pytest
from axme.exceptions import AxmeAuthError, AxmeValidationError

from intents.models import Agent, Intent
from tests.stories.requests import AGENT, change, chore, gate_id

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BUNDLE: dict[str, Any] = {
    "scenario_id": "infra.change-approval.v1",
    "agents": [{"role": "validator", "address": "new-validator", "create_if_missing": True}],
    "humans": [{"role": "sre", "display_name": "SRE"}],
    "workflow": {
        "steps": [
            {"step_id": "validate", "tool_id": "tool.agent.task.v1", "assigned_to": "validator"},
            {"step_id": "sign", "tool_id": "tool.approval.human_signoff", "assigned_to": "sre"},
        ]
    },
    "intent": {"type": "intent.infra.change.v1", "payload": {"target": "prod"}},
}


def test_listen_yields_work_and_resume_intent_completes_it(sender, agent):
    intent_id = sender.send_intent(chore())

    work = next(agent.listen(AGENT, wait_seconds=5, timeout_seconds=20))
    answer = agent.resume_intent(work["intent_id"], {"action": "complete", "checked": True})

    assert (work["intent_id"], work["status"], work["payload"]) == (intent_id, "DELIVERED", {"n": 1})
    assert answer["applied"] is True
    assert sender.wait_for(intent_id, timeout_seconds=10)["details"]["result"] == {"checked": True}


def test_listen_goes_on_with_the_next_work_when_the_last_is_done(sender, agent):
    sent = [sender.send_intent(chore()) for _ in range(5)]
    done = []

    for work in agent.listen("infra-validator", wait_seconds=5, timeout_seconds=20):
        agent.resume_intent(work["intent_id"], {})
        done.append(work["intent_id"])
        if len(done) == len(sent):
            break

    assert done == sent


@pytest.mark.parametrize("since", [0, 10_000])
def test_listen_yields_free_work_and_only_that_whatever_since_says(live, asking, sender, connect, since):
    held, free = (sender.send_intent(chore()) for _ in range(2))
    first, second = (connect(live.url, asking.work_secret) for _ in range(2))

    holding = next(first.listen(AGENT, timeout_seconds=10))
    taken = next(second.listen(AGENT, since=since, timeout_seconds=10))

    assert (holding["intent_id"], taken["intent_id"]) == (held, free)


def test_listen_raises_timeout_error_when_there_is_no_work(agent):
    with pytest.raises(TimeoutError):
        list(agent.listen(AGENT, wait_seconds=1, timeout_seconds=2))


def test_resume_intent_again_is_not_applied(sender, agent):
    intent_id = sender.send_intent(chore())
    agent.resume_intent(intent_id, {"n": 1})

    again = agent.resume_intent(intent_id, {"n": 2}, owner_agent="infra-validator")

    assert (again["applied"], again["reason"]) == (False, "step_ended")
    assert sender.wait_for(intent_id)["details"]["result"] == {"n": 1}


def test_resume_intent_of_a_sender_says_that_it_may_go_on_but_decides_nothing(sender):
    intent_id = sender.send_intent(chore())

    answer = sender.resume_intent(intent_id, {"approve_current_step": True, "reason": "go"})

    assert answer["applied"] is True
    assert answer["intent"]["status"] == "IN_PROGRESS"


def test_resolve_intent_ends_it_for_the_sender_when_nobody_was_asked(sender):
    intent_id = sender.send_intent(chore())

    answer = sender.resolve_intent(intent_id, {"status": "COMPLETED", "result": {"by": "hand"}})

    assert answer["completion_delivery"] == {"delivered": False, "reason": "reply_to_not_set"}
    assert sender.wait_for(intent_id)["details"]["result"] == {"by": "hand"}


def test_resolve_intent_only_cancels_when_people_are_asked(sender):
    intent_id = sender.send_intent(change())

    with pytest.raises(AxmeValidationError) as caught:
        sender.resolve_intent(intent_id, {"status": "COMPLETED", "result": {}})
    sender.resolve_intent(intent_id, {"status": "CANCELED", "reason": "not needed"})

    assert caught.value.status_code == 409
    assert caught.value.body["error"]["code"] == "gates_remain"
    assert sender.wait_for(intent_id)["details"]["reason"] == "withdrawn"


def test_apply_scenario_registers_its_agent_and_starts_its_intent(sender):
    applied = sender.apply_scenario(BUNDLE, idempotency_key="apply-1")
    again = sender.apply_scenario(BUNDLE, idempotency_key="apply-1")

    assert applied["intent_id"] == again["intent_id"]
    assert applied["agents_provisioned"] == ["agent://acme/production/new-validator"]
    assert sender.get_intent(applied["intent_id"])["intent"]["status"] == "SUBMITTED"


def test_validate_scenario_says_what_apply_would_say_and_leaves_no_trace(sender):
    good = sender.validate_scenario(BUNDLE)
    bad = sender.validate_scenario(BUNDLE | {"workflow": {"steps": [{"step_id": "x", "tool_id": "tool.unknown"}]}})

    assert (good["valid"], good["errors"]) == (True, [])
    assert bad["valid"] is False
    assert bad["errors"]
    assert not Intent.objects.exists()
    assert not Agent.objects.filter(name="new-validator").exists()


@pytest.mark.parametrize("name", ["actor_token", "bearer_token"])
def test_decide_approval_counts_when_a_persons_token_is_sent(live, asking, sender, connect, name):
    intent_id = sender.send_intent(change())
    bo = connect(live.url, asking.sender_secret, **{name: asking.tokens["bo"]})

    answer = bo.decide_approval(gate_id(intent_id), decision="approve", comment="fine", idempotency_key="bo-1")
    again = bo.decide_approval(gate_id(intent_id), decision="approve", comment="fine", idempotency_key="bo-1")

    assert answer == again
    assert answer["approval"]["decision"] == "approve"
    assert sender.wait_for(intent_id)["details"]["decided_by"] == ["bo@acme.example"]


def test_decide_approval_is_refused_when_only_a_key_is_sent(sender):
    intent_id = sender.send_intent(change())

    with pytest.raises(AxmeAuthError) as caught:
        sender.decide_approval(gate_id(intent_id), decision="approve")

    assert caught.value.status_code == 403


def test_the_second_to_decide_hears_who_was_first(live, asking, sender, ana, connect):
    intent_id = sender.send_intent(change())
    ana.decide_approval(gate_id(intent_id), decision="approve")
    bo = connect(live.url, asking.sender_secret, actor_token=asking.tokens["bo"])

    with pytest.raises(AxmeValidationError) as caught:
        bo.decide_approval(gate_id(intent_id), decision="reject")

    assert caught.value.status_code == 409
    assert caught.value.message.startswith("Ana Ruiz approved this at ")
