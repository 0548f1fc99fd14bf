"""The stock `axme` client: heartbeats, stopping an agent, schemas, agents, accounts and keys."""

from __future__ import annotations

import threading

import pytest
from axme.exceptions import AxmeAuthError, AxmeHttpError, AxmeValidationError

from intents.models import AgentMetrics, Intent
from intents.services.mesh import recall_killed
from tests.live import eventually
from tests.stories.requests import chore

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PLACE = {"org_id": "acme", "workspace_id": "production"}
SCHEMA = {"type": "object", "properties": {"target": {"type": "string"}}, "required": ["target"]}


def test_heartbeat_and_reported_metrics_reach_the_list(sender, agent):
    assert agent.mesh.heartbeat()["ok"]
    agent.mesh.report_metric(success=True, latency_ms=40, cost_usd=0.25)
    agent.mesh.report_metric(success=False, latency_ms=60)

    agent.mesh.start_heartbeat(interval_seconds=0.1)
    eventually(lambda: AgentMetrics.objects.filter(intents_total=2).exists())
    agent.mesh.stop_heartbeat()

    (listed,) = sender.mesh.list_agents(health="healthy")["agents"]
    metrics = sender.mesh.get_agent(listed["address_id"])["agent"]["metrics"]
    assert (metrics["intents_failed"], metrics["avg_latency_ms"], metrics["cost_usd"]) == (1, 50.0, 0.25)


def test_killed_agent_stays_quiet_and_goes_on_when_it_is_resumed(sender, agent):
    """Its program neither fails nor stops: it listens on, and nothing comes until somebody resumes it."""
    got: list[str] = []
    enough = threading.Event()

    def listen() -> None:
        for frame in agent.listen("infra-validator", wait_seconds=1):
            got.append(frame["intent_id"])
            if len(got) == 1:
                enough.wait(10)
            agent.resume_intent(frame["intent_id"], {"done": True})
            if len(got) == 2:
                return

    first = sender.send_intent(chore())
    (row,) = sender.mesh.list_agents()["agents"]
    program = threading.Thread(target=listen, daemon=True)
    program.start()
    eventually(lambda: len(got) == 1)

    assert sender.mesh.kill(row["address_id"])["applied"]
    with pytest.raises(AxmeAuthError) as late:
        agent.resume_intent(first, {"done": "too late"})
    with pytest.raises(AxmeAuthError):
        agent.mesh.resume(row["address_id"])
    assert recall_killed() == 1
    assert sender.get_intent(first)["intent"]["waiting_reason"] == "WAITING_FOR_AGENT"
    second = sender.send_intent(chore())
    assert sender.mesh.resume(row["address_id"])["applied"]
    enough.set()
    program.join(20)

    assert late.value.body["error"]["code"] == "agent_killed"
    assert not program.is_alive()
    assert {sender.get_intent(intent_id)["status"] for intent_id in (first, second)} == {"COMPLETED"}
    assert [event["event_type"] for event in sender.mesh.list_events(limit=2)["events"]] == [
        "agent.resumed",
        "agent.killed",
    ]


def test_schema_is_upserted_read_and_enforced(sender):
    made = sender.upsert_schema(
        {"semantic_type": chore()["intent_type"], "schema_json": SCHEMA, "compatibility_mode": "strict"},
        idempotency_key="schema-1",
    )["schema"]

    assert sender.get_schema(chore()["intent_type"])["schema"]["schema_json"] == SCHEMA
    with pytest.raises(AxmeValidationError) as refused:
        sender.send_intent(chore(payload={"target": 7}))
    assert refused.value.status_code == 422
    assert refused.value.body["error"]["details"]["version"] == made["version"] == 1
    with pytest.raises(AxmeValidationError) as narrower:
        sender.upsert_schema(
            {"semantic_type": chore()["intent_type"], "schema_json": {"type": "object"}, "compatibility_mode": "warn"}
        )
    assert narrower.value.body["error"]["code"] == "schema_incompatible"
    assert Intent.objects.count() == 0


def test_agents_are_listed_and_found(sender):
    (listed,) = sender.list_agents(**PLACE)["agents"]

    assert sender.get_agent(listed["address"])["agent"] == listed
    with pytest.raises(AxmeHttpError) as unknown:
        sender.get_agent("agent://acme/production/nobody")
    assert unknown.value.status_code == 404


def test_account_and_keys_are_made_and_revoked(live, sender, connect):
    account = sender.create_service_account({**PLACE, "name": "release bot"})["service_account"]
    body = {"scopes": ["send"], "types": ["*"], "targets": ["agent://acme/production/*"]}

    key = sender.create_service_account_key(account["service_account_id"], body)["key"]
    program = connect(live.url, key["token"])
    sent = program.send_intent(chore())
    sender.revoke_service_account_key(account["service_account_id"], key["key_id"])

    assert sent
    with pytest.raises(AxmeAuthError):
        program.get_intent(sent)
